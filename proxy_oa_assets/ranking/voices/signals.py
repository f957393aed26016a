"""The signals of the second voices, which count where a site asks for them.

Each reads a temporary table of its voice: clientip, host, value and, if there is something to name, detail.
"""

from proxy_oa_assets.ranking.signal import Signal

SIGMA = Signal(
    name="sigma",
    family="rules",
    words="hit by the Sigma rule",
    sql="sigma.value",
    table="SELECT clientip, host, value, detail FROM sigma_voice",
    detail="sigma.detail",
)
FISHER = Signal(
    name="fisher",
    family="fisher",
    words="so many signs together are unlikely by chance",
    sql="fisher.value",
    table="SELECT clientip, host, value FROM fisher_voice",
)
TOPICS = Signal(
    name="topics",
    family="topics",
    words="a request unlike those that such clients make",
    sql="topics.value",
    table="SELECT clientip, host, value FROM topics_voice",
)
VOICE_SIGNALS = (FISHER, SIGMA, TOPICS)
