"""Trains the models of this folder on the wine recognition data that scikit-learn ships.

    pip install -r requirements.txt
    python train.py

Writes scaler.json, softmax.json and forest.json (the models, as plain numbers), heldout.json (rows
that no model has seen, with what scikit-learn says about them) and request.json (a request to try).
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

SEED = 0
HELD_OUT = 0.4
SOFTMAX_WEIGHT = 0.5  # of the ensemble; the forest has the rest
FOLDER = pathlib.Path(__file__).parent
CLASSES = ["cultivar_0", "cultivar_1", "cultivar_2"]


def about(model, accuracy=None):
    note = {
        "model": model,
        "data": "Wine recognition data, UCI Machine Learning Repository, as shipped by scikit-learn (load_wine)",
        "training": f"python train.py (seed {SEED}, {HELD_OUT:.0%} of the rows held out)",
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    }
    return note if accuracy is None else {**note, "heldOutAccuracy": accuracy}


def write(name, fields):
    """Writes one field a line; a list of lists or of objects, one entry a line."""
    lines = []
    for key, value in fields.items():
        text = json.dumps(value)
        if isinstance(value, list) and value and isinstance(value[0], (list, dict)):
            text = "[\n" + ",\n".join("  " + json.dumps(entry) for entry in value) + "\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    (FOLDER / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def tree_nodes(tree):
    """The nodes of a tree: a question with two ways to go on, or a leaf with its probabilities."""
    tree = tree.tree_
    return [
        {"leaf": tree.value[i, 0].tolist()}
        if tree.children_left[i] < 0
        else {
            "feature": int(tree.feature[i]),
            "threshold": float(tree.threshold[i]),
            "left": int(tree.children_left[i]),
            "right": int(tree.children_right[i]),
        }
        for i in range(tree.node_count)
    ]


def main():
    wine = load_wine()
    names = [str(name) for name in wine.feature_names]
    train_rows, test_rows, train_labels, test_labels = train_test_split(
        wine.data, wine.target, test_size=HELD_OUT, stratify=wine.target, random_state=SEED
    )

    scaler = StandardScaler().fit(train_rows)
    scaled = scaler.transform(train_rows)
    softmax = LogisticRegression(max_iter=1000).fit(scaled, train_labels)
    forest = RandomForestClassifier(n_estimators=20, max_depth=3, random_state=SEED)
    forest.fit(scaled, train_labels)

    test_scaled = scaler.transform(test_rows)
    probabilities = {
        "softmax": softmax.predict_proba(test_scaled),
        "forest": forest.predict_proba(test_scaled),
    }
    probabilities["ensemble"] = (
        SOFTMAX_WEIGHT * probabilities["softmax"] + (1 - SOFTMAX_WEIGHT) * probabilities["forest"]
    )
    accuracy = {
        name: float(accuracy_score(test_labels, each.argmax(axis=1)))
        for name, each in probabilities.items()
    }

    write("scaler.json", {
        "about": about("standard scaler: (value - mean) / scale, column by column"),
        "columns": [
            {"name": name, "mean": float(mean), "scale": float(scale)}
            for name, mean, scale in zip(names, scaler.mean_, scaler.scale_)
        ],
    })
    write("softmax.json", {
        "about": about("multinomial logistic regression", accuracy["softmax"]),
        "classes": [
            {"name": name, "intercept": float(intercept), "coefficients": coefficients.tolist()}
            for name, intercept, coefficients in zip(CLASSES, softmax.intercept_, softmax.coef_)
        ],
    })
    write("forest.json", {
        "about": about(f"random forest of {len(forest.estimators_)} trees", accuracy["forest"]),
        "classes": CLASSES,
        "trees": [tree_nodes(tree) for tree in forest.estimators_],
    })
    write("heldout.json", {
        "about": about("rows no model has seen, with scikit-learn's own probabilities"),
        "softmaxWeight": SOFTMAX_WEIGHT,
        "accuracy": accuracy,
        "names": names,
        "rows": test_rows.tolist(),
        "labels": test_labels.tolist(),
        **{name: each.tolist() for name, each in probabilities.items()},
    })
    request = {"data": {"names": names, "ndarray": test_rows[:2].tolist()}}
    (FOLDER / "request.json").write_text(json.dumps(request) + "\n")

    print(f"{len(train_rows)} rows to learn from, {len(test_rows)} held out")
    for name, value in accuracy.items():
        print(f"held-out accuracy of the {name}: {value:.4f}")


if __name__ == "__main__":
    main()
