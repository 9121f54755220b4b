"""Triton's client, asked by lines of JSON: one call a line in, one answer a line out.

    {"call": "triton", "transport": "http", "url": "host:port", "method": "is_server_live",
     "arguments": {...}}
    {"call": "infer", "transport": "grpc", "url": "host:port", "model": "m",
     "inputs": [{"name", "datatype", "shape", "data", "binary"}], "outputs": [{"name", "binary"}]}
"""

import json
import sys
import traceback

import numpy as np
import tritonclient.grpc
import tritonclient.http
from google.protobuf import json_format
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

packages = {"http": tritonclient.http, "grpc": tritonclient.grpc}
clients = {}


def client_of(ask):
    key = (ask["transport"], ask["url"])
    if key not in clients:
        clients[key] = packages[ask["transport"]].InferenceServerClient(url=ask["url"])
    return clients[key]


def plain(value):
    if hasattr(value, "DESCRIPTOR"):
        return json_format.MessageToDict(value, preserving_proto_field_name=True)
    return value


def as_text(array):
    return [one.decode() if isinstance(one, bytes) else one for one in array.flat]


def failing(call):
    """An exception of Triton's client is an answer, too."""

    def run(ask):
        try:
            return call(ask)
        except InferenceServerException as error:
            return {"status": error.status(), "message": error.message()}

    return run


@failing
def triton(ask):
    return {"value": plain(getattr(client_of(ask), ask["method"])(**ask.get("arguments", {})))}


@failing
def infer(ask):
    package = packages[ask["transport"]]
    over_http = ask["transport"] == "http"

    def input_of(given):
        made = package.InferInput(given["name"], given["shape"], given["datatype"])
        dtype = triton_to_np_dtype(given["datatype"])
        data = given["data"]
        if given["datatype"] == "BYTES":
            data = [one.encode() for one in data]
        array = np.array(data, dtype=dtype).reshape(given["shape"])
        if over_http:
            made.set_data_from_numpy(array, binary_data=given.get("binary", True))
        else:
            made.set_data_from_numpy(array)
        return made

    def output_of(given):
        if over_http:
            return package.InferRequestedOutput(
                given["name"], binary_data=given.get("binary", True)
            )
        return package.InferRequestedOutput(given["name"])

    outputs = [output_of(one) for one in ask["outputs"]] if "outputs" in ask else None
    result = client_of(ask).infer(
        ask["model"],
        [input_of(one) for one in ask["inputs"]],
        outputs=outputs,
        request_id=ask.get("id", ""),
        parameters=ask.get("parameters"),
        headers=ask.get("headers"),
    )
    response = plain(result.get_response())
    values = {}
    for output in response["outputs"]:
        array = result.as_numpy(output["name"])
        if array is not None:
            values[output["name"]] = as_text(array) if array.dtype == np.object_ else array.tolist()
    return {"values": values, "response": response}


calls = {"triton": triton, "infer": infer}

for line in sys.stdin:
    try:
        ask = json.loads(line)
        told = {"answer": calls[ask["call"]](ask)}
    except Exception:
        told = {"broken": traceback.format_exc()}
    print("answer " + json.dumps(told), flush=True)
