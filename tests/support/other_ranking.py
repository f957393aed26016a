"""Another system's ranking, a small stand-in for spot-ml: it ranks so that the rare comes first.

As in spot-ml, a request becomes a word (is the host popular, hour, method, content type, length of the URI,
code) and its score is the word's probability, here weighted by how many clients the host has.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from proxy_oa_assets.ingest.sample.site import sample_requests
from proxy_oa_assets.model.clock import second_of
from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tsv import line

Row = dict[str, str | int | None]

_POPULAR = 6  # clients that make a host a popular one
_WORD_SECONDS = 3 * 3600
_USUAL_CODE = "200"  # of a request whose log leaves the code out
_JAVA_PLAIN = 1e-3  # from here on, Java writes a number without an exponent
_MOST = 1_500  # rows


def publish_sample_results(results, day: Day, views: int) -> None:
    """Write a sample day's results as another system does; `results` is their path."""
    rows = [request.row(day) for request in sample_requests(day, views)]
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_bytes(ranked_results(rows, _MOST))


def ranked_results(rows: Sequence[Row], most: int) -> bytes:
    """Return `proxy_results.csv` of a day's rows of the table `proxy`.

    It has the `most` most suspicious requests, the lowest score first.
    """
    seen = [row for row in rows if row["clientip"] is not None and row["host"] is not None]
    clients: dict[object, set[object]] = defaultdict(set)
    for row in seen:
        clients[row["host"]].add(row["clientip"])
    words = [_word(row, popular=len(clients[row["host"]]) >= _POPULAR) for row in seen]
    frequency = Counter(words)
    all_clients = len({row["clientip"] for row in seen})
    scored = sorted(
        (frequency[word] / len(seen) * len(clients[row["host"]]) / all_clients, number)
        for number, (row, word) in enumerate(zip(seen, words, strict=True))
    )
    lines = []
    for score, number in scored[:most]:
        row = {**seen[number], "word": words[number], "score": _java_double(score)}
        lines.append(line(row[name] for name in RESULT_FIELDS))
    return "".join(lines).encode("utf-8")


def _word(row: Row, *, popular: bool) -> str:
    kind, code = (str(row[name] or "-") for name in ("resconttype", "respcode"))
    length = len(str(row["fulluri"])).bit_length()
    hours = (second_of(str(row["p_time"])) or 0) // _WORD_SECONDS
    known = _USUAL_CODE if code == "-" else code
    return f"{int(popular)}_{hours}_{row['reqmethod']}_{kind.partition('/')[0]}_{length}_{known}"


def _java_double(value: float) -> str:
    """Return a number as Java's Double.toString writes it below 0.001: `1.2345E-7`."""
    if not 0 < value < _JAVA_PLAIN:
        return repr(value)
    mantissa, exponent = f"{value:.15E}".split("E")
    return f"{mantissa.rstrip('0').ljust(3, '0')}E{int(exponent)}"
