"""Settings -> the resources of the configured deployment, for Dagster, the command line and notebooks.

Each deployment's forms are imported when it is the configured one: a machine without a cluster loads neither
impyla nor hdfs, and a cluster no DuckDB.
"""

from dataclasses import dataclass

import dagster as dg

from proxy_oa_assets.cluster_settings import ClusterSettings
from proxy_oa_assets.resources.hdfs import HdfsResource
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.settings import Settings, load_settings


@dataclass(frozen=True)
class Deployment:
    """The configured resources; their names are their resource keys in Dagster."""

    hdfs: HdfsResource
    impala: ImpalaResource
    reputation: ReputationResource
    workspace: Workspace

    def resources(self) -> dict[str, object]:
        """Return the resources by key."""
        return dict(vars(self))


def deployment(settings: Settings | None = None, *, patient: bool = True) -> Deployment:
    """Return the resources for the given settings, or for those of the environment.

    The patient ones wait half a minute for a NameNode that restarts.
    """
    settings = settings or load_settings()
    hdfs, impala = (
        _embedded(settings)
        if settings.cluster is None
        else _cluster(settings, settings.cluster, patient=patient)
    )
    return Deployment(
        hdfs=hdfs,
        impala=impala,
        reputation=ReputationResource(
            config_file=str(settings.reputation) if settings.reputation else None,
            state=str(settings.home / "reputation"),
            least_coverage=settings.reputation_coverage,
        ),
        workspace=Workspace(
            home=str(settings.home),
            conf_file=str(settings.conf),
            huser=settings.huser,
            network_context_file=str(settings.network_context) if settings.network_context else None,
        ),
    )


def _embedded(settings: Settings) -> tuple[HdfsResource, ImpalaResource]:
    from proxy_oa_assets.resources.embedded.duckdb_warehouse import DuckDBWarehouse
    from proxy_oa_assets.resources.embedded.local_hdfs import LocalHdfs

    root = settings.home / "hdfs"
    warehouse = DuckDBWarehouse(
        base=str(root / settings.huser.lstrip("/")),
        database=settings.dbname,
        scratch=str(settings.home / "tmp"),
    )
    return LocalHdfs(root=str(root)), warehouse


def _cluster(
    settings: Settings, cluster: ClusterSettings, *, patient: bool
) -> tuple[HdfsResource, ImpalaResource]:
    from proxy_oa_assets.resources.cluster.impala_warehouse import ImpalaWarehouse
    from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

    hdfs = WebHdfs(
        url=cluster.hdfs.url,
        user=cluster.hdfs.user,
        auth=cluster.hdfs.auth,
        token=dg.EnvVar("HDFS_TOKEN") if cluster.hdfs.has_token else None,
        ca_cert=str(cluster.hdfs.certificates.file) if cluster.hdfs.certificates.file else None,
        verify=cluster.hdfs.certificates.verify,
        timeout=cluster.hdfs.timeout,
        attempts=7 if patient else 2,
    )
    warehouse = ImpalaWarehouse(
        hdfs=hdfs,
        host=cluster.sql.host,
        port=cluster.sql.port,
        engine=cluster.sql.engine,
        database=settings.dbname,
        huser=settings.huser,
        auth_mechanism=cluster.sql.auth_mechanism,
        user=cluster.sql.user,
        password=dg.EnvVar("IMPALA_PASSWORD") if cluster.sql.has_password else None,
        use_ssl=cluster.sql.use_ssl,
        ca_cert=str(cluster.sql.certificates.file) if cluster.sql.certificates.file else None,
        verify=cluster.sql.certificates.verify,
        kerberos_service_name=cluster.sql.kerberos_service_name,
        timeout=cluster.sql.timeout,
        keep_seconds=cluster.sql.keep_minutes * 60,
    )
    return hdfs, warehouse
