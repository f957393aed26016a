"""A site whose results are published and removed, and the sensor `new_results`."""

import logging
import os
import time
import uuid
from dataclasses import dataclass, field

import dagster as dg
from support.definitions import DAILY, defs
from support.home import Home

from proxy_oa_assets.defs.automation.jobs import PROXY_DAY
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.hdfs import FileStore

YESTERDAY = Day.parse(DAILY.get_partition_keys()[-1])
_REPOSITORY = defs.get_repository_def()
_NEW_RESULTS = defs.resolve_sensor_def("new_results")


def ago(days: int) -> Day:
    """Return the day that many days before yesterday."""
    return YESTERDAY.plus(-days)


class Lines(logging.Handler):
    """Keeps the lines that a tick logs."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        """Keep a line."""
        self.lines.append(record.getMessage())


@dataclass
class Site:
    """A home whose results are published and removed, and the sensor that looks at them."""

    home: Home
    instance: dg.DagsterInstance
    cursor: str | None = None
    log: list[str] = field(default_factory=list)
    skipped: str | None = None
    hdfs: FileStore | None = None

    def publish(self, day, *, hours_ago=0.0, content="a row\n"):
        """Write a day's results, modified some hours ago."""
        return self.write(self.home.results(day), hours_ago=hours_ago, content=content)

    def write(self, path, *, hours_ago=0.0, content="a row\n"):
        """Write a file, modified some hours ago."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return self.age(path, hours_ago=hours_ago)

    def age(self, path, *, hours_ago=0.0):
        """Make a file's time earlier, at least by the definitions' PROXY_OA_RESULTS_MIN_AGE."""
        modified = time.time() - hours_ago * 3600 - 61
        os.utime(path, (modified, modified))
        return path

    def materialize(self, day):
        """Materialize `proxy_results` alone, as from the web UI."""
        assert self.home.materialize(day, assets=["proxy_results"], instance=self.instance).success

    def tick(self):
        """Evaluate the sensor twice, as results count that two ticks have seen; return what it requests."""
        self.look()
        lines = self.log
        requests = self.look()
        self.log = lines + self.log
        return requests

    def look(self):
        """Evaluate the sensor as Dagster's daemon does, which stores its reports; return what it requests."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=_REPOSITORY,
            resources=self._resources(),
        ) as context:
            lines = Lines()
            context.log.addHandler(lines)
            found = _NEW_RESULTS.evaluate_tick(context)
        self.cursor, self.log, self.skipped = found.cursor, lines.lines, found.skip_message
        for event in found.asset_events:
            self.instance.report_runless_asset_event(event)
        return found.run_requests

    def _resources(self):
        resources = self.home.deployment.resources()
        return {**resources, "hdfs": self.hdfs or resources["hdfs"]}

    def days(self):
        """Evaluate the sensor, start the runs it requests, and return their days."""
        requests = self.tick()
        for request in requests:
            self.start(request)
        return [request.partition_key for request in requests]

    def start(self, request):
        """Record the run of a request, as the daemon does when it queues it."""
        self.instance.add_run(
            dg.DagsterRun(
                job_name=PROXY_DAY,
                run_id=str(uuid.uuid4()),
                tags={"dagster/run_key": request.run_key, "dagster/partition": request.partition_key},
            )
        )
