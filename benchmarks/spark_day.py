"""A day's statements on Spark, with what each reads, shuffles and holds in memory.

Spark runs in this process over a generated day's Parquet files. What a statement costs is summed from the
metrics of its tasks in Spark's event log.
"""

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Observation, SparkSession, functions

from benchmarks.generated_day import GeneratedDay
from benchmarks.scaling_tables import Cost
from proxy_oa_assets.model.tables import TABLES
from proxy_oa_assets.sql.query import Query

# Two cores with the memory that an executor's cores often have.
CORES, MEMORY = 2, "1g"
_MEGA = 1e6


@contextmanager
def spark(generated: GeneratedDay, settings: Mapping[str, str] | None = None) -> Iterator["SparkOfDay"]:
    """Start Spark with views of the tables' days."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "events").mkdir()
        every = {
            "spark.ui.enabled": "false",
            "spark.driver.memory": MEMORY,
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": folder,
            "spark.sql.warehouse.dir": folder,
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": f"file://{folder}/events",
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.compress": "false",
            "spark.sql.shuffle.partitions": "16",
            "spark.sql.ansi.enabled": "false",
            "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
            "spark.log.level": "OFF",
            "spark.ui.showConsoleProgress": "false",
            # Spark doesn't count what Parquet reads by several threads at once.
            "spark.hadoop.parquet.hadoop.vectored.io.enabled": "false",
            **(settings or {}),
        }
        builder = SparkSession.builder.master(f"local[{CORES}]").appName("scaling")
        for name, value in every.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        try:
            yield SparkOfDay(session, generated, Path(folder, "events"))
        finally:
            session.stop()


class SparkOfDay:
    """A session that has the tables of a generated day as views."""

    def __init__(self, session: SparkSession, generated: GeneratedDay, events: Path) -> None:
        self._session = session
        self._events = events
        for table in TABLES.values():
            folder = generated.base / table.location
            if folder.is_dir():
                numbers = () if table.hourly else tuple(column.name for column in table.partitions)
                columns = ", ".join(
                    f"CAST({each.name} AS INT) AS {each.name}" if each.name in numbers else each.name
                    for each in table.all_columns
                )
                # Our tables stand in a folder beside the partitions of `proxy`.
                files = session.read.option("basePath", f"file://{folder}").parquet(f"file://{folder}/y=*")
                files.createOrReplaceTempView(f"files_of_{table.name}")
                session.sql(f"SELECT {columns} FROM files_of_{table.name}").createOrReplaceTempView(
                    table.name
                )

    def plan(self, query: Query) -> str:
        """Return a statement's physical plan before it runs."""
        rows = self._session.sql(f"EXPLAIN FORMATTED {query.sql}", args=list(query.parameters)).collect()
        return str(rows[0][0])

    def costs(self, queries: Mapping[str, Query]) -> dict[str, Cost]:
        """Run statements, one after the other, without a fetch of their rows, and return what each cost."""
        rows: dict[str, int] = {}
        errors: dict[str, str] = {}
        for name, query in queries.items():
            self._session.sparkContext.setJobGroup(name, name)
            seen = Observation()
            answer = self._session.sql(query.sql, args=list(query.parameters))
            try:
                counted = answer.observe(seen, functions.count(functions.lit(1)).alias("rows"))
                counted.write.format("noop").mode("overwrite").save()
                rows[name] = seen.get["rows"]
            except (Py4JJavaError, PySparkException) as error:
                errors[name] = _cause(str(error))
        self._session.stop()
        (log,) = (file for file in self._events.rglob("*") if file.is_file() and file.stat().st_size)
        of_tasks = _tasks(map(json.loads, log.read_text(encoding="utf-8").splitlines()))
        return {name: _summed(of_tasks[name], rows.get(name, 0), errors.get(name, "")) for name in queries}


def _tasks(events: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the metrics of the tasks of each statement."""
    statement_of: dict[int, str] = {}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event["Event"] == "SparkListenerJobStart":
            for stage in event["Stage IDs"]:
                statement_of.setdefault(stage, event["Properties"].get("spark.jobGroup.id", ""))
        elif event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
            found[statement_of[event["Stage ID"]]].append(event["Task Metrics"])
    return found


def _summed(tasks: Sequence[dict[str, Any]], rows: int, error: str) -> Cost:
    def fetched(task: dict[str, Any]) -> float:
        shuffle = task["Shuffle Read Metrics"]
        return float(shuffle["Local Bytes Read"] + shuffle["Remote Bytes Read"]) / _MEGA

    return Cost(
        read=sum(task["Input Metrics"]["Bytes Read"] for task in tasks) / _MEGA,
        shuffled=sum(task["Shuffle Write Metrics"]["Shuffle Bytes Written"] for task in tasks) / _MEGA,
        spilled=sum(task["Disk Bytes Spilled"] for task in tasks) / _MEGA,
        held=max((task["Peak Execution Memory"] for task in tasks), default=0) / _MEGA,
        widest=max(map(fetched, tasks), default=0),
        seconds=sum(task["Executor CPU Time"] for task in tasks) / 1e9,
        rows=rows,
        error=error,
    )


def _cause(message: str) -> str:
    """Return what a message says of the first cause that it names."""
    causes = [line for line in message.splitlines() if "OutOfMemory" in line or "Exception" in line]
    return (causes or [message])[0].strip()[:200]
