"""Trains models with the libraries that are served, and writes them with what the libraries answer.

    python reference.py FOLDER [NAME...]

Writes NAME.json, NAME.txt or NAME.onnx, the model, and NAME.answers, JSON of rows `X`, the answers
`P`, the parameters of the node and a `kind` to group by. Without names all are written. The small
ones, `small-...`, are those of the folder fixtures.
"""

import json
import os
import sys
import warnings

import lightgbm
import numpy as np
import xgboost
from sklearn import datasets
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDClassifier,
    TweedieRegressor,
)
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tools"))
from export_model import save  # noqa: E402

warnings.filterwarnings("ignore")

IRIS = datasets.load_iris(return_X_y=True)
CANCER = datasets.load_breast_cancer(return_X_y=True)
DIABETES = datasets.load_diabetes(return_X_y=True, scaled=False)


def random(seed=0):
    return np.random.default_rng(seed)


def holes(X, share=0.1, seed=0):
    """The rows with some of the values missing."""
    X = X.copy()
    X[random(seed).random(X.shape) < share] = np.nan
    return X


def cell(value):
    if isinstance(value, (float, np.floating)) and np.isnan(value):
        return None
    return value.item() if hasattr(value, "item") else value


class Case:
    """A model to write: `make` answers (write, X, P, parameters)."""

    def __init__(self, kind, make):
        self.kind = kind
        self.make = make

    def write(self, folder, name):
        write, X, P, parameters = self.make()
        write(os.path.join(folder, name))
        rows = X if isinstance(X, list) else [[cell(value) for value in row] for row in np.asarray(X)]
        answers = {"kind": self.kind, "X": rows, "P": np.asarray(P).tolist(), "parameters": parameters}
        with open(os.path.join(folder, f"{name}.answers"), "w", encoding="utf-8") as file:
            json.dump(answers, file, separators=(",", ":"))
            file.write("\n")


def xgb(parameters, X, y, types=None, rounds=30, rows=None, names=None):
    def make():
        options = {"feature_types": types, "enable_categorical": types is not None}
        train = xgboost.DMatrix(X, label=y, feature_names=names, **options)
        if parameters["objective"].startswith("rank"):
            train.set_group([len(y)])
        booster = xgboost.train({"max_depth": 6, "seed": 1, **parameters}, train, rounds)
        asked = holes(X, 0.05, seed=1)[:rows]
        if types is not None:
            asked[:3, -1] = [100, -1, 3]  # categories that were not seen, and one that was
        answers = booster.predict(xgboost.DMatrix(asked, feature_names=names, **options))
        return (lambda path: booster.save_model(path + ".json")), asked, answers, {}

    return Case("XGBoost", make)


def lgb(parameters, X, y, categories=None, rounds=30, rows=None, names="auto"):
    def make():
        data = lightgbm.Dataset(X, y, categorical_feature=categories or "auto", feature_name=names)
        booster = lightgbm.train({"verbose": -1, "seed": 1, **parameters}, data, rounds)
        asked = holes(X, 0.05, seed=1)[:rows]
        if categories is not None:
            asked[:4, -1] = [100, -1, -0.5, 3]
        answers = booster.predict(asked)
        return (lambda path: booster.save_model(path + ".txt")), asked, answers, {}

    return Case("LightGBM", make)


def sk(model, data, asked=None, method=None, kind="scikit-learn", names=None):
    """Asked by what it answers if nothing is said, or by a method."""

    def make():
        X, y = data
        model.fit(X, y)
        rows = X if asked is None else asked
        default = "predict_proba" if hasattr(model, "predict_proba") else "predict"
        if isinstance(last(model), (LinearSVC,)) and method is None:
            default = "decision_function"
        answers = getattr(model, method or default)(rows)
        parameters = {} if method is None else {"method": method}
        return (lambda path: save(model, path + ".json", names)), rows, answers, parameters

    return Case(kind, make)


def last(model):
    return model.steps[-1][1] if hasattr(model, "steps") else model


def onnx(model, data, text=False):
    def make():
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import FloatTensorType

        X, y = data
        model.fit(X, y)
        X = X.astype(np.float32)
        takes = [("features", FloatTensorType([None, X.shape[1]]))]
        options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
        converted = convert_sklearn(model, initial_types=takes, options=options, target_opset=18)
        is_classifier = hasattr(model, "classes_")
        answers = model.predict_proba(X) if is_classifier else model.predict(X).reshape(-1, 1)
        parameters = {"output": "probabilities"} if is_classifier else {}

        def write(path):
            with open(path + ".onnx", "wb") as file:
                file.write(converted.SerializeToString())

        return write, X, answers, parameters

    return Case("ONNX", make)


def with_category(seed=0):
    """Iris with a column of 40 categories, some missing, and classes that depend on it."""
    X, y = IRIS
    column = random(seed).integers(0, 40, len(X)).astype(float)
    labels = (column % 3 == 0) * 1 + (y == 1)
    column[::7] = np.nan
    return np.c_[X, column], labels


def with_texts():
    """Iris with a column of words and one of small numbers."""
    X = np.empty((150, 6), dtype=object)
    X[:, :4] = IRIS[0]
    X[:, 4] = np.array(["red", "green", "blau"], dtype=object)[random().integers(0, 3, 150)]
    X[:, 5] = random(1).integers(0, 4, 150)
    return X, IRIS[1]


TEXTS = [
    "Hello world, hello Café!",
    "the cat sat on the mat",
    "ÜBER naïve façade 123 x",
    "你好 世界 hello",
    "a b c d e",
    "don't stop  believing\tnow",
    "",
    "हिन्दी में पाठ e\u0301a",
    "ΣΊΣΥΦΟΣ is greek",
    "Straße 42 under_score ²³ ½",
] * 3
TEXT_LABELS = np.array([0, 1, 0, 1, 2, 0, 1, 2, 1, 0] * 3)


def text(*steps):
    model = make_pipeline(*steps, LogisticRegression(C=100))
    asked = TEXTS[:10] + ["new words Hello  there mat"]
    return sk(model, (TEXTS, TEXT_LABELS), asked, kind="scikit-learn, texts")


def cases():
    every = {}
    iris_holes = (holes(IRIS[0]), IRIS[1])
    cancer_holes = (holes(CANCER[0]), CANCER[1])
    diabetes_holes = (holes(DIABETES[0]), DIABETES[1])

    every["small-xgboost"] = xgb(
        {"objective": "multi:softprob", "num_class": 3, "max_depth": 3},
        *iris_holes, rounds=4, rows=30, names=["sl", "sw", "pl", "pw"],
    )
    every["small-xgboost-category"] = xgb(
        {"objective": "multi:softprob", "num_class": 3, "max_cat_to_onehot": 1, "max_depth": 3},
        *with_category(), types=["q"] * 4 + ["c"], rounds=3, rows=30,
    )
    every["small-xgboost-dart"] = xgb(
        {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.3, "max_depth": 2},
        *cancer_holes, rounds=6, rows=20,
    )
    every["small-lightgbm"] = lgb(
        {"objective": "multiclass", "num_class": 3, "num_leaves": 5},
        *iris_holes, rounds=4, rows=30, names=["sl", "sw", "pl", "pw"],
    )
    category = {"min_data_per_group": 1, "cat_smooth": 0, "max_cat_to_onehot": 1}
    every["small-lightgbm-category"] = lgb(
        {"objective": "multiclass", "num_class": 3, "num_leaves": 5, **category},
        *with_category(), categories=[4], rounds=3, rows=30,
    )
    every["small-lightgbm-zero"] = lgb(
        {"objective": "binary", "zero_as_missing": True, "num_leaves": 5},
        np.where(random(2).random(CANCER[0].shape) < 0.1, 0, cancer_holes[0]), CANCER[1], rounds=4, rows=20,
    )
    every["small-forest"] = sk(
        RandomForestClassifier(5, max_depth=3, random_state=0), iris_holes, iris_holes[0][:30]
    )
    every["small-boosting"] = sk(
        HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=5, random_state=0),
        iris_holes, iris_holes[0][:30],
    )
    columns = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(), StandardScaler()), slice(0, 2)),
            ("c", OneHotEncoder(handle_unknown="ignore"), [4]),
            ("o", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), [5]),
        ],
        remainder="passthrough",
    )
    X, y = with_texts()
    every["small-columns"] = sk(make_pipeline(columns, LogisticRegression(max_iter=500)), (X, y), X[:30])
    every["small-texts"] = text(TfidfVectorizer(ngram_range=(1, 2), stop_words=["the"]))
    every["small-onnx"] = onnx(LogisticRegression(max_iter=1000), IRIS)

    multi = {"objective": "multi:softprob", "num_class": 3}
    for name, parameters, data in [
        ("binary", {"objective": "binary:logistic"}, cancer_holes),
        ("raw", {"objective": "binary:logitraw"}, cancer_holes),
        ("hinge", {"objective": "binary:hinge"}, cancer_holes),
        ("softprob", multi, iris_holes),
        ("softmax", {"objective": "multi:softmax", "num_class": 3}, iris_holes),
        ("squared", {"objective": "reg:squarederror"}, diabetes_holes),
        ("absolute", {"objective": "reg:absoluteerror"}, diabetes_holes),
        ("huber", {"objective": "reg:pseudohubererror"}, diabetes_holes),
        ("squaredlog", {"objective": "reg:squaredlogerror"}, diabetes_holes),
        ("gamma", {"objective": "reg:gamma"}, diabetes_holes),
        ("tweedie", {"objective": "reg:tweedie"}, diabetes_holes),
        ("poisson", {"objective": "count:poisson"}, diabetes_holes),
        ("cox", {"objective": "survival:cox"}, diabetes_holes),
        ("logistic", {"objective": "reg:logistic"}, (diabetes_holes[0], DIABETES[1] / 400)),
        ("quantile", {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}, diabetes_holes),
        ("rank", {"objective": "rank:ndcg"}, iris_holes),
        ("dart", {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.3}, cancer_holes),
        ("dart-squared", {"objective": "reg:squarederror", "booster": "dart", "rate_drop": 0.3}, diabetes_holes),
        ("forest", {"objective": "binary:logistic", "num_parallel_tree": 5, "subsample": 0.7}, cancer_holes),
    ]:
        every[f"xgboost-{name}"] = xgb(parameters, *data)
    two_targets = np.c_[DIABETES[1], DIABETES[0][:, 5]]
    every["xgboost-targets"] = xgb({"objective": "reg:squarederror"}, diabetes_holes[0][:, :5], two_targets)
    for name, most in [("sets", 1), ("onehot", 100)]:
        types = ["q"] * 4 + ["c"]
        every[f"xgboost-{name}"] = xgb({**multi, "max_cat_to_onehot": most}, *with_category(), types=types)

    zeros = np.where(random(2).random(CANCER[0].shape) < 0.1, 0, cancer_holes[0])
    for name, parameters, data in [
        ("binary", {"objective": "binary"}, cancer_holes),
        ("sigmoid", {"objective": "binary", "sigmoid": 2.5}, cancer_holes),
        ("zero", {"objective": "binary", "zero_as_missing": True}, (zeros, CANCER[1])),
        ("none-missing", {"objective": "binary", "use_missing": False}, CANCER),
        ("multiclass", {"objective": "multiclass", "num_class": 3}, iris_holes),
        ("ova", {"objective": "multiclassova", "num_class": 3}, iris_holes),
        ("l2", {"objective": "regression"}, diabetes_holes),
        ("sqrt", {"objective": "regression", "reg_sqrt": True}, diabetes_holes),
        ("l1", {"objective": "regression_l1"}, diabetes_holes),
        ("poisson", {"objective": "poisson"}, diabetes_holes),
        ("gamma", {"objective": "gamma"}, diabetes_holes),
        ("tweedie", {"objective": "tweedie"}, diabetes_holes),
        ("quantile", {"objective": "quantile", "alpha": 0.7}, diabetes_holes),
        ("entropy", {"objective": "cross_entropy"}, (diabetes_holes[0], DIABETES[1] / 400)),
        ("lambda", {"objective": "cross_entropy_lambda"}, (diabetes_holes[0], DIABETES[1] / 400)),
        ("forest", {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}, cancer_holes),
        ("dart", {"objective": "binary", "boosting": "dart"}, cancer_holes),
        ("stump", {"objective": "binary", "min_data_in_leaf": 1000}, cancer_holes),
    ]:
        every[f"lightgbm-{name}"] = lgb(parameters, *data)
    every["lightgbm-sets"] = lgb(
        {"objective": "multiclass", "num_class": 3, **category}, *with_category(), categories=[4]
    )

    for name, data in [("iris", IRIS), ("cancer", CANCER)]:
        missing = (holes(data[0]), data[1])
        named = (data[0], np.array(["a", "b", "c"])[data[1]])
        scaled = (StandardScaler().fit_transform(data[0]), data[1])
        for label, case in {
            "logistic": sk(LogisticRegression(max_iter=3000), data),
            "logistic-label": sk(LogisticRegression(max_iter=3000), named, method="predict"),
            "svc": sk(LinearSVC(), data),
            "svc-label": sk(LinearSVC(), data, method="predict"),
            "sgd": sk(SGDClassifier(loss="log_loss", random_state=0), scaled),
            "bayes": sk(MultinomialNB(), data),
            "tree": sk(DecisionTreeClassifier(random_state=0, max_depth=3), data),
            "tree-missing": sk(DecisionTreeClassifier(random_state=0), missing),
            "forest": sk(RandomForestClassifier(30, random_state=0), missing),
            "forest-label": sk(RandomForestClassifier(30, random_state=0), data, method="predict"),
            "extra": sk(ExtraTreesClassifier(30, random_state=0), data),
            "boosting": sk(GradientBoostingClassifier(n_estimators=30, random_state=0), data),
            "boosting-sums": sk(GradientBoostingClassifier(n_estimators=30), data, method="decision_function"),
            "histogram": sk(HistGradientBoostingClassifier(max_iter=30, random_state=0), missing),
            "pca": sk(make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), PCA(3, whiten=True), LogisticRegression()), missing),
            "select": sk(make_pipeline(MinMaxScaler(clip=True), SelectKBest(k=3), Normalizer(), RandomForestClassifier(20, random_state=0)), data, data[0] * 1.2),
            "nested": sk(make_pipeline(RobustScaler(), make_pipeline(MaxAbsScaler(), GradientBoostingClassifier(n_estimators=20))), data),
            "union": sk(make_pipeline(make_union(StandardScaler(), PCA(2)), LogisticRegression()), data),
        }.items():
            every[f"sklearn-{label}-{name}"] = case
    every["sklearn-exponential"] = sk(GradientBoostingClassifier(n_estimators=20, loss="exponential"), CANCER)
    for name, model in {
        "linear": LinearRegression(),
        "ridge": Ridge(),
        "lasso": Lasso(),
        "elastic": ElasticNet(),
        "huber": HuberRegressor(),
        "poisson": PoissonRegressor(max_iter=500),
        "gamma": GammaRegressor(),
        "tweedie": TweedieRegressor(power=1.5),
        "tree": DecisionTreeRegressor(random_state=0),
        "forest": RandomForestRegressor(30, random_state=0),
        "extra": ExtraTreesRegressor(30, random_state=0),
        "boosting": GradientBoostingRegressor(n_estimators=40, random_state=0),
        "histogram": HistGradientBoostingRegressor(max_iter=30, random_state=0),
        "histogram-poisson": HistGradientBoostingRegressor(max_iter=30, loss="poisson"),
        "svd": make_pipeline(TruncatedSVD(3), Ridge()),
        "binarizer": make_pipeline(Binarizer(threshold=50), Ridge()),
    }.items():
        every[f"sklearn-regressor-{name}"] = sk(model, DIABETES)
    dropping = ColumnTransformer(
        [("n", StandardScaler(), [0, 1]), ("c", OneHotEncoder(drop="first"), [4, 5])]
    )
    every["sklearn-columns"] = sk(make_pipeline(dropping, RandomForestClassifier(10)), with_texts())

    for name, steps in {
        "tfidf": [TfidfVectorizer()],
        "ngrams": [TfidfVectorizer(ngram_range=(1, 3), sublinear_tf=True, strip_accents="unicode", stop_words="english")],
        "ascii": [TfidfVectorizer(strip_accents="ascii", norm="l1")],
        "binary": [CountVectorizer(binary=True, lowercase=False)],
        "single": [CountVectorizer(token_pattern=r"(?u)\b\w+\b")],
        "characters": [TfidfVectorizer(analyzer="char", ngram_range=(1, 3))],
        "within-words": [TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5))],
        "plain": [TfidfVectorizer(use_idf=False, norm=None)],
        "two-steps": [CountVectorizer(), TfidfTransformer()],
        "union": [make_union(TfidfVectorizer(), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)))],
        "svd": [TfidfVectorizer(), TruncatedSVD(3)],
    }.items():
        every[f"texts-{name}"] = text(*steps)

    every["onnx-forest"] = onnx(RandomForestClassifier(20, random_state=0), IRIS)
    every["onnx-boosting"] = onnx(GradientBoostingClassifier(n_estimators=20, random_state=0), CANCER)
    every["onnx-linear"] = onnx(Ridge(), DIABETES)
    return every


def main():
    folder, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    every = cases()
    for name in names or every:
        every[name].write(folder, name)
    print(f"wrote {len(names or every)} models")


if __name__ == "__main__":
    main()
