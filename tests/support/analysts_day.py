"""A day as an analyst finds it: its traffic, its scored connections, and their recorded severities."""

import io
import re
from collections import defaultdict
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from support.home import Home

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_SCORES, PROXY_THREAT_INVESTIGATION
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.day_tables import edge_details

_NUMBERS = ("duration", "scbytes", "csbytes")
URI_SEV = 22


@dataclass
class AnalystsDay:
    """A day in a home. Requests and scored rows are given by the columns that matter to a test."""

    home: Home
    day: Day

    @property
    def deployment(self) -> Deployment:
        """The deployment."""
        return self.home.deployment

    def write_raw(self, *requests: dict[str, object]) -> None:
        """Write the day's raw requests, each into the hour of its time; those without one into the first."""
        hours: dict[str, list[dict[str, object]]] = defaultdict(list)
        for request in requests:
            row = {name: 1 if name in _NUMBERS else "-" for name in PROXY.column_names}
            row |= {"p_date": self.day.key, "p_time": "09:00:00", "clientip": "10.0.0.1", **request}
            hours[str(row["p_time"] or "00").partition(":")[0].zfill(2)].append(row)
        types = {"STRING": pa.string(), "INT": pa.int32()}
        schema = pa.schema([(column.name, types[column.type]) for column in PROXY.columns])
        for hour, rows in hours.items():
            content = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(rows, schema=schema), content)
            path = f"{self.deployment.workspace.huser}/{PROXY.day_folder(self.day)}/h={hour}/part-0.parquet"
            self.deployment.hdfs.write(path, [content.getvalue()])

    def write_scores(self, *rows: dict[str, object]) -> None:
        """Replace the day of proxy_scores."""
        every = [
            {name: 1 if name in _NUMBERS else "-" for name in PROXY_SCORES.column_names}
            | {"tdate": self.day.key, "time": "09:00:00", "clientip": "10.0.0.1", "ml_score": 0.5, **row}
            for row in rows
        ]
        frame = pd.DataFrame(every, columns=list(PROXY_SCORES.column_names), dtype=object)
        self.deployment.impala.replace_day_with_frame(PROXY_SCORES, self.day, frame)

    def write_edges(self) -> None:
        """Collect the requests behind each scored connection."""
        self.deployment.impala.replace_day(PROXY_EDGE, self.day, edge_details(self.day))

    def severities(self) -> dict[str, int]:
        """Return the severities in proxy_threat_investigation; each URI is there once."""
        table = PROXY_THREAT_INVESTIGATION.name
        rows = self.home.rows(table, self.day) if self.home.made(table, self.day) else []
        assert {row["tdate"] for row in rows} <= {self.day.key}
        severities = {str(row["fulluri"]): int(str(row["uri_sev"])) for row in rows}
        assert len(severities) == len(rows)
        return severities

    def feedback_bytes(self) -> bytes | None:
        """Read the feedback file; None if there is none."""
        path = self.deployment.workspace.feedback(self.day)
        if self.deployment.hdfs.status(path) is None:
            return None
        with self.deployment.hdfs.open(path) as file:
            return file.read()

    def feedback(self) -> list[list[str]]:
        """Read the feedback file as the ranking job does: lines, without the header, split on tabs."""
        content = (self.feedback_bytes() or b"").decode("utf-8")
        # Spark ends a line at LF, CR or both.
        lines = re.split(r"\r\n|\r|\n", content)[1:-1]
        return [line.split("\t") for line in lines]

    def feedback_severities(self) -> dict[tuple[str, str], int]:
        """Return the severities in the feedback file by URI and client; each row is there once."""
        rows = self.feedback()
        severities = {(row[18], row[2]): int(row[URI_SEV]) for row in rows}
        assert len(severities) == len(rows)
        return severities

    def recorded(self) -> dict[str, int]:
        """Return the severities by URI, and check that table and feedback file agree."""
        severities = self.severities()
        assert {row[18]: int(row[URI_SEV]) for row in self.feedback()} == severities
        return severities
