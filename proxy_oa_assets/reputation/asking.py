"""The threads that ask services, known by their names."""

import logging

# How the names of such threads begin.
ASKING = "reputation"


def is_of_asking(record: logging.LogRecord) -> bool:
    """Return whether a log record is of such a thread."""
    return (record.threadName or "").startswith(ASKING)
