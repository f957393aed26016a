"""What libraries log of our requests, and isn't to be written: addresses hold secrets."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

# Those of the loggers of urllib3 and requests that write addresses.
_TELLING = ("urllib3.connectionpool", "urllib3.util.retry", "requests")


@contextmanager
def untold(is_ours: Callable[[logging.LogRecord], bool]) -> Iterator[None]:
    """Keep records that are of our requests from being written; everybody else's are written as ever."""

    def is_another_s(record: logging.LogRecord) -> bool:
        return not is_ours(record)

    with ExitStack() as stack:
        for name in _TELLING:
            logger = logging.getLogger(name)
            logger.addFilter(is_another_s)
            stack.callback(logger.removeFilter, is_another_s)
        yield
