"""A client of the echo service on grpcio: `grpcio_client.py OPTIONS`, both JSON. See echo.types.ts.

Reads a line of JSON for each order from its standard input, and answers each with a line: {id, ask} with {id, outcome},
{id, ask, times, atOnce} with {id, codes}.
"""

import base64
import json
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc

from pattern import is_of_pattern, pattern_of

options = json.loads(sys.argv[1])
arguments = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    # By itself it takes 8 KiB in all.
    "grpc.max_metadata_size": 16 * 1024,
    **options.get("channel", {}),
}
if "caFile" in options:
    with open(options["caFile"], "rb") as file:
        trusted = grpc.ssl_channel_credentials(file.read())
    channel = grpc.secure_channel(options["address"], trusted, list(arguments.items()))
else:
    channel = grpc.insecure_channel(options["address"], list(arguments.items()))


def make_call(ask):
    path = ask["path"]
    messages = [pattern_of(size) for size in ask["sizes"]]
    settings = {
        "timeout": ask["timeoutMs"] / 1000 if "timeoutMs" in ask else None,
        "metadata": [(key, base64.b64decode(value) if key.endswith("-bin") else value) for key, value in ask.get("metadata", [])],
        "wait_for_ready": ask.get("waitForReady", False),
        "compression": grpc.Compression.Gzip if ask.get("gzip") else None,
    }
    cancel_after = ask.get("cancelAfter")
    came = []
    if path.endswith(("/Repeat", "/Each")):
        if path.endswith("/Repeat"):
            call = channel.unary_stream(path)(messages[0], **settings)
        else:
            call = channel.stream_stream(path)(iter(messages), **settings)
        if cancel_after == 0:
            call.cancel()
        try:
            for answer in call:
                came.append(answer)
                if len(came) == cancel_after:
                    call.cancel()
        except (grpc.RpcError, grpc.FutureCancelledError):
            pass
    else:
        if path.endswith("/Join"):
            call = channel.stream_unary(path).future(iter(messages), **settings)
        else:
            call = channel.unary_unary(path).future(messages[0], **settings)
        if cancel_after == 0:
            call.cancel()
        try:
            came.append(call.result())
        except (grpc.RpcError, grpc.FutureCancelledError):
            pass
    return {
        "code": call.code().value[0],
        "details": call.details() or "",
        "sizes": [len(answer) for answer in came],
        "intact": all(is_of_pattern(answer) for answer in came),
        "initial": echoed(call.initial_metadata()),
        "trailing": echoed(call.trailing_metadata()),
    }


def echoed(metadata):
    fields = {}
    for key, value in metadata or ():
        if key.startswith(("x-head-", "x-tail-", "grpc-status-details-bin")):
            text = base64.b64encode(value).decode() if isinstance(value, bytes) else value
            fields[key] = f"{fields[key]}, {text}" if key in fields else text
    return fields


def repeat(ask, times, at_once):
    with ThreadPoolExecutor(at_once) as pool:
        return Counter(outcome["code"] for outcome in pool.map(lambda _: make_call(ask), range(times)))


printing = threading.Lock()


def carry_out(order):
    ask = order["ask"]
    if "times" in order:
        answer = {"codes": repeat(ask, order["times"], order["atOnce"])}
    else:
        answer = {"outcome": make_call(ask)}
    with printing:
        print(json.dumps({"id": order["id"], **answer}), flush=True)


for line in sys.stdin:
    threading.Thread(target=carry_out, args=(json.loads(line),), daemon=True).start()
