"""What Dagster loads: the definitions of the home that the environment names."""

from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.settings import load_settings

defs = build_definitions(load_settings())
