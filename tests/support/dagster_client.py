"""A client of Dagster's GraphQL API."""

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

ASSETS = (
    *("proxy_history", "ml_results", "proxy_results", "scored_connections", "edge_details"),
    *("ingest_summary", "notebooks"),
)
_LAUNCH_BACKFILL = """
mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message } ... on UnauthorizedError { message } } }"""
_BACKFILL = """
query ($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"""
_BACKFILLS = """
query { partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills { results { id } } } }"""
_PARTITIONS = """
query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { status startKey endKey } } } } } }"""
_RUNS = """
query ($filter: RunsFilter!) { runsOrError(filter: $filter, limit: 500) { ... on Runs { results {
    runId status jobName tags { key value } } } } }"""
_EVENTS = """
query ($id: ID!, $after: String) { logsForRun(runId: $id, afterCursor: $after) { ... on EventConnection {
    cursor hasMore events { __typename ... on MessageEvent { message stepKey timestamp }
    ... on ExecutionStepFailureEvent { failureMetadata { description } error { message } } } } } }"""
_REEXECUTE = """
mutation ($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""

_TERMINATE = """
mutation ($id: String!) { terminateRun(runId: $id) { __typename ... on PythonError { message } } }"""


class DagsterClient:
    """Launches and reads runs and backfills."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data of a response. Raises AssertionError for an error of the API."""
        request = urllib.request.Request(
            f"{self._address}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def backfill(self, days: dict[str, list[str]]) -> str:
        """Launch a backfill of each asset's days and return its id."""
        by_asset = [
            {"assetKey": {"path": [asset]}, "partitions": {"ranges": [{"start": d, "end": d} for d in keys]}}
            for asset, keys in days.items()
        ]
        launched = self.ask(_LAUNCH_BACKFILL, params={"partitionsByAssets": by_asset})
        backfill: str = launched["launchPartitionBackfill"]["backfillId"]
        return backfill

    def latest_backfill(self) -> str:
        """Return the id of the backfill that was launched last."""
        latest: str = self.ask(_BACKFILLS)["partitionBackfillsOrError"]["results"][0]["id"]
        return latest

    def backfill_status(self, backfill: str) -> str:
        """Return REQUESTED, COMPLETED_SUCCESS, COMPLETED_FAILED and the like."""
        return self.ask(_BACKFILL, id=backfill)["partitionBackfillOrError"]["status"]

    def finished_backfill(self, days: dict[str, list[str]], seconds: float = 600) -> str:
        """Launch a backfill, wait until it has ended, and return its id."""
        backfill = self.backfill(days)
        wait_until(lambda: self.backfill_status(backfill).startswith(("COMPLETED", "FAILED")), seconds)
        return backfill

    def partitions(self, asset: str) -> dict[str, list[tuple[str, str]]]:
        """Return an asset's ranges of days by status, MATERIALIZED, FAILED or MATERIALIZING."""
        node = self.ask(_PARTITIONS, key={"path": [asset]})["assetNodeOrError"]
        found: dict[str, list[tuple[str, str]]] = {}
        for entry in node["assetPartitionStatuses"]["ranges"]:
            found.setdefault(entry["status"], []).append((entry["startKey"], entry["endKey"]))
        return found

    def days(self, asset: str, status: str, among: list[str]) -> list[str]:
        """Return those of the days that have a status."""
        ranges = self.partitions(asset).get(status, [])
        return [day for day in among if any(start <= day <= end for start, end in ranges)]

    def left(self, among: list[str]) -> dict[str, list[str]]:
        """Return what "failed and missing" selects: each asset's days that aren't materialized."""
        left = {asset: set(self.days(asset, "MATERIALIZED", among)) for asset in ASSETS}
        return {
            asset: [day for day in among if day not in done]
            for asset, done in left.items()
            if len(done) < len(among)
        }

    def runs(self, **conditions: Any) -> list[dict[str, Any]]:
        """Return runs; tags as a dict."""
        runs = self.ask(_RUNS, filter=conditions)["runsOrError"]["results"]
        return [run | {"tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in runs]

    def runs_of(self, backfill: str) -> list[dict[str, Any]]:
        """Return a backfill's runs."""
        return self.runs(tags=[{"key": "dagster/backfill", "value": backfill}])

    def events(self, run: str) -> list[dict[str, Any]]:
        """Return a run's events."""
        events: list[dict[str, Any]] = []
        after = None
        while True:
            page = self.ask(_EVENTS, id=run, after=after)["logsForRun"]
            events += page["events"]
            after = page["cursor"]
            if not page["hasMore"]:
                return events

    def failures(self, run: str) -> dict[str, str]:
        """Return the failure message of each failed step of a run."""
        return {
            event["stepKey"]: (event["failureMetadata"] or {}).get("description") or event["error"]["message"]
            for event in self.events(run)
            if event["__typename"] == "ExecutionStepFailureEvent"
        }

    def reexecute(self, run: str, strategy: str = "FROM_FAILURE") -> str:
        """Execute a run again, by default what is left of it; return the new run."""
        answer = self.ask(_REEXECUTE, params={"parentRunId": run, "strategy": strategy})
        again: str = answer["launchRunReexecution"]["run"]["runId"]
        return again

    def terminate(self, run: str) -> None:
        """Terminate a run, as the button of its page does."""
        answer = self.ask(_TERMINATE, id=run)["terminateRun"]
        assert answer["__typename"] == "TerminateRunSuccess", answer

    def status(self, run: str) -> str:
        """Return a run's status."""
        (found,) = self.runs(runIds=[run])
        status: str = found["status"]
        return status


def wait_until(holds: Callable[[], bool], seconds: float = 240) -> None:
    """Wait until a condition holds; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.5)
