"""Logs with one hostile line among ordinary ones, and logs that are hostile as a whole."""

import gzip
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

HOSTILE_CLIENT = "10.9.9.9"
_NATIVE = "{}.000 9 10.0.0.1 TCP_MISS/200 99 GET {} - HIER_DIRECT/192.0.2.1 text/html\n"
_ZEEK = '{"ts":1473681600,"id.orig_h":"10.0.0.1","method":"GET","host":"a.example","uri":%s}\n'
_NOON, _MIDNIGHT = 1_473_681_600, 1_473_638_400  # of 2016-09-12


def hostile_lines(length: int) -> Mapping[str, str]:
    """Return a line of Squid's combined format, with values of a length, by what is hostile in it."""
    labels, parameters = min(10_000, length // 2), min(100_000, length // 4)
    return {
        "an ordinary line": _line(),
        "a long URL": _line(url=f"http://evil.example/{'a' * length}"),
        "a long host": _line(url=f"http://{'a' * length}.example/"),
        "a long user agent": _line(agent="A" * length),
        f"a host of {labels:,} labels": _line(url=f"http://{'a.' * labels}example/"),
        f"{parameters:,} query parameters": _line(url=f"http://evil.example/?{'a=b&' * parameters}"),
        "percent-encoding, nested": _line(url=f"http://evil.example/%{'25' * (length // 2)}41"),
        "an agent of brackets": _line(agent="Mozilla/5.0 " + "(a; " * (length // 4)),
        "letters beyond ASCII": _line(url=f"http://{'é' * length}.example/", agent="中" * length),
    }


def write_day(path: Path, rows: int, line: str) -> None:
    """Write a day's log of ordinary lines with another one in their midst."""
    lines = _ordinary(rows)
    lines.insert(rows // 2, line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(*, url: str = "http://evil.example/x", agent: str = "Updater/1", second: int = 43_200) -> str:
    time = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return (
        f'{HOSTILE_CLIENT} - - [12/Sep/2016:{time} +0000] "GET {url} HTTP/1.1" 200 99 "-" "{agent}" '
        "TCP_MISS:HIER_DIRECT"
    )


def _ordinary(rows: int) -> list[str]:
    chosen = random.Random(5)
    return [
        _line(
            url=f"http://site{chosen.randrange(300)}.example/p{chosen.randrange(900)}",
            agent=chosen.choice(
                ["Mozilla/5.0 (X11) Firefox/128.0", "Mozilla/5.0 (Windows NT 10.0) Chrome/126"]
            ),
            second=number * 86_400 // rows,
        ).replace(HOSTILE_CLIENT, f"10.0.{number % 3}.{number % 200}")
        for number in range(rows)
    ]


def _native(url: str = "http://a.example/x", second: int = _NOON) -> bytes:
    return _NATIVE.format(second, url).encode()


def _gzip_bomb() -> Iterator[bytes]:
    yield _native() * 100
    for _ in range(1000):
        yield b"a" * 1_000_000
    yield b"\n" + _native()


def _endless_line() -> Iterator[bytes]:
    yield _native() * 100 + _native("http://a.example/" + "a" * 100_000_000)[:-1]


def _longest_line() -> Iterator[bytes]:
    yield _native() * 100 + _native("http://a.example/" + "a" * 60_000_000)


def _many_fields() -> Iterator[bytes]:
    fields = b"".join(b',"f%d":1' % number for number in range(1_000_000))
    yield (_ZEEK % '"/x"').encode() * 100 + (_ZEEK % '"/y"').encode()[:-2] + fields + b"}\n"


def _nested() -> Iterator[bytes]:
    yield (_ZEEK % '"/x"').encode() * 100 + (_ZEEK % ("[" * 100_000 + "]" * 100_000)).encode()


def _many_hosts() -> Iterator[bytes]:
    for minute in range(1000):
        first, second = minute * 1000, _MIDNIGHT + minute * 86
        yield b"".join(_native(f"http://h{first + each}.example/x", second) for each in range(1000))


MANY_HOSTS = "a million hosts of one client, ranked, too"
HOSTILE_LOGS: Mapping[str, Callable[[], Iterator[bytes]]] = {
    "100 ordinary lines": lambda: iter([_native() * 100]),
    "a gzip that unpacks to a line of 1 GB": _gzip_bomb,
    "a last line of 100 MB without an end": _endless_line,
    "a line of 60 MB, which is taken": _longest_line,
    "a line of JSON with a million fields": _many_fields,
    "a line of JSON nested 100,000 deep": _nested,
    MANY_HOSTS: _many_hosts,
}


def write_log(path: Path, name: str) -> int:
    """Write one of the logs that are hostile as a whole; return its bytes."""
    with gzip.open(path, "wb", 1) if "gzip" in name else path.open("wb") as file:
        file.writelines(HOSTILE_LOGS[name]())
    return path.stat().st_size
