"""Trains models on the iris data of scikit-learn and lays them out for MLServer.

    python train.py FOLDER

`FOLDER/NAME` is a model of that name; what they answer to the rows that were held out stands in
`FOLDER/expected.json`.
"""

import json
import os
import sys

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

folder = sys.argv[1]
X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=20, random_state=0)

scaler = StandardScaler().fit(X_train)
logistic = LogisticRegression().fit(scaler.transform(X_train), y_train)
plain = LogisticRegression(max_iter=1000).fit(X_train, y_train)
forest = RandomForestClassifier(n_estimators=20, random_state=0).fit(X_train, y_train)


def lay(name, implementation, model=None):
    os.makedirs(f"{folder}/{name}")
    settings = {"name": name, "implementation": implementation}
    if model is not None:
        joblib.dump(model, f"{folder}/{name}/model.joblib")
        settings["parameters"] = {"uri": "./model.joblib", "version": "v1"}
    with open(f"{folder}/{name}/model-settings.json", "w") as file:
        json.dump(settings, file)


sklearn = "mlserver_sklearn.SKLearnModel"
lay("scaler", "runtimes.Scaler", scaler)
lay("logistic", sklearn, logistic)
lay("plain", sklearn, plain)
lay("forest", sklearn, forest)
lay("choose", "runtimes.Choose")
lay("mean", "runtimes.Mean")
lay("echo", "runtimes.Echo")
lay("count", "runtimes.Count")

with open(f"{folder}/settings.json", "w") as file:
    json.dump({"parallel_workers": 0, "use_structured_logging": False}, file)
with open(f"{folder}/expected.json", "w") as file:
    json.dump(
        {
            "rows": X_test.tolist(),
            "chain": logistic.predict(scaler.transform(X_test)).tolist(),
            "plain": plain.predict(X_test).tolist(),
            "forest": forest.predict(X_test).tolist(),
            "plain_proba": plain.predict_proba(X_test).tolist(),
            "forest_proba": forest.predict_proba(X_test).tolist(),
        },
        file,
    )
