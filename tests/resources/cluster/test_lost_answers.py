"""A file is written once, even if a response of WebHDFS is lost."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from support.http_servers import Quiet, serving_http

from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs


@pytest.mark.parametrize("server", ["a NameNode", "HttpFS"])
@pytest.mark.parametrize("lost", ["RENAME", "DELETE", "CREATE", "SETPERMISSION", ""])
def test_a_lost_answer_loses_no_file(server: str, lost: str) -> None:
    """The repeated request finds the work done; it isn't an error, and the file isn't removed."""
    files = {"/a/file": b"old"}
    with serving_http(_Files(files, lost, overwrites=server == "a NameNode")) as url:
        WebHdfs(url=url, attempts=2).write("/a/file", [b"new"])
    assert files == {"/a/file": b"new"}


class _Files(ThreadingHTTPServer):
    """Files served by WebHDFS; after one operation named `to_lose` the server hangs up."""

    def __init__(self, files: dict[str, bytes], to_lose: str, *, overwrites: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.to_lose = to_lose
        self.overwrites = overwrites


class _Handler(Quiet, BaseHTTPRequestHandler):
    """Responses of a NameNode, or of HttpFS, which can't rename over a file."""

    server: _Files

    def _operation(self) -> tuple[str, str, dict[str, list[str]]]:
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        return address.path.removeprefix("/webhdfs/v1"), query["op"][0], query

    def do_GET(self) -> None:
        path, _, _ = self._operation()
        if path not in self.server.files:
            self._respond(404, _refusal("FileNotFoundException"))
        else:
            status = {"length": len(self.server.files[path]), "modificationTime": 1, "type": "FILE"}
            self._respond(200, {"FileStatus": status | {"permission": "644"}})

    def do_DELETE(self) -> None:
        path, operation, _ = self._operation()
        self._done(operation, {"boolean": self.server.files.pop(path, None) is not None})

    def do_PUT(self) -> None:
        path, operation, query = self._operation()
        if operation == "RENAME":
            self._rename(path, query)
        elif operation == "SETPERMISSION":
            self._done(operation, None)
        elif "data" not in query:
            self.send_response(307)
            self.send_header("Location", f"http://{self.headers['Host']}{self.path}&data=true")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.server.files[path] = b"".join(self._chunks())
            self._done(operation, None, 201)

    def _rename(self, path: str, query: dict[str, list[str]]) -> None:
        target = query["destination"][0]
        if self.server.overwrites and "renameoptions" in query:
            if path not in self.server.files:
                self._respond(404, _refusal("FileNotFoundException"))
                return
            self.server.files[target] = self.server.files.pop(path)
            self._done("RENAME", None)
            return
        possible = path in self.server.files and target not in self.server.files
        if possible:
            self.server.files[target] = self.server.files.pop(path)
        self._done("RENAME" if possible else "", {"boolean": possible})

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _done(self, operation: str, content: object, status: int = 200) -> None:
        if operation and operation == self.server.to_lose:
            self.server.to_lose = ""
            self.close_connection = True
            return
        self._respond(status, content)

    def _respond(self, status: int, content: object) -> None:
        body = json.dumps(content).encode() if content is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _refusal(name: str) -> dict[str, dict[str, str]]:
    return {"RemoteException": {"exception": name, "message": name}}
