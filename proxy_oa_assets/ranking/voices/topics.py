"""spot-ml's topic model as a second voice.

A client is a document, a request is a word of it (`topic_words.py`), and latent Dirichlet allocation finds
which words clients use together. The score of a request is spot-ml's: the sum over topics of
p(topic | client) * p(word | topic). A pair is as unusual as its least likely request.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable
from itertools import count

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from sklearn.decomposition import LatentDirichletAllocation

from proxy_oa_assets.ranking.voices.signals import TOPICS
from proxy_oa_assets.ranking.voices.topic_words import words_of_day
from proxy_oa_assets.ranking.voices.voice import Hearing, Voice

# As spot-ml, whose priors are those of Spark's EM: 1 more than the variational ones.
_TOPICS, _ROUNDS, _OF_TOPICS, _OF_WORDS = 20, 20, 0.02, 0.001
# Powers of ten by which a request is less likely than the day's median one: from the first on, it has a
# value, from the second on, the full one.
_UNUSUAL, _UNHEARD_OF = 1.5, 3.5
_AT_ONCE = 200_000

# Numbered in the order of names: rows come in any order, and the model depends on theirs.
_SPOKEN = """
CREATE OR REPLACE TEMP TABLE topic_client AS
SELECT number, name AS clientip, dense_rank() OVER (ORDER BY name) - 1 AS client FROM clients;
CREATE OR REPLACE TEMP TABLE topic_host AS
SELECT number, host.host, dense_rank() OVER (ORDER BY host.host) AS named,
    CASE WHEN internal THEN 2 WHEN popular THEN 1 ELSE 0 END AS kind
FROM hosts JOIN host ON host.host = lower(hosts.name);
CREATE OR REPLACE TEMP TABLE spoken AS
SELECT topic_client.client, named, 3 * w.place + kind AS word, CAST(sum(requests) AS BIGINT) AS requests
FROM numbered r
JOIN topic_client ON topic_client.number = r.client
JOIN topic_host ON topic_host.number = r.host
JOIN (SELECT number, row_number() OVER (ORDER BY name) AS place FROM words) w ON w.number = r.word
GROUP BY ALL
"""

_VOICE = f"""
CREATE OR REPLACE TEMP TABLE topics_voice AS
WITH usual AS (
    SELECT likely FROM (SELECT likely, sum(requests) OVER (ORDER BY likely, client, word) AS up_to,
        sum(requests) OVER () AS total FROM heard)
    WHERE 2 * up_to >= total ORDER BY up_to LIMIT 1),
least AS (
    SELECT client, named, min(likely) AS likely FROM spoken JOIN heard USING (client, word)
    GROUP BY client, named)
SELECT clientip, host, within((usual.likely - least.likely - {_UNUSUAL}) / {_UNHEARD_OF - _UNUSUAL}) AS value
FROM least JOIN topic_client USING (client) JOIN (SELECT DISTINCT named, host FROM topic_host) USING (named),
    usual
"""


def _speak(hearing: Hearing) -> list[str]:
    connection = hearing.connection
    tables = _numbered(hearing.warehouse.rows(words_of_day(hearing.day)))
    for name, table in tables.items():
        connection.register(name, table)
    connection.execute(_SPOKEN)
    said = connection.sql(
        "SELECT client, word, CAST(sum(requests) AS BIGINT) AS requests FROM spoken GROUP BY ALL ORDER BY ALL"
    ).fetchnumpy()
    _, words = np.unique(said["word"], return_inverse=True)
    likely = _likelihoods(said["client"], words, said["requests"])
    connection.register("heard", pa.table({**said, "likely": likely}))
    connection.execute(_VOICE)
    for name in (*tables, "heard"):
        connection.unregister(name)
    return []


def _numbered(rows: Iterable[tuple[object, ...]]) -> dict[str, pa.Table]:
    """Return rows of words as numbers, and the names of the numbers: a day has more rows than names."""
    names: dict[str, defaultdict[object, int]] = {
        kind: defaultdict(count().__next__) for kind in ("client", "host", "word")
    }
    numbers = {kind: array("i") for kind in names} | {"requests": array("q")}
    for *texts, requests in rows:
        for kind, text in zip(names, texts, strict=True):
            numbers[kind].append(names[kind][text])
        numbers["requests"].append(int(str(requests)))
    return {
        "numbered": pa.table({name: np.frombuffer(each, each.typecode) for name, each in numbers.items()}),
        **{
            f"{kind}s": pa.table({"name": pa.array(map(str, of), pa.string()), "number": list(of.values())})
            for kind, of in names.items()
        },
    }


def _likelihoods(
    clients: NDArray[np.int64], words: NDArray[np.int64], requests: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the power of ten of the likelihood of each client's words.

    It has two digits: those beyond can differ from one machine to another.
    """
    if not len(clients):
        return np.empty(0)
    counts = coo_array((requests.astype(np.float64), (clients, words))).tocsr()
    model = LatentDirichletAllocation(
        _TOPICS, doc_topic_prior=_OF_TOPICS, topic_word_prior=_OF_WORDS, max_iter=_ROUNDS, random_state=0
    )
    of_clients = model.fit_transform(counts)
    of_words = (model.components_ / model.components_.sum(axis=1, keepdims=True)).T
    parts = (slice(first, first + _AT_ONCE) for first in range(0, len(clients), _AT_ONCE))
    likely = [np.einsum("ij,ij->i", of_clients[clients[part]], of_words[words[part]]) for part in parts]
    rounded: NDArray[np.float64] = np.round(np.log10(np.concatenate(likely)), 2)
    return rounded


VOICE = Voice(TOPICS, _speak)
