"""The cells of Advanced_Mode, executed without a kernel."""

import ast
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from support.home import Home

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import bundled
from proxy_oa_assets.model.tables import PROXY, PROXY_HISTORY
from proxy_oa_assets.sql.history import proxy_history

CELLS = nbformat.read(bundled("notebook_templates") / "Advanced_Mode_master.ipynb", as_version=4).cells
# What each hunting cell shows of a real day, in any of its rows.
FOUND = {
    "2018-02-06": ["updatenowpro.com", "www.alexa.com", "10.55.100.107", "FCT 5.6.0", "t.skimresources.com"],
    "2015-06-10": [None, "vivatsaultppc.com", "192.168.2.5", "Java", "vivatsaultppc.com"],
}


def executed(source: str, names: dict[str, Any]) -> Any:
    """Execute a cell as IPython does; return the value of its last expression."""
    tree = ast.parse(TransformerManager().transform_cell(source))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None


def hunted(home: Home, day: str) -> list[Any]:
    """Execute the notebook's cells up to the hunting ones; return what those show."""
    names: dict[str, Any] = {}
    executed(f'DAY = "{day}"\nHOME = {str(home.path)!r}', names)
    sources = [cell.source for cell in CELLS if cell.cell_type == "code"][1:]
    values = [executed(source, names) for source in sources if "export_csv" not in source]
    start = next(number for number, source in enumerate(sources) if "new_hosts" in source)
    return values[start : start + 5]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Home:
    """The raw logs of the real days, and their history."""
    home = Home(tmp_path_factory.mktemp("real") / "home")
    for day in map(Day.parse, (*FOUND, "2018-01-31")):
        folder = home.settings.home / "hdfs" / "user" / "spot" / PROXY.day_folder(day)
        (logs,) = test_data.glob(f"hdfs/user/spot/proxy/hive/y={day.y}/m={day.m:02}/d={day.d:02}")
        shutil.copytree(logs, folder)
        home.deployment.impala.replace_day(PROXY_HISTORY, day, proxy_history(day))
    return home


@pytest.mark.parametrize("day", FOUND)
def test_each_hunting_cell_finds_something_on_a_real_day(real: Home, day: str) -> None:
    """A day without earlier ones is said to have none; the hosts of that day's attack are the new ones."""
    for found, expected in zip(hunted(real, day), FOUND[day], strict=True):
        if expected is None:
            assert "no day of the 30 before" in found.data
            continue
        assert expected in found.to_csv()
        assert len(found) <= 10


def test_no_hunting_cell_fails_on_a_day_without_anything(real: Home) -> None:
    """Neither requests nor scored connections: three cells say so, those in SQL are empty."""
    *shown, agents, uploads = hunted(real, "2017-01-01")
    assert all("no log of 2017-01-01" in found.data for found in shown)
    assert len(agents) == len(uploads) == 0


WAYS: list[Callable[[list[str]], list[str]]] = [
    lambda lines: [re.sub("^# ?", "", line) for line in lines],  # Ctrl+/
    lambda lines: [line.removeprefix("#") for line in lines],
    lambda lines: [line.replace("#", "") for line in lines],
    lambda lines: [line.replace("# ", "") for line in lines],
]


@pytest.mark.parametrize("way", WAYS)
def test_the_reset_cell_resets_when_it_is_uncommented(
    way: Callable[[list[str]], list[str]],
) -> None:
    """However that is done, by Ctrl+/ or with the blanks left; as it is, it does nothing."""
    days: list[str] = []
    names: dict[str, Any] = {
        "DAY": "2016-09-12",
        "advanced": SimpleNamespace(deployment=None),
        "reset_scored_connections": lambda day, **_: days.append(day),
    }
    (cell,) = [cell.source for cell in CELLS if "reset" in cell.metadata.get("tags", [])]

    assert cell.startswith('# "RESET of scores, comments and feedback", ')
    executed(cell, names)
    assert days == []
    executed("\n".join(way(cell.split("\n"))), names)
    assert days == ["2016-09-12"]
