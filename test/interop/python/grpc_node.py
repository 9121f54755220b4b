"""grpcio as a container that does what the metadata "do" says; without it, it echoes."""

import argparse
import asyncio
import json
import urllib.parse

import grpc

from messages import text_message, told

CALLS_A_LINE = 500
calls = 0
groups = {}


def details_of(code, details):
    """google.rpc.Status with a google.protobuf.StringValue "rich" in its details."""
    value = b"\x0a\x04rich"
    kind = b"type.googleapis.com/google.protobuf.StringValue"
    extra = bytes([0x0A, len(kind)]) + kind + bytes([0x12, len(value)]) + value
    text = details.encode()
    return bytes([0x08, code, 0x12, len(text)]) + text + bytes([0x1A, len(extra)]) + extra


async def fail(argument, context):
    number, _, escaped = argument.partition(":")
    details = urllib.parse.unquote(escaped)
    code = next(one for one in grpc.StatusCode if one.value[0] == int(number))
    rich = ("grpc-status-details-bin", details_of(int(number), details))
    await context.abort(code, details, (rich,))


async def hang(given, context):
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        left = context.time_remaining()
        why = "deadline" if left is not None and left <= 0 else "cancelled"
        print("gone", given.get("seldon-puid", [""])[0], why, flush=True)
        raise


async def gather(argument):
    size = int(argument)
    count, everyone = groups.get(argument, (0, None))
    everyone = everyone or asyncio.Event()
    groups[argument] = (count + 1, everyone)
    if count + 1 == size:
        everyone.set()
        del groups[argument]
    await everyone.wait()


async def answer(body, context):
    global calls
    calls += 1
    if calls % CALLS_A_LINE == 0:
        print("calls", calls, flush=True)
    given = told(context.invocation_metadata())
    do, _, argument = given.get("do", [""])[0].partition(":")
    if do == "fail":
        await fail(argument, context)
    elif do == "hang":
        await hang(given, context)
    elif do == "deadline":
        left = context.time_remaining()
        return text_message("none" if left is None else str(int(left * 1000)))
    elif do == "size":
        return text_message("a" * int(argument))
    elif do == "gather":
        await gather(argument)
    elif do == "gzip":
        context.set_compression(grpc.Compression.Gzip)
    elif do == "metadata":
        return text_message(json.dumps(given))
    elif do:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"cannot do {do}")
    return body


class Everything(grpc.GenericRpcHandler):
    def service(self, handler_call_details):
        return grpc.unary_unary_rpc_method_handler(answer)  # without serializers: bytes


async def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--port", type=int)
    flags.add_argument("--age", type=int, default=0)
    given = flags.parse_args()
    options = [("grpc.so_reuseport", 0)]
    if given.age > 0:
        options.append(("grpc.max_connection_age_ms", given.age))
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((Everything(),))
    server.add_insecure_port(f"127.0.0.1:{given.port}")
    await server.start()
    await server.wait_for_termination()


asyncio.run(main())
