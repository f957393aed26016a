"""The days before a ranked day."""

PAST = """CREATE OR REPLACE TEMP TABLE past (clientip VARCHAR, host VARCHAR, useragent VARCHAR, days_ago INTEGER,
    first_second INTEGER, last_second INTEGER, requests BIGINT, posts BIGINT, sent BIGINT, received BIGINT)"""


def read_past(connection, warehouse, day, days):
    connection.execute(PAST)
