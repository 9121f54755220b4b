#!/usr/bin/env python3
"""Writes a fitted scikit-learn model or pipeline as JSON that `espalier serve` answers exactly.

    python export_model.py model.joblib model.json

or, where the model is:

    from export_model import save
    save(pipeline, "model.json", feature_names=["age", "income"])

A model that cannot be written is a ModelNotExportable, which names the part; docs/models.md lists
what can be. Loading a joblib or pickle file runs the code in it: export your own files only.

Needs scikit-learn 1.3 or later, tested with 1.9; nothing else.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import unicodedata

import numpy as np
import sklearn

FORMAT = 1


class ModelNotExportable(Exception):
    """Why a model, or a part of it, has no form in the file."""


def save(model, path, feature_names=None):
    """Writes `model` to `path`; `feature_names` are those of its columns, if it does not know them."""
    document = export(model, feature_names)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


def export(model, feature_names=None):
    """The document of a fitted model: an estimator, or a pipeline that ends in one."""
    steps, final = _unrolled(model)
    form = _input_of(model, steps, feature_names)
    written = []
    for step in steps:
        written.extend(_step(step))
    body, classes = _final(final)
    document = {
        "espalier": FORMAT,
        "made_by": f"scikit-learn {sklearn.__version__}",
        "input": form,
        "steps": written,
        "model": body,
    }
    if classes is not None:
        document["classes"] = [_plain(label) for label in classes]
    return document


# Pipelines and what goes into them


def _name(estimator):
    return type(estimator).__name__


def _refuse(estimator, why):
    raise ModelNotExportable(f"{_name(estimator)}: {why}")


def _unrolled(model):
    """The transformers of a pipeline, nested ones too, and its last step."""
    if _name(model) != "Pipeline":
        return [], model
    *before, (_, last) = model.steps
    steps = [part for _, step in before for part in _parts(step)]
    inner, final = _unrolled(last)
    return steps + inner, final


def _parts(step):
    if step is None or isinstance(step, str) and step == "passthrough":
        return []
    if _name(step) == "Pipeline":
        return [part for _, inner in step.steps for part in _parts(inner)]
    if _name(step) == "FunctionTransformer" and step.func is None:
        return []
    return [step]


TEXT_STEPS = ("CountVectorizer", "TfidfVectorizer")


def _reads_text(step):
    """Whether it takes texts, and not rows."""
    if _name(step) == "FeatureUnion":
        firsts = [part for _, t in step.transformer_list if t != "drop" for part in _parts(t)[:1]]
        return bool(firsts) and all(_reads_text(part) for part in firsts)
    return _name(step) in TEXT_STEPS


def _input_of(model, steps, feature_names):
    first = steps[0] if steps else None
    if first is not None and _reads_text(first):
        return {"kind": "texts"}
    names = feature_names if feature_names is not None else getattr(model, "feature_names_in_", None)
    columns = getattr(model, "n_features_in_", None)
    if columns is None:
        columns = len(names) if names is not None else None
    if columns is None:
        _refuse(model, "does not say how many columns it takes; fit it first")
    form = {"kind": "cells" if _takes_texts(first) else "numbers", "columns": int(columns)}
    if names is not None:
        if len(names) != columns:
            raise ModelNotExportable(f"there are {len(names)} feature names for {columns} columns")
        form["names"] = [str(name) for name in names]
    return form


def _takes_texts(step):
    """Whether a column of the input may hold texts."""
    name = None if step is None else _name(step)
    if name in ("OneHotEncoder", "OrdinalEncoder"):
        return any(categories.dtype.kind in "OUS" for categories in step.categories_)
    if name == "ColumnTransformer":
        return any(
            _takes_texts(part) or _name(part) in TEXT_STEPS
            for _, transformer, _ in step.transformers_
            for part in _parts(transformer if transformer != "drop" else None)[:1]
        )
    if name == "FeatureUnion":
        return any(_takes_texts(part) for _, t in step.transformer_list for part in _parts(t)[:1])
    return False


# Steps


def _step(step):
    writer = STEPS.get(_name(step))
    if writer is None:
        _refuse(step, f"has no form in the file; known steps are {', '.join(STEPS)}")
    written = writer(step)
    return written if isinstance(written, list) else [written]


def _standard_scaler(step):
    return {
        "kind": "standardize",
        "center": _list(step.mean_) if step.with_mean else None,
        "scale": _list(step.scale_) if step.with_std else None,
    }


def _robust_scaler(step):
    return {
        "kind": "standardize",
        "center": _list(step.center_) if step.with_centering else None,
        "scale": _list(step.scale_) if step.with_scaling else None,
    }


def _max_abs_scaler(step):
    if getattr(step, "clip", False):
        _refuse(step, "clip=True is not known")
    return {"kind": "standardize", "center": None, "scale": _list(step.scale_)}


def _min_max_scaler(step):
    return {
        "kind": "min_max",
        "scale": _list(step.scale_),
        "offset": _list(step.min_),
        "range": [float(each) for each in step.feature_range] if step.clip else None,
    }


def _normalizer(step):
    return {"kind": "normalize", "norm": step.norm}


def _binarizer(step):
    return {"kind": "binarize", "threshold": float(step.threshold)}


def _simple_imputer(step):
    if step.add_indicator:
        _refuse(step, "add_indicator=True is not known")
    if step.statistics_.dtype.kind not in "fiu":
        _refuse(step, "fills in texts; only numbers are known")
    if np.isnan(step.statistics_).any():
        _refuse(step, "drops a column that had no value at all; leave that column out")
    missing = step.missing_values
    return {
        "kind": "impute",
        "fill": _list(step.statistics_),
        "missing": None if _is_nan(missing) else float(missing),
    }


def _select(step):
    return {"kind": "select", "columns": [int(i) for i in step.get_support(indices=True)]}


def _pca(step):
    scale = np.sqrt(step.explained_variance_) if step.whiten else None
    if scale is not None:
        scale = np.maximum(scale, np.finfo(scale.dtype).eps)
    return {
        "kind": "project",
        "components": _rows(step.components_),
        "mean": _list(step.mean_),
        "scale": None if scale is None else _list(scale),
    }


def _truncated_svd(step):
    return {"kind": "project", "components": _rows(step.components_), "mean": None, "scale": None}


def _one_hot_encoder(step):
    if getattr(step, "_infrequent_enabled", False):
        _refuse(step, "infrequent categories are not known; leave out min_frequency, max_categories")
    unknown = "error" if step.handle_unknown == "error" else "ignore"
    drop = None
    if step.drop_idx_ is not None:
        drop = [None if i is None else int(i) for i in step.drop_idx_]
    return {
        "kind": "one_hot",
        "categories": [_categories(each) for each in step.categories_],
        "unknown": unknown,
        "drop": drop,
    }


def _ordinal_encoder(step):
    if getattr(step, "_infrequent_enabled", False):
        _refuse(step, "infrequent categories are not known; leave out min_frequency, max_categories")
    uses_value = step.handle_unknown == "use_encoded_value"
    return {
        "kind": "ordinal",
        "categories": [_categories(each) for each in step.categories_],
        "unknown_value": _number(step.unknown_value) if uses_value else None,
        "missing_value": _number(step.encoded_missing_value),
    }


def _categories(values):
    """Missing values are null."""
    return [None if value is None or _is_nan(value) else _plain(value) for value in values]


def _column_transformer(step):
    parts = []
    names = list(getattr(step, "feature_names_in_", []))
    for label, transformer, columns in step.transformers_:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        indices = _indices(step, label, columns, names)
        if len(indices) == 0:
            continue
        is_one_text = isinstance(columns, str)
        parts.append(_part(transformer, indices, is_one_text))
    return {"kind": "columns", "parts": parts}


def _indices(step, label, columns, names):
    width = step.n_features_in_
    if isinstance(columns, str):
        return [names.index(columns)]
    if isinstance(columns, (int, np.integer)):
        return [int(columns) % width]
    if isinstance(columns, slice):
        if isinstance(columns.start, str) or isinstance(columns.stop, str):
            _refuse(step, f"{label} names its columns by a slice of names; list them")
        return list(range(width))[columns]
    listed = list(columns)
    if listed and isinstance(listed[0], (bool, np.bool_)):
        return [i for i, is_taken in enumerate(listed) if is_taken]
    return [names.index(each) if isinstance(each, str) else int(each) % width for each in listed]


def _part(transformer, indices, is_one_text=False):
    steps = _parts(transformer)
    first = steps[0] if steps else None
    if first is not None and _name(first) in TEXT_STEPS:
        form = "texts"
    else:
        form = "cells" if _takes_texts(first) else "numbers"
    if is_one_text and form != "texts":
        _refuse(transformer, "takes a single column by its bare name; write the name in a list")
    written = [each for step in steps for each in _step(step)]
    return {"columns": indices, "as": form, "steps": written}


def _feature_union(step):
    if step.transformer_weights:
        _refuse(step, "transformer_weights are not known")
    parts = []
    for _, transformer in step.transformer_list:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        width = 1 if _reads_text(step) else step.n_features_in_
        parts.append(_part(transformer, list(range(width))))
    return {"kind": "columns", "parts": parts}


# Texts

WORD_PATTERNS = {r"(?u)\b\w\w+\b": "words_of_two", r"(?u)\b\w+\b": "words"}


def _count_vectorizer(step):
    if step.preprocessor is not None or step.tokenizer is not None or callable(step.analyzer):
        _refuse(step, "a preprocessor, tokenizer or analyzer of one's own is code, and cannot be written")
    if step.analyzer == "word" and step.token_pattern not in WORD_PATTERNS:
        known = ", ".join(WORD_PATTERNS)
        _refuse(step, f"token_pattern {step.token_pattern!r} is not known; known are {known}")
    vocabulary = sorted(step.vocabulary_, key=step.vocabulary_.get)
    stop_words = step.get_stop_words()
    return {
        "kind": "count",
        "analyzer": step.analyzer,
        "token": WORD_PATTERNS.get(step.token_pattern, "words_of_two"),
        "lowercase": bool(step.lowercase),
        "accents": _accents(step),
        "stop_words": None if stop_words is None else sorted(stop_words),
        "ngrams": [int(each) for each in step.ngram_range],
        "binary": bool(step.binary),
        "vocabulary": vocabulary,
    }


def _accents(step):
    if step.strip_accents is None or step.strip_accents == "ascii":
        return step.strip_accents
    if step.strip_accents != "unicode":
        _refuse(step, "strip_accents of one's own is code, and cannot be written")
    ranges = []
    for code in range(sys.maxunicode + 1):
        if not unicodedata.combining(chr(code)):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


def _tfidf_transformer(step):
    return {
        "kind": "tfidf",
        "idf": _list(step.idf_) if step.use_idf else None,
        "norm": step.norm,
        "sublinear": bool(step.sublinear_tf),
    }


def _tfidf_vectorizer(step):
    return [_count_vectorizer(step), _tfidf_transformer(step)]


STEPS = {
    "StandardScaler": _standard_scaler,
    "RobustScaler": _robust_scaler,
    "MaxAbsScaler": _max_abs_scaler,
    "MinMaxScaler": _min_max_scaler,
    "Normalizer": _normalizer,
    "Binarizer": _binarizer,
    "SimpleImputer": _simple_imputer,
    "OneHotEncoder": _one_hot_encoder,
    "OrdinalEncoder": _ordinal_encoder,
    "ColumnTransformer": _column_transformer,
    "FeatureUnion": _feature_union,
    "PCA": _pca,
    "TruncatedSVD": _truncated_svd,
    "VarianceThreshold": _select,
    "SelectKBest": _select,
    "SelectPercentile": _select,
    "SelectFromModel": _select,
    "RFE": _select,
    "RFECV": _select,
    "CountVectorizer": _count_vectorizer,
    "TfidfVectorizer": _tfidf_vectorizer,
    "TfidfTransformer": _tfidf_transformer,
}


# Models


def _final(model):
    """The body of the last step, and its classes if it has any."""
    writer = MODELS.get(_name(model))
    if writer is None:
        _refuse(model, f"has no form in the file; known are {', '.join(MODELS)}; others go by ONNX")
    return writer(model)


def _linear(coefficients, intercepts, link):
    coefficients = np.atleast_2d(np.asarray(coefficients, dtype=float))
    intercepts = np.asarray(intercepts, dtype=float).ravel()
    if intercepts.size == 1 and len(coefficients) > 1:  # fit_intercept=False
        intercepts = np.repeat(intercepts, len(coefficients))
    return {
        "kind": "linear",
        "coefficients": _rows(coefficients),
        "intercepts": _list(intercepts),
        "link": link,
    }


def _linear_regressor(model):
    return _linear(model.coef_, model.intercept_, "identity"), None


def _log_linear_regressor(model):
    return _linear(model.coef_, model.intercept_, "exp"), None


def _tweedie_regressor(model):
    is_log = model.link == "log" or (model.link == "auto" and model.power > 0)
    return _linear(model.coef_, model.intercept_, "exp" if is_log else "identity"), None


def _decisive(model):
    """Classifiers that know no probabilities."""
    return _linear(model.coef_, model.intercept_, "identity"), model.classes_


def _logistic_regression(model):
    if len(model.classes_) == 2:
        multinomial = getattr(model, "multi_class", "deprecated") == "multinomial"
        if multinomial:
            _refuse(model, 'multi_class="multinomial" of two classes is not known; leave it out')
        return _linear(model.coef_, model.intercept_, "pair"), model.classes_
    one_by_one = getattr(model, "multi_class", None) == "ovr" or model.solver == "liblinear"
    link = "one-against-rest" if one_by_one else "softmax"
    return _linear(model.coef_, model.intercept_, link), model.classes_


def _sgd_classifier(model):
    if model.loss != "log_loss":
        return _decisive(model)
    link = "pair" if len(model.classes_) == 2 else "one-against-rest"
    return _linear(model.coef_, model.intercept_, link), model.classes_


def _multinomial_nb(model):
    prior = model.class_log_prior_
    return _linear(model.feature_log_prob_, prior, "softmax"), model.classes_


def _tree(estimator, value, thresholds=None):
    tree = estimator.tree_
    written = {
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "feature": tree.feature.tolist(),
        "threshold": [_number(each) for each in tree.threshold],
        "value": value,
    }
    missing = getattr(tree, "missing_go_to_left", None)
    if missing is not None and missing.any():
        written["missing_left"] = [int(each) for each in missing]
    return written


def _trees(trees, base, width, divisor=1, link="identity", groups=None, single=True):
    return {
        "kind": "trees",
        "single": single,
        "base": _list(base),
        "width": int(width),
        "divisor": float(divisor),
        "link": link,
        "groups": groups,
        "trees": trees,
    }


def _class_shares(estimator):
    """What each leaf says: the share of each class."""
    counts = estimator.tree_.value[:, 0, :]
    return counts / counts.sum(axis=1, keepdims=True)


def _single_output(model):
    if getattr(model, "n_outputs_", 1) != 1:
        _refuse(model, "of several outputs is not known; export one model for each")


def _tree_classifier(model):
    return _classifying(model, [model])


def _forest_classifier(model):
    return _classifying(model, model.estimators_)


def _classifying(model, estimators):
    _single_output(model)
    width = len(model.classes_)
    trees = [_tree(each, _rows(_class_shares(each))) for each in estimators]
    body = _trees(trees, np.zeros(width), width, divisor=len(trees))
    # shares are probabilities already
    return {**body, "link": "shares"}, model.classes_


def _tree_regressor(model):
    return _regressing(model, [model])


def _forest_regressor(model):
    return _regressing(model, model.estimators_)


def _regressing(model, estimators):
    _single_output(model)
    trees = [_tree(each, _list(each.tree_.value[:, 0, 0])) for each in estimators]
    return _trees(trees, [0.0], 1, divisor=len(trees)), None


def _boosted(model, link):
    """GradientBoosting: what a leaf says counts by the learning rate, on top of a first guess."""
    estimators = np.asarray(model.estimators_)
    rate = float(model.learning_rate)
    trees, groups = [], []
    for row in estimators:
        for group, each in enumerate(row):
            trees.append(_tree(each, _list(rate * each.tree_.value[:, 0, 0])))
            groups.append(group)
    first = _first_guess(model)
    return _trees(trees, first, 1, link=link, groups=groups)


def _first_guess(model):
    init = model.init_
    if not (isinstance(init, str) and init == "zero") and not _name(init).startswith("Dummy"):
        _refuse(model, f"begins with a model, {_name(init)}, and only a constant is known")
    row = np.zeros((1, model.n_features_in_), dtype=np.float32)
    return np.asarray(model._raw_predict_init(row), dtype=float).ravel()


def _gradient_boosting_classifier(model):
    is_pair = len(model.classes_) == 2
    if is_pair and model.loss == "exponential":
        body = _boosted(model, "pair")
        for tree in body["trees"]:
            tree["value"] = [2 * each for each in tree["value"]]
        body["base"] = [2 * each for each in body["base"]]
        return body, model.classes_
    return _boosted(model, "pair" if is_pair else "softmax"), model.classes_


def _gradient_boosting_regressor(model):
    return _boosted(model, "identity"), None


def _histogram_boosted(model, link):
    if getattr(model, "is_categorical_", None) is not None:
        _refuse(model, "categorical features are not known; encode them in a step before")
    trees, groups = [], []
    for row in model._predictors:
        for group, predictor in enumerate(row):
            trees.append(_histogram_tree(predictor.nodes))
            groups.append(group)
    base = np.asarray(model._baseline_prediction, dtype=float).ravel()
    return _trees(trees, base, 1, link=link, groups=groups, single=False)


def _histogram_tree(nodes):
    is_leaf = nodes["is_leaf"].astype(bool)
    return {
        "left": np.where(is_leaf, -1, nodes["left"].astype(int)).tolist(),
        "right": np.where(is_leaf, -1, nodes["right"].astype(int)).tolist(),
        "feature": np.where(is_leaf, -1, nodes["feature_idx"].astype(int)).tolist(),
        "threshold": [_number(each) for each in np.where(is_leaf, 0.0, nodes["num_threshold"])],
        "missing_left": nodes["missing_go_to_left"].astype(int).tolist(),
        "value": _list(nodes["value"]),
    }


def _histogram_classifier(model):
    link = "pair" if len(model.classes_) == 2 else "softmax"
    return _histogram_boosted(model, link), model.classes_


def _histogram_regressor(model):
    is_log = model.loss in ("poisson", "gamma")
    return _histogram_boosted(model, "exp" if is_log else "identity"), None


MODELS = {
    "LinearRegression": _linear_regressor,
    "Ridge": _linear_regressor,
    "RidgeCV": _linear_regressor,
    "Lasso": _linear_regressor,
    "LassoCV": _linear_regressor,
    "ElasticNet": _linear_regressor,
    "ElasticNetCV": _linear_regressor,
    "BayesianRidge": _linear_regressor,
    "HuberRegressor": _linear_regressor,
    "LinearSVR": _linear_regressor,
    "SGDRegressor": _linear_regressor,
    "PoissonRegressor": _log_linear_regressor,
    "GammaRegressor": _log_linear_regressor,
    "TweedieRegressor": _tweedie_regressor,
    "LogisticRegression": _logistic_regression,
    "LogisticRegressionCV": _logistic_regression,
    "SGDClassifier": _sgd_classifier,
    "LinearSVC": _decisive,
    "RidgeClassifier": _decisive,
    "Perceptron": _decisive,
    "PassiveAggressiveClassifier": _decisive,
    "MultinomialNB": _multinomial_nb,
    "DecisionTreeClassifier": _tree_classifier,
    "ExtraTreeClassifier": _tree_classifier,
    "RandomForestClassifier": _forest_classifier,
    "ExtraTreesClassifier": _forest_classifier,
    "DecisionTreeRegressor": _tree_regressor,
    "ExtraTreeRegressor": _tree_regressor,
    "RandomForestRegressor": _forest_regressor,
    "ExtraTreesRegressor": _forest_regressor,
    "GradientBoostingClassifier": _gradient_boosting_classifier,
    "GradientBoostingRegressor": _gradient_boosting_regressor,
    "HistGradientBoostingClassifier": _histogram_classifier,
    "HistGradientBoostingRegressor": _histogram_regressor,
}


# Values


def _is_nan(value):
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def _number(value):
    """A number, or the text that stands for one that JSON does not have."""
    value = float(value)
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def _list(values):
    return [_number(each) for each in np.asarray(values, dtype=float).ravel()]


def _rows(values):
    return [_list(row) for row in np.asarray(values, dtype=float)]


def _plain(value):
    """A label or category: a text, or a number."""
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    return str(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", help="a joblib or pickle file of a fitted model")
    parser.add_argument("output", help="the JSON file to write")
    parser.add_argument("--feature-names", help="names of the columns, separated by commas")
    arguments = parser.parse_args()
    import joblib

    names = arguments.feature_names
    try:
        save(joblib.load(arguments.model), arguments.output, names and names.split(","))
    except ModelNotExportable as fault:
        sys.exit(f"export_model: {fault}")


if __name__ == "__main__":
    main()
