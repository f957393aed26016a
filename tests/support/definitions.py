"""Definitions that read nothing of the working folder, as Dagster would load them in an empty one."""

from contextlib import chdir
from tempfile import TemporaryDirectory

from proxy_oa_assets.defs.assets.daily import Daily
from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.settings import load_settings

with TemporaryDirectory() as _folder, chdir(_folder):
    _SETTINGS = load_settings(_folder, PROXY_OA_RESULTS_MIN_AGE="60")
    defs = build_definitions(_SETTINGS)
    # Those of a site that another system ranks.
    external = build_definitions(load_settings(_folder, PROXY_OA_RANKING="external"))

SITE = Daily.of(_SETTINGS)
DAILY = SITE.partitions
