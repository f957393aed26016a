"""The resources of the configured deployment, for Dagster, the command line and notebooks.

The forms of a deployment are imported only if it is configured: without a cluster, neither impyla nor hdfs is
loaded; on a cluster, no DuckDB.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from proxy_oa_assets.model.setting_types import CaCert
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.settings import ClusterSettings, Settings, load_settings


@dataclass(frozen=True)
class Deployment:
    """The configured resources; their names are their resource keys in Dagster."""

    hdfs: FileStore
    impala: Warehouse
    reputation: ReputationResource
    workspace: Workspace

    def resources(self) -> dict[str, dg.ResourceDefinition]:
        """Return the resources by key, as the settings have them: no run can configure them."""
        return {key: _fixed(resource) for key, resource in vars(self).items()}


def deployment(settings: Settings, *, patient: bool = True) -> Deployment:
    """Return the resources for the settings; patient ones wait half a minute for a restarting NameNode."""
    if settings.cluster is None:
        hdfs, impala = _local(settings)
    else:
        hdfs, impala = _on_cluster(settings, settings.cluster, patient=patient)
    return Deployment(
        hdfs=hdfs,
        impala=impala,
        reputation=ReputationResource(
            config_file=_text(settings.reputation),
            home=str(settings.home),
            least_coverage=settings.reputation_coverage,
            may_run_programs=settings.reputation_may_run_programs,
        ),
        workspace=Workspace(
            home=str(settings.home),
            conf_file=str(settings.conf),
            huser=settings.huser,
            network_context_file=_text(settings.network_context),
            logs=list(settings.logs),
            log_format=settings.log_format,
            log_timezone=settings.log_timezone,
            ranking_lists=_text(settings.ranking_lists),
            ranking_weights=_text(settings.ranking_weights),
            ranking_history_days=settings.ranking_history_days,
            ranking_voices=list(settings.ranking_voices),
            sigma_rules=_text(settings.sigma_rules),
            feedback_days=settings.feedback_days,
            analyst=settings.analyst,
        ),
    )


def _fixed(resource: FileStore | Warehouse | ReputationResource | Workspace) -> dg.ResourceDefinition:
    """Return a resource without run config; a launchpad would copy each field, as it is now, into a run."""

    def ready(context: dg.InitResourceContext) -> Iterator[object]:
        # A copy for each run: closing one leaves another's connections open. Without the context, Dagster
        # would build an instance in memory for each resource, and stamp its schema.
        with resource.from_resource_context_cm(context, nested_resources=dict(resource)) as initialized:
            yield initialized

    # Dagster shows a resource's type by these names.
    ready.__module__, ready.__name__ = type(resource).__module__, type(resource).__name__
    return dg.ResourceDefinition(ready, config_schema={}, description=resource.summary)


def configured_deployment() -> Deployment:
    """Return the deployment of the home that the environment names; equal settings give the same one."""
    return _cached_deployment(load_settings())


_cached_deployment = cache(deployment)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _local(settings: Settings) -> tuple[FileStore, Warehouse]:
    from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
    from proxy_oa_assets.resources.local.local_hdfs import LocalHdfs

    root = settings.home / "hdfs"
    warehouse = DuckDBWarehouse(
        base=str(root / settings.huser.lstrip("/")),
        database=settings.dbname,
        scratch=str(settings.home / "tmp"),
        timezone=settings.timezone,
    )
    return LocalHdfs(root=str(root)), warehouse


def _on_cluster(
    settings: Settings, cluster: ClusterSettings, *, patient: bool
) -> tuple[FileStore, Warehouse]:
    from proxy_oa_assets.resources.cluster.impala_warehouse import ImpalaWarehouse
    from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

    home = str(settings.home)
    hdfs = WebHdfs(
        url=cluster.hdfs_url,
        user=cluster.hdfs_user,
        auth=cluster.hdfs_auth,
        token_env="HDFS_TOKEN" if cluster.hdfs_token else None,
        home=home,
        **_certificates(cluster.hdfs_ca_cert),
        timeout=cluster.hdfs_timeout,
        attempts=7 if patient else 2,
    )
    warehouse = ImpalaWarehouse(
        hdfs=hdfs,
        host=cluster.host,
        port=cluster.port,
        engine=cluster.engine,
        database=settings.dbname,
        huser=settings.huser,
        http_path=cluster.http_path,
        auth_mechanism=cluster.auth_mechanism,
        user=cluster.user,
        password_env="IMPALA_PASSWORD" if cluster.password else None,
        jwt_env="IMPALA_JWT" if cluster.jwt else None,
        home=home,
        use_ssl=cluster.use_ssl,
        **_certificates(cluster.ca_cert),
        kerberos_service_name=cluster.kerberos_service_name,
        timeout=cluster.timeout,
        keep_seconds=cluster.keep_minutes * 60,
    )
    return hdfs, warehouse


def _certificates(setting: CaCert) -> dict[str, Any]:
    """Return the fields of a resource that tell which certificates it trusts."""
    trusted = None if setting in (None, "unverified") else str(setting)
    return {"ca_cert": trusted, "verify": setting != "unverified"}
