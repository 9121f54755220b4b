"""The stubs that MLServer brings along, asked by lines of JSON: one call a line in, one answer out.

    {"call": "rpc", "target": "host:port", "method": "ModelInfer", "message": {...},
     "metadata": {...}}
    {"call": "stream", "target": "host:port", "messages": [...]}

They cannot be in one process with those of Triton's client: both say what `inference` is.
"""

import json
import sys
import traceback

import grpc
from google.protobuf import json_format
from mlserver.grpc import dataplane_pb2 as messages
from mlserver.grpc import dataplane_pb2_grpc as services


def plain(value):
    return json_format.MessageToDict(value, preserving_proto_field_name=True)


channels = {}


def stub_of(target):
    if target not in channels:
        channels[target] = services.GRPCInferenceServiceStub(grpc.insecure_channel(target))
    return channels[target]


def request_of(method, message):
    types = messages.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods_by_name
    return json_format.ParseDict(message, getattr(messages, types[method].input_type.name)())


def rpc(ask):
    request = request_of(ask["method"], ask["message"])
    try:
        answer, call = getattr(stub_of(ask["target"]), ask["method"]).with_call(
            request, metadata=list(ask.get("metadata", {}).items()), timeout=10
        )
        initial = {key: value for key, value in call.initial_metadata() if isinstance(value, str)}
        return {"code": "OK", "message": plain(answer), "initial": initial}
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details()}


def stream(ask):
    sent = (request_of("ModelInfer", one) for one in ask["messages"])
    try:
        answers = [plain(one) for one in stub_of(ask["target"]).ModelStreamInfer(sent, timeout=10)]
        return {"code": "OK", "messages": answers}
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details()}


calls = {"rpc": rpc, "stream": stream}

for line in sys.stdin:
    try:
        ask = json.loads(line)
        told = {"answer": calls[ask["call"]](ask)}
    except Exception:
        told = {"broken": traceback.format_exc()}
    print("answer " + json.dumps(told), flush=True)
