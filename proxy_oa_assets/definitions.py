"""What Dagster loads: the definitions of the home that the environment names."""

import logging
import shlex

from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.settings import load_settings, names_a_history

_settings = load_settings()
defs = build_definitions(_settings)
if not names_a_history():
    logging.getLogger(__name__).warning(
        "DAGSTER_HOME isn't set, so this history is temporary, and the web UI never shows it: "
        "export DAGSTER_HOME=%s%s",
        shlex.quote(str(_settings.dagster_home)),
        "" if _settings.dagster_home.is_dir() else " (`proxy-oa init-db` makes the folder)",
    )
