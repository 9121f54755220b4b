"""Seldon's own clients, asked by lines of JSON: one call a line in, one answer a line out.

    {"call": "client", "settings": {...}, "method": "predict", "arguments": {...}}
    {"call": "rpc", "target": "host:port", "service": "Seldon", "method": "Predict",
     "message": {...}, "metadata": {...}, "timeout": 5}

`arguments.data` and `arguments.datas` become arrays; `prediction_request`, `prediction_response`
and `prediction_truth` become messages, as SeldonClient wants them.
"""

import json
import sys
import traceback

import grpc
import numpy as np
from google.protobuf import json_format
from seldon_core.proto import prediction_pb2 as messages
from seldon_core.proto import prediction_pb2_grpc as services
from seldon_core.seldon_client import SeldonClient


def as_arguments(given):
    made = dict(given)
    if "data" in made:
        made["data"] = np.array(made["data"])
    if "datas" in made:
        made["datas"] = [np.array(one) for one in made["datas"]]
    if "bin_data" in made:
        made["bin_data"] = made["bin_data"].encode()
    if "shape" in made:
        made["shape"] = tuple(made["shape"])
    for name in ("prediction_request", "prediction_response", "prediction_truth"):
        if name in made:
            made[name] = json_format.ParseDict(made[name], messages.SeldonMessage())
    return made


def as_json(value):
    if value is None or isinstance(value, (dict, list, str)):
        return value
    return json_format.MessageToDict(value)


def client(ask):
    seldon = SeldonClient(**ask["settings"])
    answer = getattr(seldon, ask["method"])(**as_arguments(ask["arguments"]))
    return {
        "success": answer.success,
        "msg": answer.msg,
        "request": as_json(getattr(answer, "request", None)),
        "response": as_json(answer.response),
    }


channels = {}


def rpc(ask):
    target = ask["target"]
    if target not in channels:
        channels[target] = grpc.insecure_channel(target)
    stub = getattr(services, ask["service"] + "Stub")(channels[target])
    request = json_format.ParseDict(ask.get("message", {}), request_of(ask))
    try:
        answer, call = getattr(stub, ask["method"]).with_call(
            request,
            metadata=list(ask.get("metadata", {}).items()),
            timeout=ask.get("timeout", 10),
        )
    except grpc.RpcError as error:
        return {
            "code": error.code().name,
            "details": error.details(),
            "initial": metadata(error.initial_metadata()),
            "trailing": metadata(error.trailing_metadata()),
        }
    return {
        "code": "OK",
        "message": json_format.MessageToDict(answer),
        "initial": metadata(call.initial_metadata()),
        "trailing": metadata(call.trailing_metadata()),
    }


def request_of(ask):
    """An empty message of the type that the method takes."""
    methods = messages.DESCRIPTOR.services_by_name[ask["service"]].methods_by_name
    return methods[ask["method"]].input_type._concrete_class()


def metadata(pairs):
    return {key: value for key, value in pairs or [] if isinstance(value, str)}


calls = {"client": client, "rpc": rpc}

for line in sys.stdin:
    try:
        told = {"answer": calls[json.loads(line)["call"]](json.loads(line))}
    except Exception:
        told = {"broken": traceback.format_exc()}
    print("answer " + json.dumps(told), flush=True)
