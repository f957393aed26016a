"""What libraries log of requests to services, and isn't to be written: addresses hold secrets."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

# Threads whose names begin so ask services.
ASKING = "reputation"
_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry", "requests")


@contextmanager
def untold() -> Iterator[None]:
    """Keep what libraries log of our requests, with their addresses, from being written."""

    def is_another_s(record: logging.LogRecord) -> bool:
        return not (record.threadName or "").startswith(ASKING)

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(is_another_s)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_another_s)
