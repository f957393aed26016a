"""The feedback file: what analysts scored, as the next ranking run reads it.

Tab-separated, a header line, 26 columns, nothing quoted; the ranking job splits on tabs and reads column 22,
counted from 0, as the severity. The table `proxy_threat_investigation` is the record, and the file follows
it; lines that agree with it stay as they are, byte for byte.
"""

import codecs
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from proxy_oa_assets.enrichment.score_columns import connection_hash
from proxy_oa_assets.investigation.connection_rows import ConnectionRows
from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.model import tsv
from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.tables import PROXY_SCORES
from proxy_oa_assets.resources.hdfs import FileStore

COLUMNS = (*RESULT_FIELDS, "uri_rep", "uri_sev", "respcode_name", "network_context", "hash")

_FULLURI, _CLIENT, _TIME, _SCORE, _SEVERITY, _HASH = map(
    COLUMNS.index, ("fulluri", "clientip", "p_time", "score", "uri_sev", "hash")
)
# The columns of `proxy_scores`, called as in the results.
_RESULT_NAMES = {"tdate": "p_date", "time": "p_time", "ml_score": "score"}
_CONNECTION = tuple(_RESULT_NAMES.get(name, name) for name in PROXY_SCORES.column_names)
_SCORED_URI = _CONNECTION.index("fulluri")


@dataclass(frozen=True)
class Drift:
    """How many URIs' lines in a feedback file differ from the recorded severities."""

    missing: int
    other: int
    unrecorded: int

    def __bool__(self) -> bool:
        """Return whether any differs."""
        return any((self.missing, self.other, self.unrecorded))

    def __str__(self) -> str:
        """Say how they differ."""
        return (
            f"of URIs with a severity, {self.missing} missing and {self.other} with another one; of URIs "
            f"without, {self.unrecorded} there"
        )


def read(hdfs: FileStore, path: str) -> bytes:
    """Return the content of a feedback file, empty if there is no file."""
    if hdfs.status(path) is None:
        return b""
    with hdfs.open(path) as file:
        return file.read()


def follow(
    hdfs: FileStore,
    path: str,
    severities: Mapping[str, int],
    connections: ConnectionRows,
    changed: Collection[str] = (),
) -> None:
    """Write the file as `followed` returns it, all or nothing; a file that wouldn't change isn't written."""
    before = read(hdfs, path)
    after, _ = followed(before, severities, connections, changed)
    if after != before:
        hdfs.write(path, [after])


def followed(
    before: bytes,
    severities: Mapping[str, int],
    connections: ConnectionRows,
    changed: Collection[str] = (),
) -> tuple[bytes, Drift]:
    """Return a file's content that follows the recorded severities, and how the former content differed.

    `severities` are all of the day's, by URI. Lines of `changed` URIs are made again and don't count as
    different. Lines stay that are no rows of ours, and those of URIs that are neither recorded nor scored
    connections any more.
    """
    # An editor may have ended lines with CR or CRLF, and the last one with nothing.
    lines = [
        line if line.endswith((b"\r", b"\n")) else line + b"\n" for line in before.splitlines(keepends=True)
    ]
    # A damaged file can lack the header, and its first line is a row.
    if lines and _fields(lines[0])[0].removeprefix(codecs.BOM_UTF8) == COLUMNS[0].encode():
        del lines[0]
    known: dict[bytes, list[str]] = {}
    for uri in dict.fromkeys((*severities, *changed)):
        known.setdefault(tsv.field(uri).encode("utf-8"), []).append(uri)
    candidates = [_uris(_fields(line), known) for line in lines]
    found = {uri for uris in candidates for uri in uris}
    alike = {uri for uris in candidates if len(uris) > 1 for uri in uris}
    missing = severities.keys() - found - set(changed)
    # Only these are looked up in the raw log as well, if they aren't scored connections.
    to_write = {*(severities.keys() & changed), *missing, *alike}
    rows = connections.known(sorted(to_write))
    rows += connections.scored(sorted({*changed, *(found - severities.keys())} - to_write))
    fresh = [
        (uri_text(row[_SCORED_URI]), _line(row, severities.get(uri_text(row[_SCORED_URI]), 0)))
        for row in rows
    ]
    by_hash = {_fields(line)[_HASH]: uri for uri, line in fresh}
    scored, kept, other, unrecorded = set(by_hash.values()), list[bytes](), set[str](), set[str]()
    for line, uris in zip(lines, candidates, strict=True):
        of = uris[0] if len(uris) == 1 else by_hash.get(_fields(line)[_HASH]) if uris else None
        if of is None:
            kept.append(line)
        elif of in severities and of not in changed:
            if _fields(line)[_SEVERITY] != b"%d" % severities[of]:
                other.add(of)
            kept.append(_with_severity(line, severities[of]))
        # Only a line that was made of the raw log has no score.
        elif of not in changed and (of in scored or not _fields(line)[_SCORE]):
            unrecorded.add(of)
        elif of not in changed:
            kept.append(line)
    added = [line for uri, line in fresh if uri in severities and (uri in changed or uri in missing)]
    drift = Drift(len(missing & scored), len(other), len(unrecorded))
    if not before and not added:
        return before, drift
    return b"".join((tsv.line(COLUMNS).encode(), *kept, *added)), drift


def _line(connection: Sequence[object], severity: int) -> bytes:
    import numpy as np

    row = dict(zip(_CONNECTION, connection, strict=True))
    named = (row[name] for name in ("clientip", "fulluri", "p_time"))
    client, uri, time = (None if value is None else str(value) for value in named)
    # A FLOAT's own digits: a Python number has twice as many. A row of the raw log has no score.
    score = row["score"] if row["score"] in (None, "") else np.float32(str(row["score"]))
    written = row | {"score": score, "uri_sev": severity, "hash": connection_hash(client, uri, time)}
    return tsv.line(written[name] for name in COLUMNS).encode("utf-8")


def _fields(line: bytes) -> list[bytes]:
    return line.rstrip(b"\r\n").split(b"\t")


def _with_severity(line: bytes, severity: int) -> bytes:
    fields = line.split(b"\t")
    fields[_SEVERITY] = b"%d" % severity
    return b"\t".join(fields)


def _uris(fields: list[bytes], known: Mapping[bytes, list[str]]) -> tuple[str, ...]:
    """Return the URI of a line, several if it can't be said which of them, none for a line that isn't a row.

    URIs that differ only in a line break look the same in the file; the hash tells them apart.
    """
    if len(fields) != len(COLUMNS):
        return ()
    written = fields[_FULLURI].decode("utf-8", "replace")
    alike = known.get(fields[_FULLURI], [written])
    if alike == [written]:
        return (written,)
    client, time = (fields[column].decode("utf-8", "replace") for column in (_CLIENT, _TIME))
    for uri in (*alike, written):
        if connection_hash(client, uri, time).encode() == fields[_HASH]:
            return (uri,)
    return tuple(alike)
