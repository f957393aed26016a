"""spot-ml's topic model as a second voice.

A client is a document, a request is a word of it (`topic_words.py`), and latent Dirichlet allocation finds
which words clients use together. The score of a request is spot-ml's: the sum over topics of
p(topic | client) * p(word | topic). A pair is as unusual as its least likely request.
"""

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

_SPOKEN = """
CREATE OR REPLACE TEMP TABLE spoken AS
SELECT clientip, w.host, dense_rank() OVER (ORDER BY clientip) - 1 AS client,
    dense_rank() OVER (ORDER BY concat(
        CASE WHEN internal THEN '2_' WHEN popular THEN '1_' ELSE '0_' END, w.word)) - 1 AS word,
    CAST(requests AS BIGINT) AS requests
FROM (SELECT clientip, lower(host) AS host, word, sum(requests) AS requests FROM loaded GROUP BY ALL) w
JOIN host ON host.host = w.host
"""

_VOICE = f"""
CREATE OR REPLACE TEMP TABLE topics_voice AS
WITH usual AS (
    SELECT likely FROM (SELECT likely, sum(requests) OVER (ORDER BY likely, client, word) AS up_to,
        sum(requests) OVER () AS total FROM heard)
    WHERE 2 * up_to >= total ORDER BY up_to LIMIT 1)
SELECT clientip, host,
    within((any_value(usual.likely) - min(heard.likely) - {_UNUSUAL}) / {_UNHEARD_OF - _UNUSUAL}) AS value
FROM spoken JOIN heard USING (client, word), usual GROUP BY ALL
"""


def _speak(hearing: Hearing) -> list[str]:
    connection = hearing.connection
    connection.register("loaded", hearing.warehouse.query(words_of_day(hearing.day)))
    connection.execute(_SPOKEN)
    connection.unregister("loaded")
    said = connection.sql(
        "SELECT client, word, CAST(sum(requests) AS BIGINT) AS requests FROM spoken GROUP BY ALL ORDER BY ALL"
    ).fetchnumpy()
    likely = _likelihoods(said["client"], said["word"], said["requests"])
    connection.register("heard", pa.table({**said, "likely": likely}))
    connection.execute(_VOICE)
    connection.unregister("heard")
    return []


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
