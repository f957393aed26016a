"""Arbitrary run configs, as the Launchpad and the command line take them."""

import json
from typing import Any

import dagster as dg
import pytest
import yaml
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.home import Home
from support.mutations import JSON, changed

LIMITS = st.sampled_from(
    "1 500 0 -1 1_000 0x10 010 1e3 1.0 .inf .nan ~ null true yes '5' \"\" [5] {} 9999999999999999999 2016"
    " 5 5".split()
)
BOOLS = st.sampled_from("true false yes no 'true' 1 0 ~ [] on".split())


@st.composite
def configs(draw) -> Any:
    """Return what YAML makes of a config: limits and flags of any type, with parts changed."""
    text = (
        f"ops:\n  proxy_results:\n    config:\n      limit: {draw(LIMITS)}\n"
        f"  edge_details:\n    config:\n      accept_columns: {draw(BOOLS)}\n"
    )
    found = yaml.safe_load(text)
    return draw(changed(found, most=2)) if draw(st.booleans()) else found


def _is_good(config: Any) -> bool:
    """Return whether a config has nothing but a limit from 1 and a flag, where they belong."""
    if not isinstance(config, dict) or config.keys() - {"ops"}:
        return False
    ops = config.get("ops", {})
    known = {"proxy_results": ("limit", _is_limit), "edge_details": ("accept_columns", _is_flag)}
    if not isinstance(ops, dict) or ops.keys() - known:
        return False
    for op, (name, fits) in known.items():
        inside = ops.get(op, {})
        if not isinstance(inside, dict) or inside.keys() - {"config"}:
            return False
        given = inside.get("config", {})
        if not isinstance(given, dict) or given.keys() - {name} or not all(map(fits, given.values())):
            return False
    return True


def _is_limit(value: object) -> bool:
    return type(value) is int and value >= 1


def _is_flag(value: object) -> bool:
    # None is the default.
    return value is None or type(value) is bool


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> dg.JobDefinition:
    """The job of a day."""
    return Home(tmp_path_factory.mktemp("home")).definitions.resolve_job_def("proxy_day")


@fuzz("run config", short=15, config=configs() | JSON)
def test_a_run_config_is_good_or_refused_before_a_run(job: dg.JobDefinition, config: Any) -> None:
    """Only a whole limit from 1, a flag and known names pass; all else is an error with the entry's path."""
    try:
        dg.validate_run_config(job, config)
    except dg.DagsterInvalidConfigError as error:
        assert not _is_good(config), json.dumps(config, default=str)
        assert "Error 1" in str(error)
        return
    except (
        dg.DagsterInvariantViolationError,
        dg._check.CheckError,
        TypeError,
    ) as error:  # not a mapping at all
        assert not isinstance(config, dict) or not all(isinstance(name, str) for name in config), repr(error)
        return
    assert _is_good(config) or config is None, json.dumps(config, default=str)
