import numpy as np
import pytest
from support.analysts_day import URI_SEV, AnalystsDay
from support.storyboard_days import HOSTILE

from proxy_oa_assets.investigation.score import score, undo_score


@pytest.mark.parametrize("severity", [np.int64(3), 3.0, np.float32(3)])
def test_a_severity_from_a_frame_is_written_as_the_ranking_job_reads_it(
    embedded_day: AnalystsDay, severity: float
) -> None:
    """A column that has a NULL somewhere makes 3.0 of 3."""
    embedded_day.write_scores({"fulluri": "a"})
    score(embedded_day.day, severity, "a", deployment=embedded_day.deployment)
    assert embedded_day.severities() == {"a": 3}
    assert [row[URI_SEV] for row in embedded_day.feedback()] == ["3"]


def test_the_ranking_job_reads_hostile_values(today: AnalystsDay) -> None:
    """Tabs, line breaks, NUL, U+2028, quotes, emoji in any field: 26 columns, column 22 is the severity."""
    texts = [text for text in HOSTILE if len(text) < 1000] + [
        "\x85next",
        "\x0bvertical",
        "end\r",
        "\r\n",
        "\t",
    ]
    rows = [
        {"fulluri": f"{number}/{text}", "useragent": text, "referer": text, "username": text, "uri_rep": text}
        for number, text in enumerate(texts)
    ]
    today.write_scores(*rows)
    uris = [str(row["fulluri"]) for row in rows]
    severities = {uri: 1 + number % 3 for number, uri in enumerate(uris)}

    for severity in (1, 2, 3):
        score(
            today.day,
            severity,
            [uri for uri in uris if severities[uri] == severity],
            deployment=today.deployment,
        )

    read = today.feedback()
    assert {len(row) for row in read} == {26}
    by_number = {row[18].partition("/")[0]: row for row in read}
    assert len(by_number) == len(read) == len(texts)
    for number, (text, uri) in enumerate(zip(texts, uris, strict=True)):
        row = by_number[str(number)]
        assert row[URI_SEV] == str(severities[uri])
        shown = text.replace("\r\n", " ").translate(dict.fromkeys(map(ord, "\t\r\n"), " "))
        assert (row[5], row[18]) == (shown, f"{number}/{shown}")
    assert today.severities() == severities
    undo_score(today.day, uris, deployment=today.deployment)
    assert today.feedback() == []


def test_uris_that_look_alike_in_the_file_are_distinguished(embedded_day: AnalystsDay) -> None:
    """A line break is written as a space; the hash is of the original URI."""
    twins = ["a b", "a\rb", "a\nb", "a\tb"]
    embedded_day.write_scores(
        *({"fulluri": uri, "clientip": client} for uri in twins for client in ("x\ry", "z"))
    )
    score(embedded_day.day, 1, twins, deployment=embedded_day.deployment)

    score(embedded_day.day, 3, "a\rb", deployment=embedded_day.deployment)
    undo_score(embedded_day.day, "a b", deployment=embedded_day.deployment)

    assert embedded_day.severities() == {"a\rb": 3, "a\nb": 1, "a\tb": 1}
    assert sorted(row[URI_SEV] for row in embedded_day.feedback()) == ["1", "1", "1", "1", "3", "3"]


def test_lines_about_other_uris_stay_byte_for_byte(embedded_day: AnalystsDay) -> None:
    """Also lines of connections that a smaller limit left out of proxy_scores, and lines that aren't rows."""
    embedded_day.write_scores({"fulluri": "a"}, {"fulluri": "b"})
    score(embedded_day.day, 1, ["a", "b"], deployment=embedded_day.deployment)
    header, a, b = embedded_day.feedback_bytes().splitlines(keepends=True)
    foreign = b'2016-01-01,"Spot, with commas",\xff\n'
    path = embedded_day.deployment.workspace.feedback(embedded_day.day)
    embedded_day.deployment.hdfs.write(path, [header, foreign, a, b[:-1]])
    embedded_day.write_scores({"fulluri": "b"}, {"fulluri": "c"})

    score(embedded_day.day, 2, "c", deployment=embedded_day.deployment)

    lines = embedded_day.feedback_bytes().splitlines(keepends=True)
    assert lines[:4] == [header, foreign, a, b]
    assert len(lines) == 5
    undo_score(embedded_day.day, "a", deployment=embedded_day.deployment)
    assert embedded_day.feedback_bytes().splitlines(keepends=True) == [header, foreign, b, lines[4]]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_scoring_again_replaces_lines_whatever_their_ends(embedded_day: AnalystsDay, end: str) -> None:
    """Spreadsheets and editors save CRLF; the ranking would read two severities of one URI."""
    day, deployment = embedded_day.day, embedded_day.deployment
    embedded_day.write_scores({"fulluri": "a"}, {"fulluri": "b"})
    score(day, 1, ["a", "b"], deployment=deployment)
    saved = (embedded_day.feedback_bytes() or b"").replace(b"\n", end.encode())
    deployment.hdfs.write(deployment.workspace.feedback(day), [saved.removesuffix(end.encode())])

    score(day, 3, "a", deployment=deployment)

    assert sorted((row[18], row[URI_SEV]) for row in embedded_day.feedback()) == [("a", "3"), ("b", "1")]


def test_a_first_line_that_is_no_header_stays(embedded_day: AnalystsDay) -> None:
    """A file that lost its header to an editor or a crash loses no line to the next score."""
    day, deployment = embedded_day.day, embedded_day.deployment
    embedded_day.write_scores({"fulluri": "a"}, {"fulluri": "b"})
    deployment.hdfs.write(deployment.workspace.feedback(day), [b"a note, and no header\n"])
    score(day, 1, "a", deployment=deployment)
    header, note, row = (embedded_day.feedback_bytes() or b"").splitlines()
    assert header.startswith(b"p_date\t")
    assert note == b"a note, and no header"
    assert row.count(b"\t") == 25
