"""Trains the model and the detector of this folder on the breast cancer data that scikit-learn ships.

    pip install -r requirements.txt
    python train.py

Writes model.json (the classifier), detector.json (an isolation forest), heldout.json (rows that
neither has seen, with what scikit-learn says about them) and request.json (a request to try).
"""

import json
import pathlib
import sys

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "tools"))
from export_isolation_forest import export  # noqa: E402
from export_model import save  # noqa: E402

SEED = 0
HELD_OUT = 0.4
TREES = 50
SAMPLES = 128  # rows that each tree is grown on
ORDINARY = 0.97  # share of the training rows that are no outliers


def in_tenths(rows, names):
    """The same cells, with all lengths in a unit ten times as small, as somebody might send them."""
    rows = rows.copy()
    for i, name in enumerate(names):
        if "area" in name:
            rows[:, i] *= 100
        elif "radius" in name or "perimeter" in name:
            rows[:, i] *= 10
    return rows


def main():
    data = load_breast_cancer()
    names = [str(name) for name in data.feature_names]
    labels = [str(data.target_names[label]) for label in data.target]
    train_rows, rows, train_labels, labels = train_test_split(
        data.data, labels, test_size=HELD_OUT, stratify=labels, random_state=SEED
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(train_rows, train_labels)
    save(model, FOLDER / "model.json", feature_names=names)
    detector = IsolationForest(
        n_estimators=TREES, max_samples=SAMPLES, contamination=1 - ORDINARY, random_state=SEED
    )
    detector.fit(train_rows)
    text = json.dumps(export(detector), separators=(",", ":"))
    (FOLDER / "detector.json").write_text(text + "\n")

    wrong = in_tenths(rows, names)
    print(f"held-out accuracy of the model: {model.score(rows, labels):.4f}")
    print(f"the same rows in another unit: {model.score(wrong, labels):.4f}")
    for name, each in (("held-out rows", rows), ("in another unit", wrong)):
        found = int((detector.predict(each) == -1).sum())
        print(f"{name}: {found} of {len(each)} are outliers")

    lines = [
        json.dumps({"row": row.tolist(), "label": label, "probabilities": said.tolist(), "score": float(score)})
        for row, label, said, score in zip(
            rows, labels, model.predict_proba(rows), -detector.score_samples(rows)
        )
    ]
    (FOLDER / "heldout.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    request = {"data": {"names": names, "ndarray": [rows[0].tolist(), wrong[0].tolist()]}}
    (FOLDER / "request.json").write_text(json.dumps(request) + "\n")


if __name__ == "__main__":
    main()
