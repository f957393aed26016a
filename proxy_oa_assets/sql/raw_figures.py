"""The SELECTs of what a day's raw rows have, and of which columns they have nothing."""

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.sql.query import NO_VALUE, Query, nulls_last, of_day

# Without the date and time, which each row has.
FIGURED_COLUMNS = PROXY.column_names[2:]
PREVIEWED_COLUMNS = ("p_time", "clientip", "reqmethod", "fulluri", "respcode", "scbytes", "useragent")


def figures_by_hour(day: Day) -> Query:
    """Select figures of each hour that has rows.

    Columns: hh (NULL for a folder of no hour), total, connects (rows of CONNECT), own (rows whose client is
    the server that answered), and for each of `FIGURED_COLUMNS` filled_<column> (rows that have a value).
    """
    where, values = of_day(PROXY, day)
    nothing = ", ".join("?" * len(NO_VALUE))
    filled = []
    bound: tuple[str, ...] = ()
    for column in PROXY.columns[2:]:
        has = f"{column.name} IS NOT NULL"
        if column.type == "STRING":
            has += f" AND {column.name} NOT IN ({nothing})"
            bound += NO_VALUE
        filled.append(f"sum(CASE WHEN {has} THEN 1 ELSE 0 END) AS filled_{column.name}")
    sql = f"""
SELECT CAST(h AS INT) AS hh, count(*) AS total,
    sum(CASE WHEN reqmethod = ? THEN 1 ELSE 0 END) AS connects,
    sum(CASE WHEN clientip = serverip AND clientip NOT IN ({nothing}) THEN 1 ELSE 0 END) AS own,
    {", ".join(filled)}
FROM proxy WHERE {where}
GROUP BY CAST(h AS INT)
ORDER BY {nulls_last(["hh"])}
"""
    return Query(sql, ("CONNECT", *NO_VALUE, *bound, *values), (day, day))


def distinct_values(day: Day, column: str) -> Query:
    """Select how many values a column of the day's raw rows has."""
    where, values = of_day(PROXY, day)
    nothing = ", ".join("?" * len(NO_VALUE))
    return Query(
        f"SELECT count(DISTINCT {column}) AS total FROM proxy WHERE {where} AND {column} NOT IN ({nothing})",
        (*values, *NO_VALUE),
        (day, day),
    )


def first_rows(day: Day, limit: int) -> Query:
    """Select the day's earliest raw rows, their most telling columns."""
    where, values = of_day(PROXY, day)
    columns = ", ".join(PREVIEWED_COLUMNS)
    return Query(
        f"SELECT {columns} FROM proxy WHERE {where} ORDER BY {nulls_last(PREVIEWED_COLUMNS)} LIMIT ?",
        (*values, limit),
        (day, day),
    )
