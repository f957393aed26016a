"""The resource `workspace`: the site's own folders and files on this machine."""

import hashlib
from pathlib import Path

import dagster as dg
from pydantic import Field

from proxy_oa_assets.enrichment.network_context import NetworkContext, read_network_context
from proxy_oa_assets.model.column_map import ColumnMap, load_column_map
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.file_lock import user_name


class Workspace(dg.ConfigurableResource):
    """Paths of a day's files, and the files that the site configured. Only writers create folders.

    Example:
        >>> Workspace(home="proxy_oa_home", conf_file="proxy_conf.json").data(day)
        PosixPath('proxy_oa_home/data/proxy/20160912')

    """

    home: str = Field(description="Folder that holds data/ and ipynb/ (PROXY_OA_HOME)")
    conf_file: str = Field(description="The conf file (PROXY_OA_CONF)")
    huser: str = Field(default="/user/spot", description="Base folder in HDFS (PROXY_OA_HUSER)")
    network_context_file: str | None = Field(
        default=None, description="The network context file (PROXY_OA_NETWORK_CONTEXT); none: no context"
    )
    logs: list[str] = Field(
        default=[], description="Patterns of raw logs (PROXY_OA_LOGS); none: another system fills proxy"
    )
    log_format: str = Field(default="auto", description="Their format (PROXY_OA_LOG_FORMAT)")
    log_timezone: str | None = Field(
        default=None, description="The zone of logs that don't say theirs (PROXY_OA_LOG_TIMEZONE)"
    )
    ranking_lists: str | None = Field(
        default=None, description="Folder of the site's own lists (PROXY_OA_RANKING_LISTS); none: the shipped"
    )
    ranking_weights: str | None = Field(
        default=None, description="The ranking's weights (PROXY_OA_RANKING_WEIGHTS); none: the shipped ones"
    )
    ranking_history_days: int = Field(
        default=14, description="How many days before a day its ranking reads (PROXY_OA_RANKING_HISTORY_DAYS)"
    )
    ranking_voices: list[str] = Field(
        default=[], description="Second opinions on the ranking (PROXY_OA_RANKING_VOICES)"
    )
    sigma_rules: str | None = Field(
        default=None, description="Folder of Sigma rules that the ranking hears (PROXY_OA_SIGMA_RULES)"
    )
    feedback_days: int = Field(
        default=30, description="Days after its own on which a severity counts (PROXY_OA_FEEDBACK_DAYS)"
    )
    analyst: str = Field(
        default_factory=user_name, description="Who records severities and incidents (JUPYTERHUB_USER)"
    )

    @property
    def summary(self) -> str:
        """What stands behind the resource, in a line for Dagster's page of resources."""
        return "The home's exports and notebooks, and the site's own files"

    def column_map(self) -> ColumnMap:
        """Return the validated column maps. Raises ConfError naming the entry."""
        return load_column_map(Path(self.conf_file))

    def network_context(self) -> NetworkContext:
        """Return the network context, an empty one if none is configured. Raises NetworkContextError."""
        if self.network_context_file is None:
            return NetworkContext()
        return read_network_context(Path(self.network_context_file))

    def data(self, day: Day) -> Path:
        """Return the path of the day's data folder."""
        return Path(self.home) / "data" / "proxy" / day.folder

    def notebooks(self, day: Day) -> Path:
        """Return the path of the day's notebook folder."""
        return Path(self.home) / "ipynb" / "proxy" / day.folder

    def story(self, day: Day) -> Path:
        """Return the path of the day's story page."""
        return self.data(day) / "story.html"

    def hand_overs(self, day: Day) -> Path:
        """Return the path of the day's folder of hand-overs."""
        return self.data(day) / "hand_over"

    def results(self, day: Day) -> str:
        """Return the HDFS path of the day's ranked results."""
        return f"{self.huser}/proxy/scored_results/{day.folder}/scores/proxy_results.csv"

    def feedback(self, day: Day) -> str:
        """Return the HDFS path of the day's feedback file."""
        return f"{self.huser}/proxy/scored_results/{day.folder}/feedback/ml_feedback.csv"

    def lock(self, day: Day, holder: str) -> str:
        """Return the HDFS path of a lock of a day: an asset's, `story`, or `analysts`."""
        return f"{self.huser}/proxy/oa/.locks/{day.folder}{'' if holder == 'analysts' else f'.{holder}'}"

    def journal(self, day: Day) -> str:
        """Return the HDFS path of the day's journal of severities."""
        return f"{self.huser}/proxy/oa/journal/{day.y}/{day.m}/{day.d}/severities.jsonl"

    def incident(self, day: Day, key: str) -> str:
        """Return the HDFS path of an incident."""
        return f"{self.progressions(day)}/incident-{key}.json"

    def progressions(self, day: Day) -> str:
        """Return the HDFS folder of the day's incidents and incident progression files."""
        return f"{self.huser}/proxy/oa/storyboard/{day.y}/{day.m}/{day.d}"

    def progression(self, day: Day, fulluri: str) -> str:
        """Return the HDFS path of a threat's incident progression; md5 is the contract's choice."""
        name = hashlib.md5(fulluri.encode("utf-8"), usedforsecurity=False).hexdigest()
        return f"{self.progressions(day)}/incident-progression-{name}.json"
