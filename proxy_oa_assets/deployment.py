"""Settings -> the resources of the configured deployment, for Dagster, the command line and notebooks."""

from dataclasses import dataclass

from proxy_oa_assets.resources.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.resources.hdfs import HdfsResource
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.resources.local_hdfs import LocalHdfs
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


def deployment(settings: Settings | None = None) -> Deployment:
    """Return the resources for the given settings, or for those of the environment."""
    settings = settings or load_settings()
    root = settings.home / "hdfs"
    return Deployment(
        hdfs=LocalHdfs(root=str(root)),
        impala=DuckDBWarehouse(
            base=str(root / settings.huser.lstrip("/")),
            database=settings.dbname,
            scratch=str(settings.home / "tmp"),
        ),
        reputation=ReputationResource(
            config_file=str(settings.reputation) if settings.reputation else None,
            least_coverage=settings.reputation_coverage,
        ),
        workspace=Workspace(
            home=str(settings.home),
            conf_file=str(settings.conf),
            huser=settings.huser,
            network_context_file=str(settings.network_context) if settings.network_context else None,
        ),
    )
