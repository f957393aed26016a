-- One hour's rows of `proxy`. $first and $beyond bound the rows' numbers; every value is drawn from a hash of
-- the row's number, so that the same number gives the same row.
WITH drawn AS (
    SELECT i, second, zipf(i, 'site', {sites}) AS site, zipf(i, 'page', 400) AS page,
        zipf(i, 'client', {clients}) AS client, hash(i, 'answer') AS answer,
        CASE WHEN hash(i, 'suspicious') % $one_in = 0
            THEN CAST(floor(pow({connections}, uniform(i, 'connection') * $spread)) AS BIGINT) END AS connection
    FROM (SELECT range AS i, (range - $first) * 3600 // ($beyond - $first) AS second FROM range($first, $beyond))
),
addressed AS (
    SELECT *,
        CASE WHEN connection IS NULL THEN address(client)
            ELSE address(hash(connection, 'client') % {clients}) END AS clientip,
        CASE WHEN connection IS NULL
            THEN concat(one_of(['www.', 'cdn.', 'api.', 'static.', ''], site), letters(site, 'host', 4 + site % 9),
                one_of(['.com', '.net', '.org', '.example', '.co.uk'], site // 5))
            ELSE concat(letters(connection, 'host', 12), '.top') END AS host,
        CASE WHEN connection IS NULL
            THEN concat('/', letters(site, page // 20, 6), '/2016/09/', letters(site, page, 8 + page % 20),
                one_of(['', '.html', '.js', '.png', '/'], page))
            ELSE concat('/gate/', letters(connection, 'path', 8), '.php') END AS uripath,
        CASE WHEN connection IS NOT NULL THEN concat('?bot=', letters(connection, 'bot', 16))
            WHEN hash(i, 'query') % 100 < 40
            THEN concat('?id=', zipf(i, 'id', 100000), '&session=', letters(i, 'session', 20),
                '&utm_source=newsletter')
            ELSE '' END AS uriquery
    FROM drawn
)
SELECT
    $date AS p_date,
    concat($hour, ':', lpad(CAST(second // 60 AS VARCHAR), 2, '0'), ':', lpad(CAST(second % 60 AS VARCHAR), 2, '0'))
        AS p_time,
    clientip,
    host,
    one_of(['GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'CONNECT', 'HEAD'], answer) AS reqmethod,
    browser(client % 240) AS useragent,
    one_of(['text/html', 'application/javascript', 'image/png', 'image/jpeg', 'application/json', '-'], page)
        AS resconttype,
    CAST(CASE WHEN answer % 40 = 0 THEN NULL ELSE zipf(i, 'duration', 90000) END AS INTEGER) AS duration,
    CASE WHEN client % 4 = 0 THEN '-' ELSE concat('user', client) END AS username,
    '-' AS authgroup,
    '-' AS exceptionid,
    one_of(['OBSERVED', 'OBSERVED', 'PROXIED', 'DENIED'], answer // 7) AS filterresult,
    one_of(['Technology/Internet', 'News/Media', 'Web Ads/Analytics', 'Content Servers', 'Uncategorized'],
        site % 100) AS webcat,
    CASE WHEN answer % 3 = 0 THEN NULL
        ELSE concat('http://www.', letters(zipf(i, 'from', 5000), 'host', 8), '.com/') END AS referer,
    one_of(['200', '200', '200', '200', '200', '304', '302', '404', '503', '-'], answer // 3) AS respcode,
    one_of(['TCP_NC_MISS', 'TCP_HIT', 'TCP_MISS', 'TCP_TUNNELED'], answer // 5) AS action,
    one_of(['http', 'http', 'https'], site) AS urischeme,
    one_of(['80', '80', '443'], site) AS uriport,
    uripath,
    uriquery,
    one_of(['-', 'html', 'js', 'png', '-'], page) AS uriextension,
    concat('93.', site % 180, '.', site // 180, '.7') AS serverip,
    CAST(zipf(i, 'bytes', 4000000) AS INTEGER) AS scbytes,
    CAST(200 + zipf(i, 'sent', 4000) AS INTEGER) AS csbytes,
    '-' AS virusid,
    '-' AS bcappname,
    '-' AS bcappoper,
    concat(host, uripath, uriquery) AS fulluri
FROM addressed
