"""Features of Dagster that are used on purpose, though Dagster marks them as beta or preview.

Backfill policies, links to the source, and checks per partition: without this, each warns once per use, a
page of it whenever the definitions load. The pins and the tests tell when one of them changes.
"""

import warnings

import dagster as dg


def accept() -> None:
    """Don't warn of beta and preview features in this process."""
    for category in (dg.BetaWarning, dg.PreviewWarning):
        warnings.filterwarnings("ignore", category=category)
