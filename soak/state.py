"""What a home has of a day, as its readers find it, and what a disturbed operation made of it.

A day's parts are its rows in each table (those of `proxy` with their record), its files (of the feedback
file each URI's lines, of the record of written notebooks each notebook's), its incidents, and the changes of
severities in its journal. Each part is replaced wholly or not at all, so after a kill or a fault it must be
as before the operation or as after an undisturbed one.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from pathlib import Path

from support.home import Home

from proxy_oa_assets.enrichment.score_columns import gravest_severities
from proxy_oa_assets.investigation.feedback import COLUMNS
from proxy_oa_assets.investigation.incident_file import read_incidents
from proxy_oa_assets.investigation.journal_file import made, read_journal
from proxy_oa_assets.investigation.score import severities_by_uri
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import (
    ANALYST_TABLES,
    PROXY,
    PROXY_THREAT_INVESTIGATION,
    TABLES,
    Table,
    records,
)
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.sql.query import Query, of_day

# A digest of each part's content, by a name such as `table proxy_edge`; an empty or missing part has no name.
State = Mapping[str, str]

# What differs between two runs that do the same: times of the clock and keys made by chance.
_BY_CHANCE = re.compile(
    rb"\b(?:at|key)='[^']*'"
    rb'|"(?:age|at|key|modified|taken_at|undoes|version)": ?(?:"[^"]*"|-?\d+|null)'
    rb"|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z| UTC)"
)
_LEFT = re.compile(r".*\.tmp|reading-\w{8}")
_FULLURI = COLUMNS.index("fulluri")
_INCIDENT = re.compile(r"incident-[0-9a-f]{12}\.json")


class Outcome(StrEnum):
    """What a disturbed operation left of a day."""

    OLD = "old"
    NEW = "new"
    # Some parts are the old ones and some the new ones, each wholly.
    BETWEEN = "between"
    TORN = "torn"
    LOST = "lost"


@dataclass(frozen=True)
class Verdict:
    """An outcome, and the parts that are torn or lost."""

    outcome: Outcome
    parts: list[str] = field(default_factory=list)


def judged(found: State, old: State, new: State) -> Verdict:
    """Compare a day with the old one and with the one that an undisturbed operation makes."""
    torn = [part for part, digest in found.items() if digest not in (old.get(part), new.get(part))]
    lost = [part for part in old.keys() & new.keys() if part not in found]
    if lost:
        return Verdict(Outcome.LOST, sorted(lost))
    if torn:
        return Verdict(Outcome.TORN, sorted(torn))
    if found == old:
        return Verdict(Outcome.OLD)
    return Verdict(Outcome.NEW if found == new else Outcome.BETWEEN)


def day_state(
    home: Home, day: Day, *, tables: Collection[Table] = tuple(TABLES.values()), rows: bool = True
) -> dict[str, str]:
    """Read a day by the warehouse and the file store, as every reader does, and its files' bytes.

    Without `rows`, tables aren't read but their files are compared: by content, or on a cluster by name and
    length. So are those that aren't among the given `tables`.
    """
    read = tables if rows else ()
    of_analysts = _analysts(home, day) if rows else ()
    others = [table for table in TABLES.values() if table not in read]
    parts = chain(_rows(home, day, read), of_analysts, _versions(home, day, others), _all_files(home, day))
    return {f"{day} {name}": hashlib.sha256(content).hexdigest() for name, content in parts if content}


def home_folders(home: Home) -> dict[str, str]:
    """Return the folders and settings that `init-db` makes, without SQLite's files, which come and go."""
    return {
        str(path.relative_to(home.path)): "made"
        for path in home.path.rglob("*")
        if path.is_dir() or path.suffix == ".yaml"
    }


def left_over(home: Home) -> list[str]:
    """Return the temporary files and folders in a home."""
    return sorted(
        str(path.relative_to(home.path)) for path in home.path.rglob("*") if _LEFT.fullmatch(path.name)
    )


def _rows(home: Home, day: Day, tables: Collection[Table]) -> Iterator[tuple[str, bytes]]:
    impala = home.deployment.impala
    together = [table for table in tables if table is not PROXY and not isinstance(home.huser, Path)]
    if together:
        yield from _rows_together(impala, day, together)
    for table in tables:
        if table in together:
            continue
        rows = sorted(map(repr, records(impala.read_day(table, day))))
        record = impala.raw_day_record(day) if table is PROXY else ""
        yield f"table {table.name}", _lasting("\n".join([*rows, record] if record else rows).encode())


def _rows_together(impala: Warehouse, day: Day, tables: Collection[Table]) -> Iterator[tuple[str, bytes]]:
    """Yield the rows of tables by one statement, of which each takes a second and more."""
    selects, values = list[str](), list[str | int]()
    for table in tables:
        where, of_table = of_day(table, day)
        row = f"to_json(struct({', '.join(table.column_names)}))"
        selects.append(f"SELECT '{table.name}' AS name, {row} AS content FROM {table.name} WHERE {where}")
        values += of_table
    rows = defaultdict[str, list[str]](list)
    for name, content in impala.rows(Query(" UNION ALL ".join(selects), tuple(values), (day, day))):
        rows[str(name)].append(str(content))
    for name, found in rows.items():
        yield f"table {name}", _lasting("\n".join(sorted(found)).encode())


def _versions(home: Home, day: Day, tables: Collection[Table]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the day in tables; each replacement has other names."""
    hdfs, huser = home.deployment.hdfs, home.deployment.workspace.huser
    for table in tables:
        for root in (table.location, f"{table.location}/_beside"):
            folder = table.day_folder(day, root)
            found = [(each.path, each.length) for each in files_below(hdfs, f"{huser}/{folder}")]
            yield f"files of {folder}", repr(found).encode() if found else b""


def files_below(hdfs: FileStore, folder: str, *, left_over: bool = False) -> Iterator[FileStatus]:
    """Yield the files below a folder of a file store: the temporary ones, if `left_over`, or the others."""
    for entry in hdfs.list_folder(folder):
        if entry.is_folder:
            yield from files_below(hdfs, entry.path, left_over=left_over)
        elif bool(_LEFT.fullmatch(entry.name)) is left_over:
            yield entry


def _analysts(home: Home, day: Day) -> Iterator[tuple[str, bytes]]:
    """Yield incidents and the journal's changes, without those that a killed process only announced."""
    recorded = gravest_severities(home.deployment.impala.read_day(PROXY_THREAT_INVESTIGATION, day))
    now = severities_by_uri(recorded)
    changes = [
        (each.change.by, each.fulluri, each.before, each.after, bool(each.change.undoes))
        for each in made(read_journal(day, home.deployment), now)
        if each.before != each.after  # the same severity, given again by the operation that is run again
    ]
    yield "journal", repr(changes).encode() if changes else b""
    for stored in read_incidents(day, home.deployment).values():
        if stored.state != "deleting":
            yield (
                f"incident {stored.incident.title}",
                _lasting(repr((stored.incident, stored.behind)).encode()),
            )


def _all_files(home: Home, day: Day) -> Iterator[tuple[str, bytes]]:
    workspace = home.deployment.workspace
    for folder in (workspace.results(day).rpartition("/scores/")[0], workspace.progressions(day)):
        for path, content in _stored(home, folder):
            yield from _feedback(content) if path == workspace.feedback(day) else [(path, content)]
    yield from _files(home.path, workspace.data(day), "*")
    yield from _files(home.path, workspace.notebooks(day), "*")
    if isinstance(home.huser, Path):  # on a cluster, tables have no files of known names
        for table in TABLES.values():
            # The order of analysts' rows is that of their changes, and raw files have new names each time.
            if table not in (*ANALYST_TABLES, PROXY):
                yield from _files(home.path, home.huser / table.day_folder(day), "*")


def _feedback(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of each URI in a feedback file: of several URIs, each follows its severity."""
    lines = defaultdict[bytes, list[bytes]](list)
    for line in content.splitlines(keepends=True):
        lines[line.split(b"\t")[_FULLURI] if line.count(b"\t") >= _FULLURI else b"damaged"].append(line)
    for uri, found in lines.items():
        yield f"feedback of {uri.decode()}", b"".join(sorted(found))


def _stored(home: Home, folder: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files below a folder of the file store, but for those of incidents."""
    hdfs = home.deployment.hdfs
    for entry in files_below(hdfs, folder):
        if not _INCIDENT.fullmatch(entry.name):
            with hdfs.open(entry.path) as file:
                yield entry.path, _lasting(file.read())


def _files(home: Path, folder: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob(pattern)):
        if not path.is_file() or _LEFT.fullmatch(path.name):
            continue
        name, content = str(path.relative_to(home)), path.read_bytes()
        if path.name == ".written.json":
            for notebook, digests in json.loads(content).items():
                yield f"{name} {notebook}", repr(digests).encode()
        else:
            yield name, _lasting(content)


def _lasting(content: bytes) -> bytes:
    return _BY_CHANCE.sub(b"", content)
