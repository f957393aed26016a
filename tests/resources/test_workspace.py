import inspect

import pytest

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.workspace import Workspace

DAY = Day.parse("2016-09-12")
PATHS = [
    name
    for name, method in inspect.getmembers(Workspace, inspect.isfunction)
    if "day" in inspect.signature(method).parameters
]
OTHERS = {"fulluri": "a.example/", "holder": "analysts", "key": "0123456789ab"}


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("mode", [None, 0o500], ids=["absent", "read-only"])
def test_asking_for_a_path_creates_nothing(tmp_path, name, mode):
    """A home that doesn't exist, or can't be written, can be asked for every path of a day."""
    home = tmp_path / "home"
    if mode:
        home.mkdir(mode=mode)
    method = getattr(Workspace(home=str(home), conf_file="proxy_conf.json"), name)
    parameters = inspect.signature(method).parameters
    assert method(DAY, **{key: OTHERS[key] for key in parameters if key != "day"})
    assert list(tmp_path.rglob("*")) == ([home] if mode else [])


def test_the_paths_of_a_day_are_the_contract_s():
    """Other systems read and write there."""
    workspace = Workspace(home="home", conf_file="proxy_conf.json", huser="/user/spot")
    scored = "/user/spot/proxy/scored_results/20160912"
    assert str(workspace.data(DAY)) == "home/data/proxy/20160912"
    assert str(workspace.notebooks(DAY)) == "home/ipynb/proxy/20160912"
    assert workspace.results(DAY) == f"{scored}/scores/proxy_results.csv"
    assert workspace.feedback(DAY) == f"{scored}/feedback/ml_feedback.csv"
    assert workspace.progressions(DAY) == "/user/spot/proxy/oa/storyboard/2016/9/12"
    assert workspace.progression(DAY, "a") == (
        "/user/spot/proxy/oa/storyboard/2016/9/12/incident-progression-0cc175b9c0f1b6a831c399e269772661.json"
    )
