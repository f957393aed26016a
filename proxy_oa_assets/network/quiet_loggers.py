"""Packages that log as an error, some with a traceback, what they raise as well."""

import logging


def quiet(*loggers: str) -> None:
    """Leave it to us to tell of what is raised."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.CRITICAL)
