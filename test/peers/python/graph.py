"""Nodes of inference graphs, as users of the Python wrapper write them."""

import numpy as np
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.user_model import SeldonResponse


class Scale:
    """A transformer: divides, and names the columns."""

    def __init__(self, by: float = 10.0):
        self.by = by

    def transform_input(self, X, names, meta=None):
        return np.asarray(X, dtype=float) / self.by

    def feature_names(self):
        return ["length", "width"]

    def tags(self):
        return {"scaled": True}

    def metrics(self):
        return [{"key": "scaled_rows", "type": "COUNTER", "value": 1}]

    def init_metadata(self):
        tensor = {"messagetype": "tensor", "schema": {"shape": [2]}}
        return {"name": "scale", "versions": ["v1"], "platform": "seldon", "inputs": [tensor],
                "outputs": [tensor]}


class Round:
    """An output transformer: leaves one digit, and says so in tags."""

    def transform_output(self, X, names, meta=None):
        return SeldonResponse(
            data=np.round(np.asarray(X, dtype=float), 1),
            tags={"rounded": True},
            metrics=[{"key": "rounded", "type": "GAUGE", "value": 1}],
        )


class Linear:
    """A model with a slope and everything a model can have; counts what it learns by feedback."""

    def __init__(self, slope: float = 2.0, mark: str = "linear"):
        self.slope = slope
        self.mark = mark
        self.rewards = []

    def predict(self, X, names, meta=None):
        if isinstance(X, str):
            return f"{self.mark} got {X}"
        if isinstance(X, bytes):
            return self.mark.encode() + b":" + X[::-1]
        if isinstance(X, dict):
            return {"got": X, "by": self.mark, "names": list(names)}
        return np.asarray(X, dtype=float) * self.slope

    def class_names(self):
        return ["first", "second"]

    def tags(self):
        return {self.mark: self.slope, "last": self.mark}

    def metrics(self):
        return [
            {"key": "calls", "type": "COUNTER", "value": 1},
            {"key": "slope", "type": "GAUGE", "value": self.slope},
            {"key": "thought", "type": "TIMER", "value": 20.5, "tags": {"mark": self.mark}},
        ]

    def send_feedback(self, features, feature_names, reward, truth, routing=None):
        self.rewards.append(reward)
        return [len(self.rewards), reward, float(np.sum(features)), float(np.sum(truth))]

    def health_status(self):
        return [1.0, self.slope]

    def init_metadata(self):
        return {
            "name": self.mark,
            "versions": ["v2"],
            "platform": "seldon",
            "inputs": [{"messagetype": "tensor", "schema": {"names": ["a", "b"], "shape": [2]}}],
            "outputs": [{"messagetype": "tensor", "schema": {"shape": [2]}}],
            "custom": {"author": "a peer"},
        }


class Choose:
    """A router: the first value is the child, and what it learnt is a reward for each."""

    def __init__(self, children: int = 2):
        self.rewards = [0.0] * children

    def route(self, features, names, meta=None):
        return int(np.asarray(features).flat[0])

    def send_feedback(self, features, feature_names, reward, truth, routing=None):
        if routing is not None and routing >= 0:
            self.rewards[routing] += reward
        return self.rewards

    def tags(self):
        return {"chosen": True}


class Mean:
    """A combiner."""

    def aggregate(self, features_list, names_list):
        return np.mean([np.asarray(one, dtype=float) for one in features_list], axis=0)

    def tags(self):
        return {"mean": True}

    def class_names(self):
        return ["first", "second"]


class Fail:
    """A model that fails in the way that its input asks for."""

    def predict(self, X, names, meta=None):
        way = str(np.asarray(X).flat[0])
        if way == "refuse":
            raise SeldonMicroserviceException("a value is too large", status_code=422, reason="TOO_LARGE")
        if way == "bad":
            raise SeldonMicroserviceException("that does not fit")
        if way == "break":
            raise RuntimeError("something broke")
        if way == "metric":
            return SeldonResponse(data=[1], metrics=[{"key": "x", "type": "WORD", "value": 1}])
        if way == "nothing":
            return None
        return [way]

    def route(self, features, names, meta=None):
        return "left"

    def health_status(self):
        raise RuntimeError("not well")


class Raw:
    """A model that takes and gives whole messages: text is turned round, the rest comes back."""

    def predict_raw(self, message):
        if isinstance(message, dict):
            return {**message, "strData": message["strData"][::-1]} if "strData" in message else message
        if message.WhichOneof("data_oneof") == "strData":  # over gRPC
            message.strData = message.strData[::-1]
        return message
