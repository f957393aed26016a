"""What is known of hosts by their names."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lists:
    popular: Path


def describe_hosts(con, lists):
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE popular AS SELECT DISTINCT lower(column0) AS domain FROM read_csv('{lists.popular}', header=false, columns={{'column0':'VARCHAR'}})"
    )
    con.execute(
        """
CREATE OR REPLACE TEMP TABLE hostname AS
SELECT host, address, labels, tld, longest,
  CASE WHEN address THEN host
       WHEN length(tld) = 2 AND labels >= 3 AND length(split_part(host,'.',-2)) <= 3 THEN concat(split_part(host,'.',-3),'.',split_part(host,'.',-2),'.',tld)
       WHEN labels >= 2 THEN concat(split_part(host,'.',-2),'.',tld) ELSE host END AS site,
  CASE WHEN address THEN '' WHEN length(tld) = 2 AND labels >= 3 AND length(split_part(host,'.',-2)) <= 3 THEN split_part(host,'.',-3)
       WHEN labels >= 2 THEN split_part(host,'.',-2) ELSE host END AS word
FROM (SELECT DISTINCT host, regexp_full_match(host,'[0-9.]+|.*:.*|\\[.*') AS address, len(string_split(host,'.')) AS labels, split_part(host,'.',-1) AS tld,
        list_max(list_transform(string_split(host,'.'), lambda x: length(x))) AS longest FROM cell);
CREATE OR REPLACE TEMP TABLE letters AS
WITH known AS (SELECT substr(w, i, 2) AS two, count(*) AS n FROM (SELECT concat('^', split_part(domain,'.',-2), '$') AS w FROM popular), range(1, 40) r(i) WHERE i < length(w) GROUP BY 1),
     first AS (SELECT substr(two,1,1) AS a, sum(n) AS n FROM known GROUP BY 1),
     mine AS (SELECT word, substr(concat('^', word, '$'), i, 2) AS two FROM (SELECT DISTINCT word FROM hostname WHERE length(word) > 0), range(1, 64) r(i) WHERE i < length(word) + 2)
SELECT word, avg(-log2((coalesce(known.n, 0) + 0.5) / (coalesce(first.n, 0) + 19))) AS bits
FROM mine LEFT JOIN known USING (two) LEFT JOIN first ON first.a = substr(mine.two,1,1) GROUP BY word;
CREATE OR REPLACE TEMP TABLE ending AS
SELECT tld, -log2((count(*) FILTER (popular) + 1.0) / (SELECT count(*) + 500 FROM popular)) AS bits
FROM (SELECT split_part(domain,'.',-1) AS tld, TRUE AS popular FROM popular UNION ALL SELECT DISTINCT tld, FALSE FROM hostname) GROUP BY tld;
CREATE OR REPLACE TEMP TABLE known_host AS
SELECT DISTINCT host FROM (SELECT host, unnest([host, site, concat(split_part(host,'.',-3),'.',split_part(host,'.',-2),'.',split_part(host,'.',-1)), concat(split_part(host,'.',-2),'.',split_part(host,'.',-1))]) AS up FROM hostname WHERE NOT address)
JOIN popular ON domain = up;
CREATE OR REPLACE TEMP TABLE host AS SELECT h.host, address,
 coalesce(regexp_full_match(h.host, '(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|127\\.|169\\.254\\.|fe80|fc|fd).*') AND address OR labels < 2 AND NOT address OR h.tld IN ('local','lan','internal','corp','home','intranet','localdomain'), false) AS internal,
 site, h.word, h.tld AS suffix, labels, longest AS longest_label, k.host IS NOT NULL AS popular, bits AS letters, e.bits AS suffix_bits, 0.0 AS generated, NULL::VARCHAR AS looks_like,
 FALSE AS ip_echo, FALSE AS revocation, FALSE AS updates, FALSE AS dynamic_dns, FALSE AS shortener, FALSE AS user_content
FROM hostname h LEFT JOIN letters ON letters.word = h.word LEFT JOIN ending e ON e.tld = h.tld LEFT JOIN known_host k ON k.host = h.host
""".replace("bits AS letters", "letters.bits AS letters")
    )
