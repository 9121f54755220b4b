"""Classes with a twin in TypeScript (../typescript): both answer the same to the same."""

import numpy as np
from google.protobuf.json_format import MessageToDict, ParseDict
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.user_model import SeldonNotImplementedError, SeldonResponse


def plain(value):
    """As JSON has it: arrays as lists, bytes as their numbers."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, bytes):
        return list(value)
    return value


def double(X):
    return np.asarray(X) * 2 if isinstance(X, (list, np.ndarray)) else X


def refuse():
    raise SeldonMicroserviceException("not today", status_code=409, reason="NOT_TODAY")


def bad():
    raise SeldonMicroserviceException("that does not fit")


def fail():
    raise ValueError("something broke")


def absent():
    raise SeldonNotImplementedError("not implemented")


answers = {
    "text": lambda: "täxt",
    "empty text": lambda: "",
    "bytes": lambda: b"\x00\xff",
    "no bytes": lambda: b"",
    "object": lambda: {"a": [1, {"b": None}], "c": True},
    "empty object": lambda: {},
    "numbers": lambda: [[1, 2.5], [3, -4]],
    "one row": lambda: [1, 2, 3],
    "one number": lambda: [7],
    "three columns": lambda: [[1, 2, 3]],
    "three dimensions": lambda: [[[1, 2], [3, 4]]],
    "words": lambda: [["a", "b"]],
    "words in a row": lambda: ["a", "b"],
    "mixed": lambda: [["a", 1], [True, None]],
    "truths": lambda: [[True, False]],
    "nothing in a list": lambda: [],
    "empty rows": lambda: [[], []],
    "array": lambda: np.array([[0.1, 1e21]]),
    "whole array": lambda: np.array([[1, 2]]),
    "number": lambda: 7,
    "truth": lambda: True,
    "nothing": lambda: None,
    "refuse": refuse,
    "bad": bad,
    "fail": fail,
    "absent": absent,
    "response": lambda: SeldonResponse(
        data=[[5]],
        tags={"by": "response", "extra": [1]},
        metrics=[{"key": "of_response", "type": "GAUGE", "value": 3}],
    ),
    "response of text": lambda: SeldonResponse(data="words"),
    "metric without key": lambda: SeldonResponse(data=[1], metrics=[{"type": "GAUGE", "value": 3}]),
    "metric of no type": lambda: SeldonResponse(
        data=[1], metrics=[{"key": "x", "type": "WORD", "value": 3}]
    ),
    "metric of a word": lambda: SeldonResponse(
        data=[1], metrics=[{"key": "x", "type": "GAUGE", "value": "three"}]
    ),
}


def answer(X, names, meta):
    """What the request asks for in its tag `do`; else its numbers doubled."""
    do = ((meta or {}).get("tags") or {}).get("do")
    if do == "tell":
        return {"X": plain(X), "names": list(names or []), "puid": meta.get("puid")}
    return answers[do]() if do in answers else double(X)


class Twin:
    """Has every method."""

    def __init__(self, depth=0, rate=0.5, half=0.25, word="none", sure=False):
        self.parameters = {"depth": depth, "rate": rate, "half": half, "word": word, "sure": sure}

    def predict(self, X, names, meta=None):
        return answer(X, names, meta)

    def transform_input(self, X, names, meta=None):
        return answer(X, names, meta)

    def transform_output(self, X, names, meta=None):
        return answer(X, names, meta)

    def route(self, X, names, meta=None):
        do = ((meta or {}).get("tags") or {}).get("do")
        routes = {"one": 1, "all": -1, "none": -2, "word": "left", "half": 0.5, "nothing": None}
        if do in ("refuse", "fail", "absent"):
            return answers[do]()
        if do == "response":
            return SeldonResponse(data=1, tags={"by": "response"})
        return routes.get(do, 0)

    def aggregate(self, Xs, names_list):
        first = Xs[0]
        if isinstance(first, str):
            return "+".join(Xs)
        if isinstance(first, bytes):
            return b"".join(Xs)
        if isinstance(first, dict):
            return {"all": list(Xs), "names": [list(names or []) for names in names_list]}
        return np.sum([np.asarray(X) for X in Xs], axis=0)

    def send_feedback(self, X, names, reward, truth, routing=None):
        if reward < 0:
            return answers["refuse"]()
        if reward == 0:
            return None
        return {
            **{"X": plain(X), "names": list(names or []), "reward": reward},
            **{"truth": plain(truth), "routing": routing},
        }

    def tags(self):
        return {"by": "twin", "list": [1, "two"], "parameters": self.parameters}

    def metrics(self):
        return [
            {"key": "asked", "type": "COUNTER", "value": 2},
            {"key": "level", "type": "GAUGE", "value": 1.5, "tags": {"where": "here"}},
            {"key": "took", "type": "TIMER", "value": 12.5},
        ]

    def class_names(self):
        return ["one", "two"]

    def health_status(self):
        return "well"

    def init_metadata(self):
        return {
            "name": "twin",
            "versions": ["v1", "v2"],
            "platform": "any",
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
            "outputs": [{"messagetype": "ndarray", "schema": {"names": ["a"], "shape": [1]}}],
            "custom": {"author": "somebody"},
        }


class Bare:
    """Has one method, and nothing beside it."""

    def predict(self, X, names):
        return X


class Raw:
    """Takes whole messages: a dict over REST, a message of protobuf over gRPC and in feedback."""

    def turn(self, message):
        if isinstance(message, dict):
            return {"strData": message["strData"][::-1], "meta": {"tags": {"raw": True}}}
        reply = SeldonMessage(strData=message.strData[::-1])
        reply.meta.tags["raw"].bool_value = True
        return reply

    def predict_raw(self, message):
        if isinstance(message, dict) and message["strData"] == "teapot":
            return {"status": {"code": 418, "info": "short and stout", "status": 1}}
        return self.turn(message)

    def transform_input_raw(self, message):
        return self.turn(message)

    def transform_output_raw(self, message):
        return self.turn(message)

    def route_raw(self, message):
        if isinstance(message, dict):
            return {"data": {"ndarray": [[1]]}}
        return ParseDict({"data": {"ndarray": [[1]]}}, SeldonMessage())

    def aggregate_raw(self, messages):
        if isinstance(messages, (dict, list)):
            return {"jsonData": messages}
        listed = MessageToDict(messages)["seldonMessages"]  # the twin always gets a list
        return ParseDict({"jsonData": listed}, SeldonMessage())

    def send_feedback_raw(self, feedback):
        return SeldonMessage(strData="thanks")

    def health_status_raw(self):
        return {"strData": "raw and well"}


class Unwell:
    """Is not healthy, and says more of itself than metadata may hold."""

    def predict(self, X, names):
        return X

    def health_status(self):
        raise ValueError("not well")

    def init_metadata(self):
        return {"name": "unwell", "inputs": [{"colour": "red"}]}


class Through:
    """Takes the payload undecoded."""

    def predict_raw(self, payload):
        text = payload.decode() if isinstance(payload, bytes) else payload
        return '{"got": %d}' % len(text)
