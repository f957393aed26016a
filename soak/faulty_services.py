"""Reputation services and a webhook on loopback that behave as they are asked to.

    python -m soak.faulty_services FOLDER

The folder has a file for each remote with its behaviour, which is read at each request. The addresses are
printed as JSON.
"""

import json
import os
import random
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from http.client import responses
from pathlib import Path

from support.raw_server import handling, request_of
from support.reputation_server import Asked
from support.threat_exchange import answered, descriptor, texts

WELL = "well"
FAULTS = ("silent", "500", "reset", "garbage", "dripping", "other content")
WEBHOOK = "webhook"
# Longer than the time-out of every service and of the webhook.
_SILENCE_SECONDS, _DRIPS = 20, 40


def _vt(_: Asked) -> object:
    return {"data": {"attributes": {"last_analysis_stats": {"malicious": 5, "suspicious": 0}}}}


def _fb(asked: Asked) -> object:
    return [answered(descriptor(text, "MALICIOUS")) for text in texts(asked)]


def _gti(asked: Asked) -> object:
    questions = json.loads(asked.body)["q"]
    return {"a": [{"rep": 100} for _ in questions]}


_ANSWERS: dict[str, Callable[[Asked], object]] = {
    "fb": _fb,
    "gti": _gti,
    "misp": lambda _: {"response": {"Attribute": []}},
    "urlhaus": lambda _: {"query_status": "no_results"},
    "vt": _vt,
    "webrisk": lambda _: {},
    WEBHOOK: lambda _: {},
}
REMOTES = tuple(_ANSWERS)


def serve(folder: Path) -> None:
    """Serve every remote until this process ends."""
    with ExitStack() as servers:
        urls = {
            remote: servers.enter_context(handling(partial(_handle, folder / remote, answer)))[0]
            for remote, answer in _ANSWERS.items()
        }
        print(json.dumps(urls), flush=True)
        sys.stdin.read()


def _handle(behaviour: Path, answer: Callable[[Asked], object], connection: socket.socket) -> None:
    asked = _asked(connection)
    match behaviour.read_text(encoding="utf-8"):
        case "silent":
            connection.settimeout(_SILENCE_SECONDS)
            connection.recv(1)
        case "500":
            _respond(connection, 500, b"")
        case "reset":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            # No lingering: closing sends a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        case "garbage":
            _respond(connection, 200, random.randbytes(500))
        case "dripping":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(_DRIPS):
                connection.sendall(b" ")
                time.sleep(_SILENCE_SECONDS / _DRIPS)
        case "other content":
            _respond(connection, 200, b'["<html>a captive portal</html>", {"data": [1, null]}]')
        case _:
            _respond(connection, 200, json.dumps(answer(asked)).encode())


def _asked(connection: socket.socket) -> Asked:
    head, _, body = request_of(connection).partition(b"\r\n\r\n")
    request, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.title(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("Content-Length", 0)) and (piece := connection.recv(1 << 16)):
        body += piece
    method, target, _ = request.split(" ", 2)
    return Asked(method, target, headers, body)


def _respond(connection: socket.socket, status: int, content: bytes) -> None:
    head = (
        f"HTTP/1.1 {status} {responses[status]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + content)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
    os._exit(0)  # silent connections are still open
