"""A home folder whose days are on a cluster, in its own HDFS folder and database."""

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from support.hdfs_path import HdfsPath
from support.home import SAMPLE_DAY, Change, Home, Rows, parquet_rows
from support.other_ranking import publish_sample_results

from proxy_oa_assets.ingest.sample.site import write_sample_day
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import TABLES
from proxy_oa_assets.resources.cluster.impala_warehouse import ImpalaWarehouse


class ClusterHome(Home):
    """A home on the servers that the variables name."""

    def __init__(self, path: Path, servers: Mapping[str, str], **variables: str) -> None:
        name = f"t{uuid.uuid4().hex[:12]}"
        deployed = {
            "PROXY_OA_DEPLOYMENT": "cluster",
            "PROXY_OA_HUSER": f"/user/spot/{name}",
            "PROXY_OA_DBNAME": name,
        }
        super().__init__(path, **{**deployed, **servers, **variables})
        self.deployment.impala.create_tables()

    @property
    def root(self) -> HdfsPath:
        """The root of the file system in which other systems write."""
        return HdfsPath("", self.deployment.hdfs)

    def upload(self, local: Path, below: str = "") -> None:
        """Write local files to their paths relative to a folder."""

        def write(path: Path) -> None:
            self.deployment.hdfs.write(f"{below}/{path.relative_to(local)}", [path.read_bytes()])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, (path for path in local.rglob("*") if path.is_file())))

    def write_sample(self, day: Day = SAMPLE_DAY, views: int = 150, *, ranked: bool = True) -> Day:
        """Generate a day's raw requests and, if `ranked`, another system's results; upload them."""
        staging = self.path / "staging" / day.key
        write_sample_day(self.deployment.workspace, staging, day, views)
        if ranked:
            results = staging / self.deployment.workspace.results(day).lstrip("/")
            publish_sample_results(results, day, views)
        self.upload(staging)
        return day

    def part_files(self, table: str, day: Day) -> list[HdfsPath]:
        """The files of a table's day."""
        location = self.deployment.impala.tables().partition_location(TABLES[table], day)
        if location is None:
            return []
        folder = HdfsPath(urlsplit(location).path, self.deployment.hdfs)
        return sorted(path for path in folder.rglob("*.parquet") if path.is_file())

    def rows(self, table: str, day: Day) -> Rows:
        """Read a table's day from its files."""
        return [row for path in self.part_files(table, day) for row in parquet_rows(path)]

    def parts(self, day: Day) -> dict[str, object]:
        """The day in each table that a materialization writes, comparable."""
        names = ("proxy_scores", "proxy_edge", "proxy_ingest_summary")
        return {name: sorted(map(repr, self.rows(name, day))) for name in names}

    def rewrite(self, table: str, day: Day, change: Change) -> None:
        """Change a table's day by writing into its folder."""
        files = self.part_files(table, day)
        tables = [pq.read_table(pa.BufferReader(file.read_bytes())) for file in files]
        changed = change(pa.concat_tables(tables))
        sink = pa.BufferOutputStream()
        pq.write_table(changed, sink)
        files[0].write_bytes(sink.getvalue().to_pybytes())
        for file in files[1:]:
            file.unlink()

    def warehouse(self, **changed: object) -> ImpalaWarehouse:
        """Return a warehouse with its own connection, and with the given fields."""
        fields = {name: getattr(self.deployment.impala, name) for name in ImpalaWarehouse.model_fields}
        return ImpalaWarehouse(**{**fields, **changed})

    def close(self) -> None:
        """Close the connection."""
        self.deployment.impala.close()
