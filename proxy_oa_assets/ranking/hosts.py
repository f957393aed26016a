"""What is known of hosts by their names and by lists, in DuckDB's SQL.

A host is any text that a request had. Its name is the host in lower case, without port and trailing dot, as
DNS spells it; of a longer text than DNS has, the last 255 characters.
"""

from contextlib import suppress

import duckdb
import idna
import pyarrow as pa

from proxy_oa_assets.ranking import look_alikes, machine_names
from proxy_oa_assets.ranking.host_lists import LISTS, Lists
from proxy_oa_assets.ranking.letters import shown_label

# The labels from the right that rules and lists are compared with; the longest rule has 7.
_MOST_LABELS = 8
# What `internal` covers: RFC 1918, 6598, 3927, 4193 and 4291, multicast, and the names of RFC 6762, 8375 and
# of habit.
_INTERNAL_ADDRESS = (
    r"(::ffff:)?(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])"
    r"|22[4-9]|2[3-5]\d)\..*"
    r"|f[cd][0-9a-f]{2}:.*|fe[89a-f][0-9a-f]:.*|ff[0-9a-f]{2}:.*|[0:]*:0*1?"
)
_INTERNAL_NAMES = """'local', 'localdomain', 'localhost', 'lan', 'internal', 'intranet', 'private', 'corp',
    'home', 'home.arpa', 'in-addr.arpa', 'ip6.arpa', 'test', 'invalid', 'domain', 'workgroup'"""

# Of a host: `name`, whether it is an address, and its labels.
_NAMES = r"""
CREATE OR REPLACE TEMP TABLE host_name AS
SELECT host, seen, name, address, string_split(name, '.') AS parts
FROM (
    SELECT host, seen, name,
        regexp_full_match(name, '(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}')
        OR regexp_full_match(name, '(([0-9a-f]+:){6,7}|[0-9a-f:]*::)[0-9a-f:.]*(%.*)?') AS address
    FROM (
        SELECT host, seen, right(rtrim(coalesce(
            CASE WHEN text LIKE '[%' THEN regexp_extract(text, '^\[([^\]]*)\]', 1)
                 WHEN regexp_matches(text, '^[^:]+:[0-9]*$') THEN split_part(text, ':', 1)
                 WHEN text <> '-' THEN text END, ''), '.'), 255) AS name
        FROM (
            SELECT host, seen, lower(trim(coalesce(spelled.dns, host))) AS text
            FROM (
                SELECT host, bool_or(seen) AS seen
                FROM (
                    SELECT host, TRUE AS seen FROM cell
                    UNION ALL
                    SELECT domain, FALSE FROM listed WHERE list IN ('imitated', 'own_domains'))
                GROUP BY host)
            LEFT JOIN spelled USING (host))))
"""

# A row per host and domain above or at it, longest names last.
_TAILS = f"""
CREATE OR REPLACE TEMP TABLE tail AS
SELECT name, n, array_to_string(parts[-n:], '.') AS domain
FROM (
    SELECT name, parts, unnest(range(1, least(len(parts), {_MOST_LABELS}) + 1)) AS n
    FROM (SELECT DISTINCT name, parts FROM host_name WHERE NOT address AND name <> ''))
"""

# publicsuffix.org's algorithm: an exception prevails, else the longest rule does, else the last label alone.
# `registry` is the suffix of the domain registries, `suffix` that or the longer one of a company that gives
# names below its own.
_SUFFIXES = """
CREATE OR REPLACE TEMP TABLE suffix AS
WITH found AS (
    SELECT tail.name, rule.of = 'company' AS private, kind = 'exception' AS excepted,
        CASE kind WHEN 'plain' THEN n WHEN 'wildcard' THEN n + 1 ELSE n - 1 END AS n
    FROM tail JOIN suffix_rule rule ON rule.name = tail.domain),
longest AS (
    SELECT name,
        coalesce(max(n) FILTER (excepted), max(n)) AS n,
        coalesce(max(n) FILTER (excepted AND NOT private), max(n) FILTER (NOT private)) AS registry_n
    FROM found GROUP BY name)
SELECT name, len(parts) AS labels, least(coalesce(n, 1), labels) AS n,
    least(coalesce(registry_n, 1), labels) AS registry_n,
    array_to_string(parts[-least(coalesce(n, 1), labels) - 1:], '.') AS site,
    array_to_string(parts[-least(coalesce(registry_n, 1), labels):], '.') AS registry
FROM (SELECT DISTINCT name, parts FROM host_name WHERE NOT address AND name <> '')
LEFT JOIN longest USING (name)
"""
_ROLES = {
    "ip_echo": "ip_echo",
    "revocation": "revocation",
    "updates": "updates",
    "dynamic_dns": "dynamic_dns",
    "shorteners": "shortener",
    "user_content": "user_content",
    "own_domains": "own",
    "content_networks": "network",
}
_LISTED = f"""
CREATE OR REPLACE TEMP TABLE role AS
SELECT tail.name, {", ".join(f"bool_or(list = '{name}') AS {role}" for name, role in _ROLES.items())},
    bool_or(list = 'popular' AND tail.n > suffix.n OR list = 'popular' AND tail.n = suffix.labels)
    OR bool_or(list = 'content_networks') AS listed
FROM tail JOIN listed USING (domain) JOIN suffix USING (name) GROUP BY tail.name
"""

# How rare the last label is among popular sites.
_ENDINGS = """
CREATE OR REPLACE TEMP TABLE ending AS
SELECT ending, -log2((count(*) + 1.0) / (sum(count(*)) OVER () + 500)) AS bits
FROM (SELECT split_part(domain, '.', -1) AS ending FROM listed WHERE list = 'popular') GROUP BY ending
"""


_HOSTS = rf"""
CREATE OR REPLACE TEMP TABLE host AS
SELECT host, address,
    coalesce(CASE WHEN address THEN regexp_full_match(name, '{_INTERNAL_ADDRESS}')
        WHEN name <> '' THEN own OR labels = 1
            OR parts[-1] IN ({_INTERNAL_NAMES})
            OR array_to_string(parts[-2:], '.') IN ({_INTERNAL_NAMES}) END, FALSE) AS internal,
    coalesce(site, name) AS site, word, coalesce(substr(site, length(word) + 2), '') AS suffix,
    CASE WHEN address OR name = '' THEN 0 ELSE len(parts) END AS labels,
    CASE WHEN address THEN 0 ELSE list_max([length(part) for part in parts]) END AS longest_label,
    coalesce(listed AND NOT (dynamic_dns OR shortener OR user_content), FALSE) AS popular,
    coalesce(ip_echo, FALSE) AS ip_echo, coalesce(revocation, FALSE) AS revocation,
    coalesce(updates, FALSE) AS updates, coalesce(dynamic_dns, FALSE) AS dynamic_dns,
    coalesce(shortener, FALSE) AS shortener, coalesce(user_content, FALSE)
        OR customers AND NOT coalesce(network, FALSE) AS user_content,
    letters, CASE WHEN len(parts) > 1 AND NOT address AND NOT internal THEN coalesce(ending_bits, 14) END
        AS suffix_bits,
    -- Machines name the customers of content networks, but not those of dynamic DNS.
    CASE WHEN NOT (popular OR internal)
        THEN greatest(
            machine * CASE WHEN customers AND NOT coalesce(dynamic_dns, FALSE) THEN 0.3 ELSE 1 END,
            CASE WHEN NOT coalesce(user_content, FALSE) THEN 0.8 * below END) END AS generated,
    looks_like
FROM (
    SELECT host_name.*, suffix.site, suffix.labels,
        coalesce(suffix.n > suffix.registry_n, FALSE) AS customers,
        CASE WHEN site IS NULL THEN '' ELSE split_part(site, '.', 1) END AS word, role.* EXCLUDE (name),
        ending.bits AS ending_bits
    FROM host_name LEFT JOIN suffix USING (name) LEFT JOIN role USING (name)
    LEFT JOIN ending ON ending.ending = parts[-1] AND NOT address)
LEFT JOIN word USING (word)
LEFT JOIN made_below USING (name)
LEFT JOIN looks_like USING (name)
WHERE seen
"""


def describe_hosts(connection: duckdb.DuckDBPyConnection, lists: Lists) -> None:
    """Make the temporary table `host` of the hosts of `cell`: a row each, NULL included.

    Compare its hosts by IS NOT DISTINCT FROM if NULL counts. Without a value (NULL, empty, `-`) nothing holds
    and `site` is empty. Columns:

    - `address`: a bare IPv4 or IPv6 address, in any spelling that browsers take; its own site
    - `internal`: a private, local or multicast address, a name of one label or of an internal domain, an own
      domain's
    - `site`: the registered domain: one label more than the public suffix
    - `word`, `suffix`: the site's first label and the rest
    - `labels`, `longest_label`: their number, and the length of the longest one in characters
    - `popular`: a popular site, where only its owner decides what is there
    - `ip_echo`, `revocation`, `updates`, `dynamic_dns`, `shortener`, `user_content`: what the lists say;
      below a private rule of the Public Suffix List are customers' names, user content
    - `letters`: bits per letter of `word`, the more the less it is like the names of popular sites
    - `suffix_bits`: bits of the last label, the more the rarer it is among popular sites
    - `generated`: 0 to 1, how much likelier than not a machine made `word`, or a label left of the site
    - `looks_like`: the well-known or own domain that the name imitates, else NULL

    Raises RankingError if a list can't be used.
    """
    _load_lists(connection, lists)
    _load_spellings(connection)
    for statement in (_NAMES, _TAILS, _SUFFIXES, _LISTED, _ENDINGS, *machine_names.STATEMENTS):
        connection.execute(statement)
    _load_decoded(connection, lists)
    for statement in look_alikes.STATEMENTS:
        connection.execute(statement)
    connection.execute(_HOSTS)


def _load_lists(connection: duckdb.DuckDBPyConnection, lists: Lists) -> None:
    rows = [(domain, name) for name in LISTS for domain in lists.domains(name)]
    _load(connection, "listed", {"domain": [row[0] for row in rows], "list": [row[1] for row in rows]})
    rules = lists.suffix_rules()
    columns = {"name": [rule.name for rule in rules], "kind": [rule.kind for rule in rules]}
    columns["of"] = [rule.of for rule in rules]
    _load(connection, "suffix_rule", columns)


def _load_spellings(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `spelled`: how DNS spells the hosts that have other letters than ASCII's."""
    hosts = connection.sql(
        r"SELECT DISTINCT host FROM cell WHERE regexp_matches(host, '[^\x00-\x7f]') AND length(host) < 256"
    ).fetchall()
    spelled: dict[str, str] = {}
    for (host,) in hosts:
        # Most hostile texts are no domain names: they stay as they are.
        with suppress(UnicodeError):
            spelled[host] = idna.encode(host, uts46=True).decode("ascii")
    _load(connection, "spelled", {"host": list(spelled), "dns": list(spelled.values())})


def _load_decoded(connection: duckdb.DuckDBPyConnection, lists: Lists) -> None:
    """Make `decoded`: the letters that labels of internationalized names show; and what confuses letters."""
    labels = connection.sql(
        "SELECT DISTINCT label FROM (SELECT unnest(parts) AS label FROM host_name WHERE name LIKE '%xn--%') "
        "WHERE label LIKE 'xn--%' AND length(label) < 64"
    ).fetchall()
    shown = {label: shown_label(label) for (label,) in labels}
    _load(connection, "decoded", {"label": list(shown), "shown": list(shown.values())})
    pairs = lists.confusables()
    connection.execute("SET VARIABLE confusable = ?", ["".join(pair[0] for pair in pairs)])
    connection.execute("SET VARIABLE plain = ?", ["".join(pair[1] for pair in pairs)])


def _load(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, list[str]]) -> None:
    table = pa.table({key: pa.array(values, pa.string()) for key, values in columns.items()})
    connection.register("loaded", table)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM loaded")
    connection.unregister("loaded")
