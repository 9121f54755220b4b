"""Triton's client, asked by lines of JSON: one call a line in, one answer a line out.

    {"call": "triton", "transport": "http", "url": "host:port", "method": "is_server_live",
     "arguments": {...}}
    {"call": "infer", "transport": "grpc", "url": "host:port", "model": "m",
     "inputs": [{"name", "datatype", "shape", "data", "binary"}], "outputs": [{"name", "binary"}]}
    {"call": "stream", "url": "host:port", "model": "m", "inputs": [...], "answers": 3}
"""

import json
import queue
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


def input_of(given, package):
    made = package.InferInput(given["name"], given["shape"], given["datatype"])
    data = given["data"]
    if given["datatype"] == "BYTES":
        data = [one.encode() for one in data]
    dtype = triton_to_np_dtype(given["datatype"])
    array = np.array(data, dtype=dtype).reshape(given["shape"])
    if package is tritonclient.http:
        made.set_data_from_numpy(array, binary_data=given.get("binary", True))
    else:
        made.set_data_from_numpy(array)
    return made


def output_of(given, package):
    if package is tritonclient.http:
        return package.InferRequestedOutput(given["name"], binary_data=given.get("binary", True))
    return package.InferRequestedOutput(given["name"])


def told(result):
    """The message, and the values of its tensors."""
    response = plain(result.get_response())
    values = {}
    for output in response["outputs"]:
        array = result.as_numpy(output["name"])
        if array is not None:
            values[output["name"]] = as_text(array) if array.dtype == np.object_ else array.tolist()
    return {"values": values, "response": response}


@failing
def infer(ask):
    package = packages[ask["transport"]]
    outputs = ask.get("outputs")
    result = client_of(ask).infer(
        ask["model"],
        [input_of(one, package) for one in ask["inputs"]],
        outputs=outputs and [output_of(one, package) for one in outputs],
        request_id=ask.get("id", ""),
        parameters=ask.get("parameters"),
    )
    return told(result)


@failing
def stream(ask):
    """Waits for as many answers as are asked for, or for an error."""
    came = queue.Queue()
    client = tritonclient.grpc.InferenceServerClient(url=ask["url"])
    client.start_stream(callback=lambda result, error: came.put((result, error)))
    inputs = [input_of(one, tritonclient.grpc) for one in ask["inputs"]]
    client.async_stream_infer(ask["model"], inputs)
    answers = []
    try:
        while len(answers) < ask["answers"]:
            result, error = came.get(timeout=10)
            if error is not None:
                raise error
            answers.append(told(result)["values"])
    finally:
        client.stop_stream(cancel_requests=True)
        client.close()
    return {"answers": answers}


calls = {"triton": triton, "infer": infer, "stream": stream}

for line in sys.stdin:
    try:
        ask = json.loads(line)
        answer = {"answer": calls[ask["call"]](ask)}
    except Exception:
        answer = {"broken": traceback.format_exc()}
    print("answer " + json.dumps(answer), flush=True)
