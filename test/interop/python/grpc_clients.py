"""grpcio as a client, asked by lines of JSON."""

import base64
import threading

import grpc

from lines import serve
from messages import metadata_of, numbered, packed, text_message, told


def read(path):
    with open(path, "rb") as file:
        return file.read()


def connect(target):
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
    if target.get("maxReceiveBytes"):
        options.append(("grpc.max_receive_message_length", target["maxReceiveBytes"]))
    files = target.get("tls")
    if files is None:
        return grpc.insecure_channel(target["address"], options)
    own = [read(files[one]) if files.get(one) else None for one in ("key", "cert")]
    security = grpc.ssl_channel_credentials(read(files["ca"]), *own)
    options.append(("grpc.ssl_target_name_override", "localhost"))
    return grpc.secure_channel(target["address"], security, options)


def unary(ask):
    with connect(ask["target"]) as channel:
        method = channel.unary_unary(ask["method"])  # without serializers: bytes
        call = method.future(
            base64.b64decode(ask.get("body") or ""),
            timeout=ask["timeoutMs"] / 1000 if ask.get("timeoutMs") else None,
            metadata=metadata_of(ask.get("metadata")),
            compression=grpc.Compression.Gzip if ask.get("gzip") else None,
        )
        if ask.get("cancelAfterMs"):
            threading.Timer(ask["cancelAfterMs"] / 1000, call.cancel).start()
        try:
            body = call.result()
        except (grpc.RpcError, grpc.FutureCancelledError):
            body = None
        trailing = told(call.trailing_metadata())
        return {
            "code": call.code().value[0],
            "details": call.details() or "",
            "body": packed(body),
            "rich": (trailing.get("grpc-status-details-bin") or [""])[0],
            "initial": told(call.initial_metadata()),
            "trailing": trailing,
        }


def many(ask):
    right = wrong = 0
    codes = {}
    with connect(ask["target"]) as channel:
        method = channel.unary_unary(ask["method"])
        metadata = metadata_of(ask.get("metadata"))
        under_way = threading.Semaphore(ask["parallel"])

        def start(number):
            want = text_message(numbered(number, ask["bytes"]))
            under_way.acquire()
            call = method.future(
                want,
                timeout=ask["timeoutMs"] / 1000,
                metadata=metadata,
                wait_for_ready=ask.get("waitForReady", False),
            )
            call.add_done_callback(lambda _: under_way.release())
            return want, call

        for want, call in [start(number) for number in range(ask["count"])]:
            try:
                if call.result() == want:
                    right += 1
                else:
                    wrong += 1
            except grpc.RpcError as error:
                name = f"{error.code().value[0]} {error.details()}"
                codes[name] = codes.get(name, 0) + 1
    return {"right": right, "wrong": wrong, "codes": codes}


serve({"unary": unary, "many": many})
