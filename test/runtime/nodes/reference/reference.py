"""What scikit-learn and numpy answer, for the tests of detectors, combiners and transformers.

Writes reference.json beside itself; run with Python 3.11 and

    pip install scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
"""

import json
import pathlib
import sys

import numpy as np
from scipy.stats import median_abs_deviation
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[3] / "tools"))
from export_isolation_forest import export  # noqa: E402

wine = load_wine().data
train, queries = wine[:100, :5], wine[95:115, :5] * [1, 1.5, 1, 1, 0.5]


def mahalanobis():
    """Whitened principal components; the squared length of a row is its score."""
    return {
        str(k): (PCA(k, whiten=True, svd_solver="full").fit(train).transform(queries) ** 2)
        .sum(axis=1)
        .tolist()
        for k in (1, 2, 3, 5)
    }


def stream(max_n=None, start_clip=20, n_stdev=2.0, components=2):
    """Scores of batches of five, each judged by the clipped rows before it, weighted as they fade."""
    rows, weights, scores = np.empty((0, 5)), np.empty(0), []
    data = train.copy()
    data[40] *= 30  # an outlier that is clipped
    for batch in np.split(data, 20):
        if len(rows) == 0:
            scores.append([0.0] * len(batch))
        else:
            count = weights.sum()
            mean = weights @ rows / count
            covariance = (rows - mean).T @ np.diag(weights) @ (rows - mean) / (count - 1)
            values, vectors = np.linalg.eigh(covariance)
            along = (batch - mean) @ vectors[:, ::-1][:, :components]
            scores.append((along**2 / values[::-1][:components]).sum(axis=1).tolist())
            if count >= start_clip:
                reach = n_stdev * np.sqrt(np.diag(covariance))
                batch = np.clip(batch, mean - reach, mean + reach)
        rows, weights = np.vstack([rows, batch]), np.append(weights, np.ones(len(batch)))
        if max_n and weights.sum() > max_n:
            weights *= max_n / weights.sum()
    return {"rows": data.tolist(), "scores": scores}


def forests():
    answers = []
    for settings in (
        {"max_samples": 32},
        {"max_samples": 0.5, "max_features": 0.6, "contamination": 0.1, "bootstrap": True},
    ):
        forest = IsolationForest(n_estimators=10, random_state=7, **settings).fit(wine)
        probe = np.vstack([wine[::9], wine[:3] * 2, wine[:2] * -1])
        answers.append(
            {
                "model": export(forest),
                "rows": probe.tolist(),
                "score_samples": forest.score_samples(probe).tolist(),
                "decision_function": forest.decision_function(probe).tolist(),
                "predict": forest.predict(probe).tolist(),
            }
        )
    return answers


def columns():
    rng = np.random.default_rng(7)
    samples = [
        rng.normal(10, 3, 30),
        rng.normal(10, 3, 31),
        np.array([0.0] * 17 + [1, 2, 3, 40] + [0] * 10),
        rng.integers(0, 4, 50).astype(float),
    ]
    return [
        {
            "values": sample.tolist(),
            "median": float(np.median(sample)),
            "mad": float(median_abs_deviation(sample)),
            "mean_distance": float(np.abs(sample - np.median(sample)).mean()),
            "q1": float(np.quantile(sample, 0.25)),
            "q3": float(np.quantile(sample, 0.75)),
        }
        for sample in samples
    ]


def scalers():
    standard = StandardScaler().fit(train)
    answer = {
        "mean": standard.mean_.tolist(),
        "scale": standard.scale_.tolist(),
        "data_min": train.min(axis=0).tolist(),
        "data_max": train.max(axis=0).tolist(),
        "standard": standard.transform(queries).tolist(),
    }
    for name, settings in {
        "min_max": {},
        "min_max_ranged": {"feature_range": (-1, 2)},
        "min_max_clipped": {"clip": True},
    }.items():
        answer[name] = MinMaxScaler(**settings).fit(train).transform(queries).tolist()
    return answer


def one_hot():
    categories = [["blue", "green", "red"], ["no", "yes"], [1.0, 2.0]]
    rows = np.array([["red", "no", 1], ["blue", "yes", 2], ["pink", "yes", 1]], dtype=object)
    answer = {"categories": categories, "rows": rows.tolist()}
    for drop in (None, "first", "if_binary"):
        encoder = OneHotEncoder(
            categories=[np.array(one, dtype=object) for one in categories],
            drop=drop,
            handle_unknown="ignore",
            sparse_output=False,
        ).fit(np.array([["red", "no", 1], ["blue", "yes", 2]], dtype=object))
        answer[drop or "none"] = {
            "values": encoder.transform(rows).tolist(),
            "names": encoder.get_feature_names_out(["colour", "sure", "size"]).tolist(),
        }
    return answer


def votes():
    """Hard votes as VotingClassifier counts them."""
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 4, (3, 12, 3)).astype(float)
    weights = [2.0, 1.0, 1.5]
    chosen = scores.argmax(axis=2)
    count = lambda row, by: int(np.argmax(np.bincount(row, weights=by)))  # noqa: E731
    return {
        "scores": scores.tolist(),
        "weights": weights,
        "plain": [count(row, None) for row in chosen.T],
        "weighted": [count(row, weights) for row in chosen.T],
    }


reference = {
    "train": train.tolist(),
    "queries": queries.tolist(),
    "mahalanobis": mahalanobis(),
    "clipped": stream(),
    "fading": stream(max_n=30),
    "forests": forests(),
    "columns": columns(),
    "scalers": scalers(),
    "one_hot": one_hot(),
    "votes": votes(),
}
(here / "reference.json").write_text(json.dumps(reference, separators=(",", ":")) + "\n")
