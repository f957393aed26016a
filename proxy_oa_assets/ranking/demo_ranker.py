"""A small stand-in for spot-ml: it ranks the sample days so that the rare comes first.

As in spot-ml, a request becomes a word (is the host popular, hour, method, content type, length of the URI,
code) and its score is the word's probability, here weighted by how many clients the host has.
"""

from collections import Counter, defaultdict

from proxy_oa_assets.ingest.sample.request import Request
from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tsv import line

_POPULAR = 6  # clients that make a host a popular one
_JAVA_PLAIN = 1e-3  # from here on, Java writes a number without an exponent


def ranked_results(requests: list[Request], day: Day, most: int) -> bytes:
    """Return `proxy_results.csv` of a day: its `most` most suspicious requests, the lowest score first."""
    seen = [request for request in requests if request.clientip is not None and request.host is not None]
    clients: dict[str | None, set[str | None]] = defaultdict(set)
    for request in seen:
        clients[request.host].add(request.clientip)
    words = [_word(request, popular=len(clients[request.host]) >= _POPULAR) for request in seen]
    frequency = Counter(words)
    everybody = len({request.clientip for request in seen})
    scored = sorted(
        (frequency[word] / len(seen) * len(clients[request.host]) / everybody, number)
        for number, (request, word) in enumerate(zip(seen, words, strict=True))
    )
    lines = []
    for score, number in scored[:most]:
        row = {**seen[number].row(day), "word": words[number], "score": java_double(score)}
        lines.append(line(row[name] for name in RESULT_FIELDS))
    return "".join(lines).encode("utf-8")


def _word(request: Request, *, popular: bool) -> str:
    kind = (request.content_type or "-").partition("/")[0]
    length = len(request.fulluri).bit_length()
    hours = request.second // (3 * 3600)
    return f"{int(popular)}_{hours}_{request.method}_{kind}_{length}_{request.code or '-'}"


def java_double(value: float) -> str:
    """Return a number as Java's Double.toString writes it below 0.001: `1.2345E-7`."""
    if not 0 < value < _JAVA_PLAIN:
        return repr(value)
    mantissa, exponent = f"{value:.15E}".split("E")
    return f"{mantissa.rstrip('0').ljust(3, '0')}E{int(exponent)}"
