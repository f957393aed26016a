"""The feedback file: what analysts scored, as the next ranking run reads it.

Tab-separated, a header line, 26 columns, nothing quoted; the ranking job splits on tabs and reads column 22,
counted from 0, as the severity. A rewrite leaves the lines of other URIs as they are, byte for byte.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from proxy_oa_assets.enrichment.score_columns import connection_hash
from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.model import tsv
from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.tables import PROXY_SCORES
from proxy_oa_assets.resources.hdfs import FileStore

COLUMNS = (*RESULT_FIELDS, "uri_rep", "uri_sev", "respcode_name", "network_context", "hash")

_FULLURI, _CLIENT, _TIME, _HASH = map(COLUMNS.index, ("fulluri", "clientip", "p_time", "hash"))
# The columns of `proxy_scores`, called as in the results.
_RESULT_NAMES = {"tdate": "p_date", "time": "p_time", "ml_score": "score"}
_CONNECTION = tuple(_RESULT_NAMES.get(name, name) for name in PROXY_SCORES.column_names)
_SCORED_URI = _CONNECTION.index("fulluri")


def rewrite(
    hdfs: FileStore, path: str, severities: Mapping[str, int | None], connections: Iterable[Sequence[object]]
) -> None:
    """Replace the lines of some URIs, all or none; a file that wouldn't change isn't written.

    `connections` are the URIs' rows of `proxy_scores`. A severity of None removes the lines of a URI.
    """
    before = None
    if hdfs.status(path) is not None:
        with hdfs.open(path) as file:
            before = file.read()
    scored = [(row, severities[uri_text(row[_SCORED_URI])]) for row in connections]
    former = [_line(row, severity or 0) for row, severity in scored]
    lines = [line for line, (_, severity) in zip(former, scored, strict=True) if severity]
    after = b"".join((tsv.line(COLUMNS).encode(), *_without(before or b"", severities, former), *lines))
    if after != before and (before is not None or lines):
        hdfs.write(path, [after])


def _line(connection: Sequence[object], severity: int) -> bytes:
    import numpy as np

    row = dict(zip(_CONNECTION, connection, strict=True))
    named = (row[name] for name in ("clientip", "fulluri", "p_time"))
    client, uri, time = (None if value is None else str(value) for value in named)
    # A FLOAT's own digits: a Python number has twice as many.
    score = None if row["score"] is None else np.float32(str(row["score"]))
    written = row | {"score": score, "uri_sev": severity, "hash": connection_hash(client, uri, time)}
    return tsv.line(written[name] for name in COLUMNS).encode("utf-8")


def _without(content: bytes, uris: Collection[str], lines: Iterable[bytes]) -> list[bytes]:
    """Return the lines below the header without those of some URIs; `lines` are their connections' own."""
    by_field: dict[bytes, list[str]] = {}
    for uri in uris:
        by_field.setdefault(tsv.field(uri).encode("utf-8"), []).append(uri)
    hashes = {line.rstrip(b"\n").split(b"\t")[_HASH] for line in lines}
    # An editor may have ended lines with CR or CRLF, and the last one with nothing.
    rows = content.splitlines(keepends=True)[1:]
    kept = [row for row in rows if not _is_about(row.rstrip(b"\r\n").split(b"\t"), by_field, hashes)]
    return [row if row.endswith((b"\r", b"\n")) else row + b"\n" for row in kept]


def _is_about(fields: list[bytes], by_field: dict[bytes, list[str]], hashes: Collection[bytes]) -> bool:
    """Return whether a line is about one of the URIs.

    URIs that differ only in a line break look the same in the file; the hash tells them apart.
    """
    if len(fields) != len(COLUMNS):
        return False
    uris, named = by_field.get(fields[_FULLURI], ()), fields[_HASH]
    client, time = (fields[column].decode("utf-8", "replace") for column in (_CLIENT, _TIME))
    return bool(uris) and (
        named in hashes or any(connection_hash(client, uri, time).encode() == named for uri in uris)
    )
