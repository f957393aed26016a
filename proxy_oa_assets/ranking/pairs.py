"""The ranking's temporary tables, from the cells to the pairs, in DuckDB's SQL."""

from collections.abc import Sequence

from proxy_oa_assets.ranking import content
from proxy_oa_assets.ranking.requests import CELL_FIGURES
from proxy_oa_assets.ranking.signal import Fact, requests_with

# A second of the day of a time's text, with or without a date; NULL of any other text.
MACROS = """
CREATE OR REPLACE TEMP MACRO clock_of(text) AS
    CASE WHEN text LIKE '____-__-__%:%' THEN substr(text, 12) ELSE text END;
CREATE OR REPLACE TEMP MACRO second_of(text) AS
    TRY_CAST(split_part(clock_of(text), ':', 1) AS INTEGER) * 3600
    + TRY_CAST(split_part(clock_of(text), ':', 2) AS INTEGER) * 60
    + coalesce(TRY_CAST(left(split_part(clock_of(text), ':', 3), 2) AS INTEGER), 0);
CREATE OR REPLACE TEMP MACRO value_of(text) AS CASE WHEN text NOT IN ('', '-') THEN text END;
CREATE OR REPLACE TEMP MACRO within(value) AS greatest(0.0, least(1.0, coalesce(value, 0.0)));
-- 1 for one of many, 0 for all.
CREATE OR REPLACE TEMP MACRO rarity(part, total) AS
    within(1 - ln(greatest(part, 1)) / ln(greatest(total, 2)));
"""

_MERGED = ", ".join(
    f"CAST({merge}(cell.{name}) AS BIGINT) AS {name}" if merge == "sum" else f"{merge}(cell.{name}) AS {name}"
    for name, _, merge in CELL_FIGURES
)
_FIGURES = ", ".join(
    f"CAST(sum({name}) AS BIGINT) AS {name}" if merge == "sum" else f"{merge}({name}) AS {name}"
    for name, _, merge in CELL_FIGURES
)
# Hosts are in lower case; an agent without a value is NULL.
CELLS = f"""
CREATE OR REPLACE TEMP TABLE cell AS
SELECT *, second_of(first_time) AS first_second, second_of(last_time) AS last_second
FROM (
    SELECT clientip, lower(host) AS host, value_of(useragent) AS useragent, {_FIGURES}
    FROM raw_cell GROUP BY ALL)
"""
# Uncommon requests, with the kind of their content and whether the name says it.
UNCOMMON = f"""
CREATE OR REPLACE TEMP TABLE uncommon AS
SELECT *, NOT coalesce({content.fits()}, FALSE) AS misfit
FROM (
    SELECT *, {content.kind()} AS kind
    FROM (
        SELECT clientip, lower(host) AS host, value_of(reqmethod) AS reqmethod,
            value_of(respcode) AS respcode, value_of(lower(uriextension)) AS extension,
            value_of(uriport) AS uriport, requests,
            value_of(trim(lower(split_part(resconttype, ';', 1)))) AS media
        FROM raw_uncommon))
"""

# Facts of the uncommon requests that several signals read.
FACTS = tuple(Fact(f"{kind}s", requests_with(f"kind = '{kind}'")) for kind in content.KINDS)

AGENTS = """
CREATE OR REPLACE TEMP TABLE agent AS
SELECT useragent, count(DISTINCT clientip) AS clients, sum(requests) AS requests
FROM cell GROUP BY useragent
"""

CLIENTS = """
CREATE OR REPLACE TEMP TABLE client AS
SELECT clientip, count(DISTINCT host) AS hosts, count(DISTINCT useragent) AS agents,
    min(first_second) AS first_second, max(last_second) AS last_second, sum(requests) AS requests
FROM cell GROUP BY clientip
"""

# What the network as a whole has: one row.
NETWORK = """
CREATE OR REPLACE TEMP TABLE network AS
SELECT count(DISTINCT clientip) AS all_clients, count(DISTINCT useragent) AS all_agents FROM cell
"""

SITES = """
CREATE OR REPLACE TEMP TABLE site AS
SELECT host.site, count(DISTINCT cell.clientip) AS site_clients
FROM cell JOIN host USING (host) GROUP BY host.site
"""

PAST = """
CREATE OR REPLACE TEMP TABLE past_host AS
SELECT host, count(DISTINCT days_ago) AS past_days, count(DISTINCT clientip) AS past_clients
FROM past GROUP BY host;
CREATE OR REPLACE TEMP TABLE past_pair AS
SELECT clientip, host, count(DISTINCT days_ago) AS pair_past_days, sum(requests) AS pair_past_requests,
    max(requests) AS pair_most_requests, sum(sent) AS pair_past_sent
FROM past GROUP BY clientip, host;
CREATE OR REPLACE TEMP TABLE past_agent AS SELECT DISTINCT useragent FROM past;
CREATE OR REPLACE TEMP TABLE past_client AS
SELECT clientip, count(DISTINCT days_ago) AS client_past_days, sum(sent) AS client_past_sent
FROM past GROUP BY clientip
"""


def pairs(facts: Sequence[Fact]) -> str:
    """Return the statement that makes `pair`, a row per client and host."""
    figures = ", ".join(f"{fact.sql} AS {fact.name}" for fact in facts)
    none = ", ".join(f"coalesce({fact.name}, 0) AS {fact.name}" for fact in facts)
    return f"""
CREATE OR REPLACE TEMP TABLE pair AS
WITH used AS (
    SELECT clientip, useragent, count(DISTINCT host) AS agent_hosts FROM cell GROUP BY clientip, useragent),
merged AS (
    SELECT cell.clientip, cell.host, {_MERGED}, min(cell.first_second) AS first_second,
        max(cell.last_second) AS last_second, max(rarity(agent.clients, all_clients)) AS agent_rarity,
        min(used.agent_hosts) AS least_agent_hosts,
        bool_or(cell.useragent IS NULL) AS agentless,
        bool_or(cell.useragent NOT LIKE 'Mozilla/%(%' AND cell.useragent NOT LIKE 'Opera/%') AS not_browser,
        bool_or(past_agent.useragent IS NULL AND cell.useragent IS NOT NULL) AS agent_is_new
    FROM cell
    JOIN agent ON agent.useragent IS NOT DISTINCT FROM cell.useragent
    JOIN used ON used.clientip = cell.clientip AND used.useragent IS NOT DISTINCT FROM cell.useragent
    LEFT JOIN past_agent ON past_agent.useragent = cell.useragent
    CROSS JOIN network
    GROUP BY cell.clientip, cell.host),
entered AS (
    SELECT *, nullif(split_part(split_part(substr(entry, 10), '/', 3), ':', 1), '') AS entry_host
    FROM merged),
figured AS (SELECT clientip, host, {figures} FROM uncommon GROUP BY clientip, host),
links AS (
    SELECT clientip, entry_host AS host, count(*) AS leads_to FROM entered WHERE entry_host IS NOT NULL
    GROUP BY clientip, entry_host)
SELECT merged.* EXCLUDE (entry), {none}, entry_pair.host IS NOT NULL AS entry_seen,
    coalesce(links.leads_to, 0) AS leads_to, host.* EXCLUDE (host), site.site_clients, network.*,
    client.hosts AS client_hosts, client.agents AS client_agents, client.first_second AS client_first,
    client.last_second AS client_last,
    past_host.past_days AS host_past_days, past_host.past_clients AS host_past_clients,
    past_pair.* EXCLUDE (clientip, host), past_client.* EXCLUDE (clientip)
FROM entered merged
LEFT JOIN figured ON figured.clientip = merged.clientip AND figured.host = merged.host
LEFT JOIN links ON links.clientip = merged.clientip AND links.host = merged.host
LEFT JOIN entered entry_pair ON entry_pair.clientip = merged.clientip AND entry_pair.host = merged.entry_host
JOIN host ON host.host = merged.host
JOIN site ON site.site = host.site
JOIN client ON client.clientip = merged.clientip
CROSS JOIN network
LEFT JOIN past_host ON past_host.host = merged.host
LEFT JOIN past_pair ON past_pair.clientip = merged.clientip AND past_pair.host = merged.host
LEFT JOIN past_client ON past_client.clientip = merged.clientip
"""
