import datetime as dt
import gc
import resource
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from support.log_rows import log_rows

from proxy_oa_assets.ingest.declaration import declaration, read_declaration
from proxy_oa_assets.ingest.position import Position
from proxy_oa_assets.ingest.reading import Progress, read_log
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import IngestError

ZEEK = declaration("zeek-http")
W3C = declaration("w3c")
FIELDS = "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\turi\tuser_agent"
HEADER = (
    f"#separator \\x09\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n#fields\t{FIELDS}\n".encode()
)
NOON = 1_517_313_600  # 2018-01-30 12:00 UTC


def zeek(second: int, uri: str = "/", method: str = "GET", agent: str = "curl") -> bytes:
    return f"{second}.25\t10.0.0.1\t50000\t192.0.2.1\t80\t{method}\texample.com\t{uri}\t{agent}\n".encode()


def test_rejects_belong_to_the_day_of_the_row_before_them(tmp_path: Path) -> None:
    """A line that can't be read has no time; at a log's begin, it belongs to the first row's day."""
    content = HEADER + b"too\tfew\n" + zeek(NOON) + b"bad\n" + zeek(NOON + 86_400) + b"worse\n"

    reading = read_log([content], ZEEK, tmp_path)

    rejected = {
        day.key: rows.rejects.read_text("utf-8") for day, rows in reading.days.items() if rows.rejects
    }
    bad = len(HEADER) + 8 + len(zeek(NOON))
    assert rejected == {
        "2018-01-30": f"6\t{len(HEADER)}\t2 fields instead of 9\ttoo few\n"
        f"8\t{bad}\t1 fields instead of 9\tbad\n",
        "2018-01-31": f"10\t{len(content) - 6}\t1 fields instead of 9\tworse\n",
    }


def test_a_record_without_a_request_is_rejected_on_its_own_day(tmp_path: Path) -> None:
    """It has a time, which counts more than the row before it."""
    content = HEADER + zeek(NOON) + zeek(NOON + 86_400, method="-")

    reading = read_log([content], ZEEK, tmp_path)

    assert {day.key: (rows.rows, rows.rejected) for day, rows in reading.days.items()} == {
        "2018-01-30": (1, 0),
        "2018-01-31": (0, 1),
    }
    assert dict(reading.reasons) == {"no request: the method is missing": 1}


def test_fields_that_change_within_a_log(tmp_path: Path) -> None:
    """Each header holds for the lines behind it, and the reading says that it changed."""
    content = (
        b"#Fields: date time c-ip cs-method cs-host cs-uri-path\n"
        b"2026-01-05 10:00:00 10.0.0.1 GET a.example /one\n"
        b"#Remark: restarted\n"
        b"#Fields: cs-host c-ip date time cs-uri-path cs-method\n"
        b"b.example 10.0.0.2 2026-01-05 10:00:01 /two POST\n"
    )

    found = log_rows(content, W3C, tmp_path)

    assert [(row["clientip"], row["reqmethod"], row["fulluri"]) for row in found.rows] == [
        ("10.0.0.1", "GET", "a.example/one"),
        ("10.0.0.2", "POST", "b.example/two"),
    ]
    assert found.reading.header_lines == 3
    assert found.reading.warnings == ["the header's fields change 1 times"]


def test_a_line_of_data_can_begin_with_a_hash(tmp_path: Path) -> None:
    """Only the format's own directives are header lines; what a client sends is never one."""
    content = (
        b"#Fields: cs-uri-path date time c-ip cs-host\n"
        b"#fragment 2026-01-05 10:00:00 10.0.0.1 a.example\n"
        b"/a#b 2026-01-05 10:00:01 10.0.0.1 a.example\n"
    )

    found = log_rows(content, W3C, tmp_path)

    assert [row["uripath"] for row in found.rows] == ["#fragment", "/a#b"]


def test_lines_before_a_header_are_rejected(tmp_path: Path) -> None:
    """Without the names of their fields, they can't be read; those behind it can."""
    found = log_rows(zeek(NOON) + HEADER + zeek(NOON, "/known"), ZEEK, tmp_path)

    assert [row["uripath"] for row in found.rows] == ["/known"]
    assert [reject[2] for reject in found.rejects] == ["no line before it names the fields"]


def test_another_log_of_zeek_is_refused(tmp_path: Path) -> None:
    """Its header says which log it is."""
    with pytest.raises(IngestError, match=r"Zeek's dns\.log"):
        read_log([HEADER.replace(b"http\n", b"dns\n")], ZEEK, tmp_path)


def test_reading_goes_on_where_it_ended(tmp_path: Path) -> None:
    """A log that has grown is read from its former end: header, line numbers and offsets go on."""
    first, second = HEADER + zeek(NOON, "/first"), zeek(NOON, "/second") + b"bad\n"
    before = read_log([first], ZEEK, tmp_path / "before")

    grown = read_log([second], ZEEK, tmp_path / "after", start=before.end)

    assert before.end.offset == len(first)
    assert (grown.rows, grown.rejected, grown.header_lines) == (1, 1, 0)
    assert grown.first_reject is not None
    assert (grown.first_reject.number, grown.first_reject.offset) == (8, len(first + second) - 4)
    assert grown.end == Position(len(first + second), 8, before.end.header, "2018-01-30")


def test_a_last_line_without_a_line_feed_is_read_and_said(tmp_path: Path) -> None:
    """Its place is known, since it may have been half written."""
    content = HEADER + zeek(NOON, "/whole") + zeek(NOON, "/last")[:-1]

    reading = read_log([content], ZEEK, tmp_path)

    assert reading.rows == 2
    assert reading.unterminated is not None
    assert reading.unterminated.offset == len(HEADER + zeek(NOON, "/whole"))
    assert reading.unterminated.line == 6


def test_only_the_days_that_are_asked_for_are_staged(tmp_path: Path) -> None:
    """Rows and rejects of other days count, so that the lines add up, and are left out."""
    content = HEADER + zeek(NOON) + b"bad\n" + zeek(NOON + 86_400) + b"worse\n"

    reading = read_log([content], ZEEK, tmp_path, days=[Day.parse("2018-01-31")])

    assert list(reading.days) == [Day.parse("2018-01-31")]
    assert (reading.rows, reading.outside, reading.rejected) == (2, 1, 2)
    assert reading.days[Day.parse("2018-01-31")].rejected == 1


def test_hours_in_any_order(tmp_path: Path) -> None:
    """Each row is in the file of its hour, whichever order the log has."""
    seconds = [NOON + hour * 3600 for hour in (5, 1, 23, 1, 30, 5, 0)]

    reading = read_log([HEADER, *(zeek(second, f"/{second}") for second in seconds)], ZEEK, tmp_path)

    staged = {
        (day.key, hour, row["uripath"])
        for day, rows in reading.days.items()
        for hour, files in rows.hours.items()
        for file in files
        for row in pq.read_table(file).to_pylist()
    }
    moments = [dt.datetime.fromtimestamp(second, dt.UTC) for second in seconds]
    assert staged == {
        (f"{moment:%Y-%m-%d}", moment.hour, f"/{second}")
        for moment, second in zip(moments, seconds, strict=True)
    }
    assert (reading.first, reading.last) == (min(moments), max(moments))


def test_a_capture_can_begin_in_1970(tmp_path: Path) -> None:
    """Epoch 0 is a time like any other; before it, there is none."""
    content = HEADER + zeek(0) + zeek(-1)

    found = log_rows(content, ZEEK, tmp_path)

    assert [(row["p_date"], row["p_time"]) for row in found.rows] == [("1970-01-01", "00:00:00")]
    assert [reject[2] for reject in found.rejects] == ["no time that can be read"]


@pytest.mark.parametrize(
    ("timezone", "clock"),
    [(None, "10:00:00"), ("Europe/Berlin", "08:00:00"), ("America/New_York", "14:00:00")],
)
def test_local_times_become_utc(tmp_path: Path, timezone: str | None, clock: str) -> None:
    """A format that doesn't say its zone is read in the one that is named, by default UTC."""
    local = read_declaration(
        """
        name = "local"
        title = "Local"
        family = "delimited"
        fields = ["date", "clock", "client", "url"]
        time = { fields = ["date", "clock"], format = "%Y-%m-%d %H:%M:%S", zone = "local" }
        columns = { clientip = "client", url = "url" }
        """,
        "local.toml",
    )

    found = log_rows(
        b"2026-07-05 10:00:00 10.0.0.1 http://example.com/\n",
        local,
        tmp_path,
        ZoneInfo(timezone) if timezone else None,
    )

    assert found.rows[0]["p_time"] == clock


HOSTILE = [
    "\0",
    "\r",
    "\x1f",
    "'",
    '"',
    "\\",
    "%",
    "#",
    "\u202e",
    "<script>",
    "a'; DROP TABLE proxy; --",
    "😀",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_any_byte_is_data(tmp_path: Path, value: str) -> None:
    """It comes out as it went in, and costs no other line."""
    content = HEADER + zeek(NOON, "/a") + zeek(NOON, f"/b{value}c", agent=f"x{value}y") + zeek(NOON, "/z")

    found = log_rows(content, ZEEK, tmp_path)

    assert [(row["fulluri"], row["useragent"]) for row in found.rows] == [
        ("example.com/a", "curl"),
        (f"example.com/b{value}c", f"x{value}y"),
        ("example.com/z", "curl"),
    ]


def test_a_uri_of_three_megabytes_is_a_row(tmp_path: Path) -> None:
    """Lines can be of any length that a proxy lets through."""
    found = log_rows(HEADER + zeek(NOON, "/" + "x" * 3_000_000) + zeek(NOON, "/z"), ZEEK, tmp_path)

    assert [len(row["uripath"]) for row in found.rows] == [3_000_001, 2]


def test_numbers_beyond_int_are_kept_at_the_limit(tmp_path: Path) -> None:
    """As in the ranked results; a number that can't be read, or is negative, is NULL."""
    content = (
        b"#Fields: date time c-ip cs-host sc-bytes cs-bytes time-taken\n"
        b"2026-01-05 10:00:00 10.0.0.1 a.example 99999999999 -5 x\n"
    )

    (row,) = log_rows(content, W3C, tmp_path).rows

    assert (row["scbytes"], row.get("csbytes"), row.get("duration")) == (2**31 - 1, None, None)


def test_progress_counts_lines_rows_and_rejects(tmp_path: Path) -> None:
    """The last report has all of them."""
    reports: list[Progress] = []
    content = HEADER + zeek(NOON) + b"bad\n"

    read_log([content], ZEEK, tmp_path, on_progress=reports.append)

    assert (reports[-1].lines, reports[-1].rows, reports[-1].rejected) == (7, 1, 1)


def test_a_disk_that_fails_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python drops the files' writers without writing their ends, whose failure it would print."""
    printed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", printed.append)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            read_log([HEADER + zeek(NOON) + zeek(NOON + 3_600)], ZEEK, tmp_path)
        gc.collect()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert printed == []
