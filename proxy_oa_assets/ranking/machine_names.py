"""How unlike popular names the labels of hosts are, in DuckDB's SQL over the tables of `hosts.py`.

`word` has the registered labels and those below them: `letters` is their bits per letter among popular names,
`machine`, from 0 to 1, how much likelier than not a machine made one. It follows from the factor, in powers
of 2, by which a label is likelier among random characters of its own kinds (10 digits, 16 hex digits, 26
letters, all 37) than among the names of popular sites. Half of all names of 9 random letters have 14, one of
100 popular names 10.
"""

_LEAST = 6  # letters of a label below the registered one; shorter ones are numbers and abbreviations
# A pair of letters that no popular name has, in thousandths of a bit: sums of whole numbers are the same in
# any order.
_UNSEEN = 11_000
_EVEN = 10

STATEMENTS = (
    # How often one letter follows another in the names of popular sites; ^ and $ are the ends.
    """
CREATE OR REPLACE TEMP TABLE letter_pair AS
WITH word AS (
    SELECT concat('^', parts[-2], '$') AS word
    FROM (SELECT string_split(domain, '.') AS parts FROM listed WHERE list = 'popular')
    WHERE len(parts) > 1 AND regexp_full_match(parts[-2], '[a-z0-9-]+') AND parts[-2] NOT LIKE 'xn--%'),
pair AS (
    SELECT pair, count(*) AS times
    FROM (SELECT substr(word, unnest(range(1, length(word))), 2) AS pair FROM word) GROUP BY pair)
SELECT pair, CAST(round(-1000 * log2(
    (times + 0.5) / (sum(times) OVER (PARTITION BY left(pair, 1)) + 19))) AS BIGINT) AS bits
FROM pair
""",
    # Below a company's suffix, the labels are those of its machines.
    """
CREATE OR REPLACE TEMP TABLE below AS
SELECT name, unnest(string_split(left(name, -length(site) - 1), '.')) AS word
FROM suffix WHERE n = registry_n AND labels > n + 1
""",
    f"""
CREATE OR REPLACE TEMP TABLE word AS
WITH pair AS (
    SELECT word, substr(concat('^', word, '$'), unnest(range(1, length(word) + 2)), 2) AS pair
    FROM (
        SELECT split_part(site, '.', 1) AS word FROM suffix
        UNION
        SELECT word FROM below WHERE length(word) >= {_LEAST})
    WHERE regexp_full_match(word, '[a-z0-9-]{{2,63}}') AND word NOT LIKE 'xn--%'),
word AS (
    SELECT word, count(*) AS pairs, sum(coalesce(bits, {_UNSEEN})) / 1000.0 AS bits,
        length(word) * log2(
            CASE WHEN regexp_full_match(word, '[0-9]+') THEN 10
                WHEN length(word) >= 8 AND regexp_full_match(word, '[0-9a-f]+') THEN 16
                WHEN regexp_full_match(word, '[a-z]+') THEN 26 ELSE 37 END) AS random_bits
    FROM pair LEFT JOIN letter_pair USING (pair) GROUP BY word)
SELECT word, bits / pairs AS letters,
    least(1, greatest(0, (length(word) - 3) / 4.0)) / (1 + exp(({_EVEN} - bits + random_bits) / 2)) AS machine
FROM word
""",
    """
CREATE OR REPLACE TEMP TABLE made_below AS
SELECT name, max(machine) AS below FROM below JOIN word USING (word) GROUP BY name
""",
)
