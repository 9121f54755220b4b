"""Trains the two models of this folder on the handwritten digits that scikit-learn ships.

    pip install -r requirements.txt
    python train.py

Writes tree.json and forest.json (the models), visitors.json (digits that neither has seen, with
what they are) and request.json (a request to try).
"""

import json
import pathlib
import sys

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "tools"))
from export_model import save  # noqa: E402

SEED = 1
VISITORS = 600


def main():
    digits = load_digits()
    train_rows, rows, train_labels, labels = train_test_split(
        digits.data, digits.target, test_size=VISITORS, stratify=digits.target, random_state=SEED
    )
    models = {
        "tree": DecisionTreeClassifier(max_depth=8, random_state=SEED),
        "forest": RandomForestClassifier(n_estimators=8, max_depth=6, random_state=SEED),
    }
    accuracy = {}
    for name, model in models.items():
        model.fit(train_rows, train_labels)
        save(model, FOLDER / f"{name}.json")
        accuracy[name] = float(model.score(rows, labels))
        print(f"held-out accuracy of the {name}: {accuracy[name]:.4f}")

    # the pixels are whole numbers, 0 to 16
    lines = [json.dumps(row, separators=(",", ":")) for row in rows.astype(int).tolist()]
    (FOLDER / "visitors.json").write_text(
        '{\n "about": "digits no model has seen; made by train.py",\n'
        f' "accuracy": {json.dumps(accuracy)},\n'
        f' "labels": {json.dumps(labels.tolist(), separators=(",", ":"))},\n'
        ' "rows": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"
    )
    request = {"data": {"ndarray": rows[:1].astype(int).tolist()}}
    (FOLDER / "request.json").write_text(json.dumps(request) + "\n")


if __name__ == "__main__":
    main()
