"""Names that imitate a well-known site or an own domain, in DuckDB's SQL over the tables of `hosts.py`.

A name imitates a site by letters that look alike (`paypa1.com`, `xn--80ak6aa92e.com`), by one letter more,
less, other or swapped (`gogle.com`), by a word of sign-in pages (`paypal-login.com`, `securepaypal.com`,
`paypal.secure-login.example`), or by the whole site as labels of another (`paypal.com.example.net`). A
popular site imitates none, and neither does another site of the same word (`paypal.de`), own ones aside.
"""

# Words to imitate have so many letters: shorter ones are one letter from too many others. Of 35,000 domains
# of small sites, 48 are found alike.
_LEAST, _LEAST_OWN, _LEAST_GLUED, _LEAST_TYPO = 5, 4, 6, 8
# A word that is popular under several suffixes is a name that people know.
_LEAST_KNOWN_TYPO, _WELL_KNOWN = 6, 4
_MOST = 40
_PAGES = (
    "login logon signin secure security account accounts verify verification support update billing payment "
    "password recovery wallet auth confirm unlock"
)
_LURES = (
    f"{_PAGES} sign sso mfa otp authenticate authentication oauth myaccount secured safe verified validate "
    "validation confirmation updates upgrade help helpdesk servicedesk service services customer "
    "client webmail mailbox passwd reset recover restore unblock blocked suspended limited alert "
    "alerts notice notification invoice invoices payments pay refund portal access online web www "
    "com net org remote vpn id user users documents docs share file files download app apps team "
    "official mail cloud drive office"
)
_PAGE = "|".join(_PAGES.split())
_PAGE_WORDS = ", ".join(f"'{page}'" for page in _PAGES.split())
_LURE = ", ".join(f"'{lure}'" for lure in _LURES.split())

STATEMENTS = (
    # What a word looks like: i and l, whose capitals look alike, are one.
    """
CREATE OR REPLACE TEMP MACRO look_of(word) AS replace(replace(translate(
    CASE WHEN strlen(word) = length(word) THEN word
        ELSE strip_accents(translate(word, getvariable('confusable'), getvariable('plain'))) END,
    '0135i', 'olesl'), 'rn', 'm'), 'vv', 'w')
""",
    f"""
CREATE OR REPLACE TEMP TABLE target AS
WITH known AS (
    SELECT split_part(domain, '.', 1) AS word, count(*) AS suffixes
    FROM listed WHERE list = 'popular' GROUP BY word),
word AS (
    SELECT site, split_part(site, '.', 1) AS word, list = 'own_domains' AS own
    FROM listed JOIN suffix ON suffix.name = listed.domain
    WHERE list IN ('imitated', 'own_domains') AND suffix.labels > suffix.n)
SELECT look_of(word) AS look, word, own, min_by(site, (site NOT LIKE '%.com', length(site), site)) AS site,
    coalesce(max(suffixes), 0) AS suffixes
FROM word LEFT JOIN known USING (word)
GROUP BY word, own
HAVING length(look) BETWEEN CASE WHEN own THEN {_LEAST_OWN} ELSE {_LEAST} END AND {_MOST}
""",
    # The labels of names that may imitate, as people see them; those of public suffixes aside.
    f"""
CREATE OR REPLACE TEMP TABLE suspect AS
SELECT name, site, parts[:labels - suffix.n - CASE WHEN listed THEN 1 ELSE 0 END] AS parts,
    -- What stands left of the site; `paypal.com-a.example` counts as `paypal.com`.
    array_to_string(list_append(parts[:labels - suffix.n - 1],
        CASE WHEN site LIKE '%-%.%' THEN split_part(split_part(site, '.', 1), '-', 1) END), '.') AS below
FROM (SELECT DISTINCT name, parts FROM host_name WHERE seen AND NOT address)
JOIN suffix USING (name) LEFT JOIN role USING (name)
WHERE labels > suffix.n
    AND NOT coalesce(own OR listed AND NOT (user_content OR dynamic_dns OR shortener), FALSE);
CREATE OR REPLACE TEMP TABLE label AS
SELECT label, shown, look_of(shown) AS look
FROM (
    SELECT label, coalesce(decoded.shown, label) AS shown
    FROM (SELECT DISTINCT unnest(parts) AS label FROM suspect) LEFT JOIN decoded USING (label)
    WHERE length(label) BETWEEN {_LEAST_OWN} AND 63 AND label NOT IN (SELECT word FROM target))
""",
    f"""
CREATE OR REPLACE TEMP TABLE imitation AS
WITH token AS (
    SELECT label, tokens, unnest(tokens) AS token
    FROM (SELECT label, string_split(shown, '-') AS tokens FROM label WHERE shown LIKE '%-%')),
glued AS (
    SELECT label, unnest([
        regexp_extract(shown, '^(?:{_PAGE})(.+)$', 1),
        regexp_extract(shown, '^(.+?)(?:{_PAGE})$', 1)]) AS rest
    FROM label WHERE regexp_matches(shown, '^({_PAGE})|({_PAGE})$'))
SELECT label, target.site, target.own, 1 AS way FROM label JOIN target USING (look)
UNION ALL
SELECT label, target.site, target.own, 2
FROM label JOIN target ON target.look = look_of(replace(shown, '-', ''))
WHERE shown LIKE '%-%'
UNION ALL
SELECT label, target.site, target.own, 3 FROM token JOIN target ON target.look = look_of(token)
WHERE token NOT IN ({_LURE}) AND list_has_any(tokens, [{_LURE}])
UNION ALL
SELECT label, target.site, target.own, 4 FROM glued JOIN target ON target.look = look_of(rest)
WHERE length(rest) >= {_LEAST_GLUED} AND rest NOT IN ({_LURE})
""",
    # One letter of the site's word: words so near have a spelling in common that lacks at most one letter.
    f"""
CREATE OR REPLACE TEMP MACRO spellings(word) AS
    list_transform(range(0, length(word) + 1), lambda i: concat(left(word, i), substr(word, i + 2)));
CREATE OR REPLACE TEMP TABLE typo AS
WITH near AS (
    SELECT look, site, own, suffixes, unnest(list_distinct(spellings(look))) AS spelling
    FROM target
    WHERE own OR length(look) >= CASE WHEN suffixes > 1 THEN {_LEAST_KNOWN_TYPO} ELSE {_LEAST_TYPO} END),
word AS (
    SELECT label, look, unnest(list_distinct(spellings(look))) AS spelling
    FROM label
    WHERE label IN (SELECT split_part(site, '.', 1) FROM suspect)
        AND length(look) BETWEEN {_LEAST_OWN} AND {_MOST})
SELECT DISTINCT label, near.site, near.own
FROM word JOIN near USING (spelling)
WHERE damerau_levenshtein(word.look, near.look) = 1
    AND (own OR left(word.look, 1) = left(near.look, 1)
        AND (suffixes >= {_WELL_KNOWN} OR length(word.look) >= {_LEAST_KNOWN_TYPO}))
""",
    f"""
CREATE OR REPLACE TEMP TABLE looks_like AS
WITH found AS (
    SELECT name, imitation.site, imitation.own, way
    FROM (SELECT name, unnest(parts) AS label FROM suspect) JOIN imitation USING (label)
    UNION ALL
    SELECT name, typo.site, own, 6
    FROM suspect JOIN typo ON typo.label = split_part(suspect.site, '.', 1)
    UNION ALL
    SELECT name, target.site, TRUE, 0
    FROM suspect JOIN target ON target.own AND target.word = split_part(suspect.site, '.', 1)
    UNION ALL
    -- `paypal.secure-login.example`
    SELECT name, target.site, own, 7
    FROM (SELECT name, site, unnest(string_split(below, '.')) AS label FROM suspect) suspect
    JOIN target ON target.word = label AND (own OR suffixes > 1)
    WHERE list_has_any(string_split(split_part(suspect.site, '.', 1), '-'), [{_PAGE_WORDS}])
    UNION ALL
    SELECT name, domain, list = 'own_domains', 5
    FROM (
        SELECT name, array_to_string(labels[i:i + n], '.') AS domain
        FROM (
            SELECT name, labels, n, unnest(range(1, len(labels))) AS i
            FROM (SELECT name, string_split(below, '.')[-16:] AS labels FROM suspect WHERE below LIKE '%.%'),
                (VALUES (1), (2)) r(n)))
    JOIN listed USING (domain)
    WHERE list IN ('imitated', 'own_domains') AND domain LIKE '%_.__%')
SELECT name, min_by(site, (NOT own, way, site)) AS looks_like FROM found GROUP BY name
""",
)
