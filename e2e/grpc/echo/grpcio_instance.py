"""The echo service on grpcio: `grpcio_instance.py NAME PORT`. See echo.types.ts."""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc

from pattern import pattern_of

name = sys.argv[1]
port = sys.argv[2]


def echo(context, prefix):
    """What comes with the call is echoed: in the head of the answer, and behind it."""
    return tuple((key, value) for key, value in context.invocation_metadata() if key.startswith(prefix))


def given(context, key):
    return dict(context.invocation_metadata()).get(key)


def begin(context):
    context.send_initial_metadata((*echo(context, "x-head-"), ("x-head-instance", name)))
    context.set_trailing_metadata(echo(context, "x-tail-"))


def unary(request, context):
    code = given(context, "x-fail-with")
    if code is None:
        begin(context)
        return request
    details = given(context, "x-fail-details-bin")
    tail = echo(context, "x-tail-")
    context.set_trailing_metadata(tail if details is None else (*tail, ("grpc-status-details-bin", details)))
    status = next(status for status in grpc.StatusCode if status.value[0] == int(code))
    context.abort(status, (given(context, "x-fail-message-bin") or b"").decode())


def repeat(request, context):
    begin(context)
    for _ in range(int(given(context, "x-times"))):
        yield request


def join(requests, context):
    begin(context)
    return pattern_of(sum(len(request) for request in requests))


def each(requests, context):
    begin(context)
    yield from requests


def hold(_request, context):
    print("holding", flush=True)
    is_over = Event()
    context.add_callback(is_over.set)
    is_over.wait()
    print("cancelled", flush=True)
    return b""


handlers = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Repeat": grpc.unary_stream_rpc_method_handler(repeat),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Each": grpc.stream_stream_rpc_method_handler(each),
    "Hold": grpc.unary_unary_rpc_method_handler(hold),
}
server = grpc.server(
    ThreadPoolExecutor(max_workers=128),
    options=[
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        # By itself it takes 8 KiB in all.
        ("grpc.max_metadata_size", 16 * 1024),
        ("grpc.so_reuseport", 0),
    ],
    compression=grpc.Compression.Gzip if os.environ.get("GZIP") else None,
)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("go.micro.service.echo.Echo", handlers),))
bound = server.add_insecure_port(f"127.0.0.1:{port}")
server.start()
print(f"listening on {bound}", flush=True)
signal.signal(signal.SIGTERM, lambda *_: server.stop(30))
server.wait_for_termination()
