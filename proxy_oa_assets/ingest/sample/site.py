"""The files of the sample days, raw Parquet as another system writes it, and the site's own files."""

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from proxy_oa_assets.ingest.sample import attacks
from proxy_oa_assets.ingest.sample.browsing import browse
from proxy_oa_assets.ingest.sample.request import Request
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ProxyOaError
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.model.trusted_file import write_trusted
from proxy_oa_assets.resources.parquet import arrow_schema
from proxy_oa_assets.resources.workspace import Workspace

_RAW_FILE = "sample.parquet"

NETWORK_CONTEXT = """\
ip,description
10.20.0.0/16,Office network
10.20.1.10-10.20.1.19,Finance desks
10.20.1.23,Reception terminal
10.20.1.31,"Design, workstation 2"
10.30.0.0/24,Server room
2001:db8:30::/48,Server room (IPv6)
"""
MALWARE_DOMAINS = f"""\
domain,family
badhost.example,c2/sample-implant
{attacks.DROPPER_HOST},dropper/sample-loader
"""
PHISHING_URLS = f"""\
url,family
https://{attacks.PHISHING_PAGE},credential phishing
https://{attacks.PHISHING_HOST}/signin/post.php,credential phishing
"""
REPUTATION = """\
# Which reputation services are asked, in their order in uri_rep.

[[services]]
service = "blocklist"

[[services.lists]]
path = "malware_domains.csv"
kind = "domains"
name = "sample-malware"
severity = 3

[[services.lists]]
path = "phishing_urls.csv"
kind = "urls"
name = "sample-phishing"
severity = 3
"""


def sample_requests(day: Day, views: int = 1_100) -> list[Request]:
    """Return a day's requests in time order, always the same ones for the same day."""
    # No cryptographic generator takes a seed.
    random = Random(f"proxy-oa sample {day}")  # noqa: S311 - no secret is generated here
    requests = [*browse(random, views), *attacks.plant(random)]
    return sorted(requests, key=lambda request: request.second)


def write_sample_day(workspace: Workspace, hdfs_root: Path, day: Day, views: int = 1_100) -> int:
    """Write a day's raw partitions; return the number of raw rows.

    Raises ProxyOaError if the day has traffic that isn't a sample.
    """
    raw = hdfs_root / workspace.huser.lstrip("/") / PROXY.day_folder(day)
    others = [path for path in raw.rglob("*") if path.is_file() and path.name != _RAW_FILE]
    if others:
        raise ProxyOaError(
            f"{others[0]} isn't sample traffic and stays untouched; "
            f"set PROXY_OA_HOME to another folder, or choose other days with --last-day"
        )
    rows = [request.row(day) for request in sample_requests(day, views)]
    for hour, rows_of_hour in groupby(rows, key=lambda row: str(row["p_time"])[:2]):
        with replacing(raw / f"h={hour}" / _RAW_FILE) as file:
            pq.write_table(pa.Table.from_pylist(list(rows_of_hour), schema=arrow_schema(PROXY)), file)
    return len(rows)


def write_site_files(home: Path, kept: Callable[[Path], None] = lambda _: None) -> dict[str, Path]:
    """Write the network context and the reputation files; return the settings that name them.

    A file that is there stays as it is; `kept` is called with each that was edited.
    """
    folder = home / "site"
    for name, content in {
        "network_context.csv": NETWORK_CONTEXT,
        "malware_domains.csv": MALWARE_DOMAINS,
        "phishing_urls.csv": PHISHING_URLS,
        "reputation.toml": REPUTATION,
    }.items():
        path, fresh = folder / name, content.encode("utf-8")
        if not path.exists():
            write_trusted(path, fresh)
        elif path.read_bytes() != fresh:
            kept(path)
    return {
        "PROXY_OA_NETWORK_CONTEXT": folder / "network_context.csv",
        "PROXY_OA_REPUTATION": folder / "reputation.toml",
    }
