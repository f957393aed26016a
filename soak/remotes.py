"""Backfill a week while every remote system fails in turn, then run its days again.

    python -m soak.remotes [--deployment embedded|cluster|both]

Embedded, each of six reputation services and the webhook behaves differently on each of seven days, so that
each fails in every way once. On a cluster, HDFS or the SQL engine fails in the middle of each day. A day must
end done or failed with a message that says what failed; no other day may change; and once all is well, the
day run again must be what an undisturbed one is.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from soak.cluster_faults import fail_the_cluster
from soak.counts import Counts, write_counts
from soak.service_faults import fail_the_services

NAMES = ("remote", "failure")
# What a day was at the end of its run, and once it was run again.
OUTCOMES = ("done", "failed", "done again", "torn", "lost", "not finished")
_WEEKS: dict[str, Callable[[Path, Counts], None]] = {
    "embedded": fail_the_services,
    "cluster": fail_the_cluster,
}


def main() -> None:
    """Backfill a week on each deployment, write the counts, and exit with 1 if a day was torn or lost."""
    parser = argparse.ArgumentParser(prog="python -m soak.remotes", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--deployment", choices=(*_WEEKS, "both"), default="both")
    parser.add_argument("--record", type=Path, help="a file to which each outcome is added")
    options = parser.parse_args()
    counts = Counts(NAMES, record=options.record)
    for name, fail in _WEEKS.items():
        if options.deployment in (name, "both"):
            with tempfile.TemporaryDirectory(prefix="proxy-oa-soak-") as folder:
                fail(Path(folder), counts)
    if options.record:
        counts = Counts.recorded(NAMES, options.record)
    print(counts.markdown(OUTCOMES))
    write_counts("remotes", counts.markdown(OUTCOMES), "dagster", "duckdb", "requests")
    sys.exit(bool(counts.defects))


if __name__ == "__main__":
    main()
