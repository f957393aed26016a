"""Time of looking up URIs whose answers take 100 ms each, beside the least possible; loading of domain lists.

    python -m benchmarks.reputation [--rounds 5]

The services are a server in another process that answers as VirusTotal does. With four threads, the least
possible time is a quarter of the answers'.
"""

import asyncio
import multiprocessing
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.figures import ROUNDS, Group, Work, arguments, in_turn, of_rounds, ratio, show, timed
from proxy_oa_assets.enrichment.reputation.client import ReputationClient
from proxy_oa_assets.enrichment.reputation.config import ReputationConfig
from proxy_oa_assets.enrichment.reputation.registry import service_class
from proxy_oa_assets.enrichment.reputation.services.blocklist import BlockedList

URIS, ANSWER_SECONDS, _THREADS = 500, 0.1, 4
DOMAINS = 150_000
_BODY = b'{"data": {"attributes": {"last_analysis_stats": {"malicious": 0, "suspicious": 0}}}}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(ANSWER_SECONDS)
            writer.write(_ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _serve(port: Connection) -> None:
    async def served() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(served())


def _client(url: str, services: int, state: Path) -> ReputationClient:
    free = {"service": "vt", "url": url, "key_env": "KEY", "per_minute": None, "per_day": None}
    given = {"environ": {"KEY": "key"}}
    entries = [{**free, "name": f"vt{number}"} for number in range(services)]
    return ReputationClient(
        ReputationConfig([service_class("vt").model_validate(each, context=given) for each in entries]), state
    )


def lookups(url: str, rounds: int) -> Group:
    """Time one service, three services, and one service whose cache knows every URI, in turn."""
    uris = [f"host{number}.example/path" for number in range(URIS)]
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"

        def forget() -> None:
            shutil.rmtree(state, ignore_errors=True)

        def look_up(services: int) -> None:
            found = _client(url, services, state).look_up(uris)
            if set(found.uri_rep.values()) != {"::".join(f"vt{n}:NONE:0" for n in range(services))}:
                raise AssertionError(found.stats)

        works = {
            "one": Work(lambda: look_up(1), forget),
            "again": Work(lambda: look_up(1), lambda: None),
            "three": Work(lambda: look_up(3), forget),
        }
        seconds = in_turn(rounds, works, warm=False)
    least = URIS * ANSWER_SECONDS / _THREADS
    return Group(
        f"{URIS:,} URIs, {ANSWER_SECONDS * 1000:.0f} ms an answer, {_THREADS} threads a service",
        [
            of_rounds(
                "one service / the least possible", [each / least for each in seconds["one"]], "", 1.13
            ),
            ratio("three services / one", seconds, "three", "one", 1.05),
            timed("one service", seconds["one"]),
            timed("one service, from its cache", seconds["again"], 1),
        ],
    )


def lists(rounds: int) -> Group:
    """Time the loading of domain lists in the forms in which they are published."""
    forms = {"plain": "{}", "hosts": "0.0.0.0 {}", "defanged": "hxxp://{}"}
    with tempfile.TemporaryDirectory() as folder:

        def load(form: str) -> None:
            listed = BlockedList(path=Path(folder) / form, kind="domains")
            if len(listed.loaded.content) != DOMAINS:
                raise AssertionError(listed.loaded.ignored)

        for form, line in forms.items():
            lines = (line.format(f"name-{number:x}.domain.example") for number in range(DOMAINS))
            (Path(folder) / form).write_text("\n".join(lines), encoding="ascii")
        works = {form: Work(partial(load, form), lambda: None) for form in forms}
        seconds = in_turn(rounds, works, warm=False)
    return Group(
        f"A list of {DOMAINS:,} domains from a file",
        [
            timed("plain", seconds["plain"], 0.8),
            timed("a hosts file", seconds["hosts"], 0.8),
            timed("defanged", seconds["defanged"], 3),
        ],
    )


def groups(rounds: int) -> Iterator[Group]:
    """Measure lists, then lookups."""
    yield lists(rounds)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        yield lookups(f"http://127.0.0.1:{ours.recv()}", rounds)
    finally:
        server.terminate()


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure lists and lookups."""
    yield from groups(1 if quick else ROUNDS)


def main() -> None:
    """Measure and print."""
    for group in groups(arguments(__doc__).parse_args().rounds):
        show(group)


if __name__ == "__main__":
    main()
