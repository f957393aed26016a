"""Lines of a day's ranked results, and the rows read from them."""

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.ranking.results_file import INT_FIELDS, ResultsReader

DAY = Day.parse("2016-09-12")
GOOD = dict.fromkeys(RESULT_FIELDS, "x") | {
    "p_date": DAY.key,
    "p_time": "07:05:03",
    "clientip": "10.0.0.1",
    "duration": "12",
    "scbytes": "34",
    "csbytes": "56",
    "fulluri": "evil.example/a?b",
    "score": "1.2345E-7",
}
TEXT_FIELDS = [name for name in RESULT_FIELDS if name not in (*INT_FIELDS, "p_date", "score")]


def result_line(**changed):
    return "\t".join((GOOD | changed).values()).encode("utf-8") + b"\n"


def read_lines(*lines, limit=500, columns=RESULT_FIELDS):
    """Return the reader after reading, and its rejected lines."""
    reader = ResultsReader(columns, DAY, limit)
    rejected = list(reader.rejected_lines(lines))
    return reader, rejected


def row_of(line):
    """Return the one good row of a line, by column."""
    reader, rejected = read_lines(line)
    assert rejected == []
    ((*values,),) = records(reader.frame)
    return dict(zip(RESULT_FIELDS, values, strict=True))


def reason_of(line):
    """Return why a line is malformed."""
    reader, (rejected,) = read_lines(line)
    assert reader.frame.empty
    return rejected.reason
