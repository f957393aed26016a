"""The warehouse on a cluster: Impala, Hive or Spark over HiveServer2, and the tables' files in HDFS."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, PrivateAttr
from typing_extensions import override

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, Table
from proxy_oa_assets.resources.cluster.administration import cluster_probes, create_tables
from proxy_oa_assets.resources.cluster.cluster_tables import ClusterTables
from proxy_oa_assets.resources.cluster.dialects import DIALECTS
from proxy_oa_assets.resources.cluster.hive_connection import HiveConnection
from proxy_oa_assets.resources.cluster.hive_transport import Server
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.settings import environment
from proxy_oa_assets.sql.query import Query

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class ImpalaWarehouse(Warehouse):
    """The tables in a database of Impala, or of Hive or Spark; other tools read and fill them, too.

    Example:
        >>> warehouse = ImpalaWarehouse(host="impalad", hdfs=WebHdfs(url="http://namenode:9870"))
        >>> warehouse.read_day(tables.PROXY_SCORES, Day.parse("2016-09-12"))

    """

    hdfs: dg.ResourceDependency[FileStore]
    host: str = Field(description="Host of the engine")
    port: int = Field(default=21050, description="Port of the engine")
    engine: str = Field(default="impala", description="impala, or hive for HiveServer2 and Spark")
    database: str = Field(default="spot", description="Database that holds the tables")
    huser: str = Field(default="/user/spot", description="HUSER; the tables' locations are below it")
    http_path: str | None = Field(
        default=None, description="Path, without its first slash, of an engine over HTTP; default: no HTTP"
    )
    auth_mechanism: str = Field(default="NOSASL", description="NOSASL, PLAIN, LDAP, GSSAPI or JWT")
    user: str = Field(default="spot", description="User who runs the statements")
    password_env: str | None = Field(
        default=None, description="Environment variable with the password, for PLAIN and LDAP"
    )
    jwt_env: str | None = Field(default=None, description="Environment variable with the token, for JWT")
    home: str | None = Field(default=None, description="Home whose `.env` may set these variables")
    use_ssl: bool = Field(default=False, description="Whether the connection is encrypted")
    ca_cert: str | None = Field(
        default=None, description="File of trusted certificates; default: the machine's own"
    )
    verify: bool = Field(default=True, description="Whether the server's certificate is verified")
    kerberos_service_name: str = Field(default="impala", description="Service name, for GSSAPI")
    timeout: float = Field(default=120, description="Seconds to wait for each response of the engine")
    keep_seconds: float = Field(
        default=3600, description="How long a replaced day's files stay for its readers"
    )

    _tables: ClusterTables | None = PrivateAttr(default=None)

    @property
    @override
    def summary(self) -> str:
        engine = "Impala" if self.engine == "impala" else "Hive or Spark over HiveServer2"
        return f"{engine}, {self.host}:{self.port} as {self.user}, database {self.database}"

    @override
    def close(self) -> None:
        if self._tables is not None:
            self._tables.connection.close()
            self._tables = None

    @override
    def query(self, query: Query) -> "pd.DataFrame":
        from proxy_oa_assets.resources.parquet import frame_of

        return frame_of(self.arrow_table(query))

    @override
    def arrow_table(self, query: Query) -> "pa.Table":
        from proxy_oa_assets.resources.parquet import answer_table

        with self.tables().query(query) as result:
            return answer_table(result.columns, result.rows)

    @override
    def rows(self, query: Query) -> Iterator[tuple[object, ...]]:
        with self.tables().query(query) as result:
            yield from result.rows

    @override
    def replace_day(self, table: Table, day: Day, select: Query) -> int:
        return self.tables().replace_by_select(table, day, select)

    @override
    def replace_day_with_frame(self, table: Table, day: Day, frame: "pd.DataFrame") -> int:
        import pyarrow.parquet as pq

        from proxy_oa_assets.resources.parquet import frame_rows

        rows, content = frame_rows(table, day, frame), io.BytesIO()
        pq.write_table(rows, content, compression="snappy")
        self.tables().replace_by_file(table, day, content.getvalue())
        return int(rows.num_rows)

    @override
    def replace_raw_day(self, day: Day, hours: Mapping[int, Sequence[Path]], *, record: str = "") -> int:
        from proxy_oa_assets.resources.parquet import checked_row_count

        count = checked_row_count(PROXY, chain.from_iterable(hours.values()))
        self.tables().replace_raw_day(day, hours, record)
        return count

    @override
    def add_to_raw_day(
        self,
        day: Day,
        hours: Mapping[int, Sequence[Path]],
        *,
        retracted: Mapping[int, Sequence[Path]] = MappingProxyType({}),
        record: str = "",
    ) -> int:
        from proxy_oa_assets.resources.parquet import checked_row_count

        checked_row_count(PROXY, chain.from_iterable(retracted.values()))
        count = checked_row_count(PROXY, chain.from_iterable(hours.values()))
        self.tables().add_to_raw_day(day, hours, retracted, record)
        return count

    @override
    def raw_day_record(self, day: Day) -> str:
        return self.tables().raw_day_record(day)

    @override
    def drop_day(self, table: Table, day: Day) -> None:
        self.tables().drop(table, day)

    @override
    def create_tables(self) -> list[str]:
        return create_tables(self.tables())

    @override
    def stored_columns(self, table: Table, day: Day) -> list[tuple[str, str]]:
        partitions = {column.name for column in table.partitions}
        return [column for column in self.tables().columns(table.name) if column[0] not in partitions]

    @override
    def read_latest_day(self, table: Table, day: Day) -> "pd.DataFrame":
        self.tables().refresh(table, day)
        return self.read_day(table, day)

    @override
    def location(self, table: Table, day: Day | None = None) -> str:
        return self.hdfs.location(self.tables().folder(table, day))

    @override
    def probes(self) -> dict[str, Callable[[], str]]:
        return cluster_probes(self.tables(), super().probes(), self.without_delay)

    def without_delay(self) -> "ImpalaWarehouse":
        """Return a copy with its own connection that removes old versions at once."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return ImpalaWarehouse(**{**fields, "keep_seconds": 0})

    def tables(self) -> ClusterTables:
        """Return the tables, on a connection that the first statement opens."""
        if self._tables is None:
            dialect, variables = DIALECTS[self.engine], environment(self.home)
            server = Server(
                host=self.host,
                port=self.port,
                http_path=self.http_path,
                auth_mechanism=self.auth_mechanism,
                user=self.user,
                password=variables.get(self.password_env) if self.password_env else None,
                jwt=variables.get(self.jwt_env) if self.jwt_env else None,
                use_ssl=self.use_ssl,
                ca_cert=self.ca_cert,
                verify_cert=self.verify,
                kerberos_service_name=self.kerberos_service_name,
                timeout=self.timeout,
            )
            self._tables = ClusterTables(
                HiveConnection(server, self.database, expands_variables=dialect.expands_variables),
                dialect,
                self.hdfs,
                database=self.database,
                huser=self.huser,
                keep_seconds=self.keep_seconds,
            )
        return self._tables
