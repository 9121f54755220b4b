"""Writes a trained scikit-learn IsolationForest as JSON for an ISOLATION_FOREST_DETECTOR.

    python tools/export_isolation_forest.py forest.joblib forest.json

The first file is one that joblib or pickle wrote; loading it runs code in it, so take it from
nobody whom you do not trust. In Python: `json.dump(export(forest), file)`.

Written against scikit-learn 1.9; what it reads is the same since 0.24.
"""

import json
import sys

FORMAT = "espalier/isolation-forest/1"


def export(forest) -> dict:
    """The forest as plain lists and numbers, its columns those of the data it was fitted on."""
    return {
        "format": FORMAT,
        "n_features": int(forest.n_features_in_),
        "max_samples": int(forest.max_samples_),
        # scikit-learn's scores are those of the paper with the sign turned.
        "threshold": float(-forest.offset_),
        "trees": [
            _tree(tree.tree_, columns)
            for tree, columns in zip(forest.estimators_, forest.estimators_features_)
        ],
    }


def _tree(tree, columns) -> dict:
    leaves = tree.children_left == -1
    return {
        # Each tree may have been grown on some of the columns, under numbers of its own.
        "feature": [-1 if leaf else int(columns[i]) for leaf, i in zip(leaves, tree.feature)],
        "threshold": [0.0 if leaf else float(t) for leaf, t in zip(leaves, tree.threshold)],
        "left": [int(child) for child in tree.children_left],
        "right": [int(child) for child in tree.children_right],
        "samples": [int(count) for count in tree.n_node_samples],
    }


def main(arguments) -> int:
    if len(arguments) != 2:
        print(__doc__.split("\n\n")[1].strip(), file=sys.stderr)
        return 2
    import joblib

    source, target = arguments
    forest = joblib.load(source)
    if not hasattr(forest, "estimators_features_") or not hasattr(forest, "offset_"):
        print(f"{source} holds {type(forest).__name__}, not a fitted IsolationForest", file=sys.stderr)
        return 1
    with open(target, "w", encoding="utf-8") as file:
        json.dump(export(forest), file, separators=(",", ":"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
