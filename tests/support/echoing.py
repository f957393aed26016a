"""Servers of a cluster that send back what they were sent, as careless gateways do."""

import html
import json
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlsplit

from support.raw_server import request_of

TOKEN, PASSWORD = "t0ken/of+the=tests", 'passw0rd of "the" tésts & more'
SECRETS = {"HDFS_TOKEN": TOKEN, "IMPALA_PASSWORD": PASSWORD}

Handler = Callable[[socket.socket], None]
Answer = Callable[[str, str], tuple[str, str, str]]  # head and target to status line, headers, body


def forms(secret: str) -> set[str]:
    """Return how a secret may be written."""
    content = secret.encode()
    written = {
        *(secret, content.decode("latin-1"), content.hex(), repr(content)[2:-1]),
        *(quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)),
        *(json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]),
    }
    # Of base64, what doesn't depend on the neighbours.
    encoded = (b64encode(bytes(offset) + content).decode() for offset in range(3))
    return written | {text[offset + 1 : -4] for offset, text in enumerate(encoded)}


def revealed(text: str) -> list[str]:
    """Return the forms of our secrets that a text has."""
    return [form for secret in SECRETS.values() for form in forms(secret) if form in text]


def answering(answer: Answer) -> Handler:
    """Return the handler of an HTTP server."""

    def handle(connection: socket.socket) -> None:
        head = request_of(connection).decode("latin-1")
        status, headers, body = answer(head, head.split()[1])
        content = body.encode()
        if "Content-Length" not in headers:
            headers += f"Content-Length: {len(content)}\r\n"
        connection.sendall(f"HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n".encode() + content)

    return handle


def _refusing(message: str, exception: str = "AccessControlException") -> str:
    return json.dumps({"RemoteException": {"message": message, "exception": exception}})


def _redirecting(location: str) -> tuple[str, str, str]:
    return "307 Away", f"Location: {location}\r\n", ""


def token_of(target: str) -> str:
    """Return the token of a request."""
    return parse_qs(urlsplit(target).query).get("delegation", ["none"])[0]


HTTP: dict[str, Answer] = {
    "the target": lambda _, target: ("502 Bad Gateway", "", f"upstream {target} failed"),
    "the token": lambda _, target: ("502 Bad Gateway", "", f"upstream of {token_of(target)} failed"),
    "a cut token": lambda _, target: ("502 Bad Gateway", "", f"failed: {token_of(target)[:-3]}"),
    "the head": lambda head, _: ("500 Broken", "", head),
    "HTML": lambda _, target: ("502 Bad Gateway", "", f"<html>{html.escape(target)}</html>"),
    "a reason": lambda _, target: (f"403 No {target}", "", ""),
    "base64": lambda _, target: ("502 Bad Gateway", "", b64encode(target.encode()).decode()),
    "decoded, in base64": lambda _, target: ("502 No", "", b64encode(unquote(target).encode()).decode()),
    "a remote exception": lambda _, target: ("403 No", "", _refusing(unquote(target))),
    "escaped twice": lambda _, target: ("403 No", "", _refusing(quote(json.dumps(html.escape(target))))),
    "a standby": lambda _, target: ("403 No", "", _refusing(target, "StandbyException")),
    "another exception": lambda _, target: ("403 No", "", _refusing("no", target)),
    "other JSON": lambda _, target: ("500 Broken", "", json.dumps({"error": target})),
    "a list": lambda _, target: ("500 Broken", "", json.dumps([target])),
    "an answer that isn't JSON": lambda head, _: ("200 OK", "", head),
    "an answer of other keys": lambda head, _: ("200 OK", "", json.dumps({head: head})),
    "a status of text": lambda _, target: ("200 OK", "", json.dumps({"FileStatus": {"length": target}})),
    "a cookie": lambda _, target: ("500 No", f"Set-Cookie: a={token_of(target)}\r\n", token_of(target)),
    "a redirect to itself": lambda _, target: _redirecting(target),
    "a redirect to a dead server": lambda _, target: _redirecting(f"http://127.0.0.1:9{target}"),
    "a redirect to no name": lambda _, target: _redirecting(f"http://a.invalid{target}"),
    "a redirect to no address": lambda _, target: _redirecting(f"http://[{target}"),
    "a redirect to no scheme": lambda _, target: _redirecting(f"else:{target}"),
    "a redirect without a place": lambda head, _: ("307 Away", "", head),
    "a length": lambda head, target: ("200 OK", f"Content-Length: {target}\r\n", head),
    "two lengths": lambda head, _: ("200 OK", "Content-Length: 9\r\nContent-Length: 8\r\n", head),
    "a chunk": lambda head, target: ("200 OK", "Transfer-Encoding: chunked\r\n", f"{target}\r\n{head}"),
    "compressed": lambda head, _: ("200 OK", "Content-Encoding: gzip\r\n", head),
    "a folded header": lambda head, target: ("200 OK", f"X: {target}\r\n {target}\r\nY\r\n", head),
}


def as_status_line(connection: socket.socket) -> None:
    """Send a request back as it is."""
    connection.sendall(request_of(connection))


def _login_of(connection: socket.socket) -> bytes:
    """Read the messages of a login by SASL PLAIN."""
    read = b""
    while PASSWORD.encode() not in read and (piece := connection.recv(65536)):
        read += piece
    return read


def _sasl(status: int, words: Callable[[bytes], bytes]) -> Handler:
    def handle(connection: socket.socket) -> None:
        sent = words(_login_of(connection))
        connection.sendall(struct.pack(">BI", status, len(sent)) + sent)
        time.sleep(0.1)

    return handle


def _after_login(answer: Callable[[bytes, bytes], bytes]) -> Handler:
    """Accept the login, and answer the first message from both."""

    def handle(connection: socket.socket) -> None:
        login = _login_of(connection)
        connection.sendall(struct.pack(">BI", 5, 0))
        sent = answer(login, connection.recv(65536))
        connection.sendall(struct.pack(">I", len(sent)) + sent)
        time.sleep(0.1)

    return handle


def _thrift_exception(login: bytes, message: bytes) -> bytes:
    """Return an exception of Thrift's with the login as its text."""
    (length,) = struct.unpack(">I", message[8:12])
    name_and_number = message[8 : 16 + length]
    text = repr(login).encode()
    fields = b"\x0b\x00\x01" + struct.pack(">I", len(text)) + text + b"\x08\x00\x02\x00\x00\x00\x06\x00"
    return b"\x80\x01\x00\x03" + name_and_number + fields


def _echo(connection: socket.socket) -> None:
    while sent := connection.recv(65536):
        connection.sendall(sent)


SASL: dict[str, Handler] = {
    "bad": _sasl(3, lambda login: b"denied: " + login),
    "error, in base64": _sasl(4, b64encode),
    "error, escaped": _sasl(4, lambda login: json.dumps(login.decode("latin-1")).encode()),
    "a challenge": _sasl(2, lambda login: login),
    "no status": _sasl(0x77, lambda login: login),
    "every byte": _echo,
    "after the login": _after_login(lambda login, _: login),
    "a thrift exception": _after_login(_thrift_exception),
}


def name_node_of_locks(head: str, target: str) -> tuple[str, str, str]:
    """Grant every lock, know no file but the results, and send back every other request."""
    query = parse_qs(urlsplit(target).query)
    operation, is_lock = query["op"][0], "/.locks/" in target
    entry = {"pathSuffix": "free" if operation == "LISTSTATUS" else "", "length": 0, "modificationTime": 1}
    if is_lock and operation == "LISTSTATUS":
        return "200 OK", "", json.dumps({"FileStatuses": {"FileStatus": [{**entry, "type": "FILE"}]}})
    if is_lock and operation == "GETFILESTATUS":
        return "200 OK", "", json.dumps({"FileStatus": {**entry, "type": "DIRECTORY"}})
    if is_lock and operation in ("RENAME", "SETTIMES"):
        return "200 OK", "", '{"boolean": true}'
    if operation in ("GETFILESTATUS", "LISTSTATUS") and "/scored_results/" not in target:
        return "404 Not Found", "", _refusing("no such file", "FileNotFoundException")
    return "502 Bad Gateway", "", f"upstream of {unquote(target)} failed; {head}"
