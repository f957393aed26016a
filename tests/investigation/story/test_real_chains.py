"""What `chain` proposes on real days, against the captures that are labelled there."""

import csv
import shutil
from collections import defaultdict

import pytest
from support.home import Home

from proxy_oa_assets.investigation.day_context import uri_host
from proxy_oa_assets.investigation.story.related import chain
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES

# Hosts beside the captures' that a client's other traffic adds, over all of a day's captures.
_MOST_OTHERS = {"2015-06-10": 0, "2018-02-06": 4}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose days are ranked here."""
    return Home(tmp_path_factory.mktemp("chains") / "home", PROXY_OA_RANKING="builtin")


@pytest.mark.parametrize("key", _MOST_OTHERS)
def test_from_the_listed_row_of_a_capture_all_of_its_hosts_are_proposed(home, test_data, key):
    """Those of every labelled capture, benign ones too, and next to nothing of the client's other traffic."""
    day = Day.parse(key)
    folder = f"y={day.y}/m={day.m:02d}/d={day.d:02d}"
    shutil.copytree(test_data / "hdfs/user/spot/proxy/hive" / folder, home.huser / PROXY.location / folder)
    assert home.materialize(day, assets=["ml_results", "proxy_results", "scored_connections"]).success
    scores = home.deployment.impala.read_day(PROXY_SCORES, day).sort_values("ml_score")
    captures, of_client = captures_of(test_data, key)

    others = set()
    for (client, family), (hosts, bad) in captures.items():
        listed = scores[(scores["clientip"] == client) & scores["fulluri"].isin(bad)]
        seed = listed["fulluri"].iloc[0] if len(listed) else min(bad)
        proposed = {uri_host(uri) for _, uri in chain(day, client, seed, deployment=home.deployment)}
        assert hosts <= proposed, (client, family)
        others |= {(client, host) for host in proposed - of_client[client]}
    assert len(others) <= _MOST_OTHERS[key]


def captures_of(test_data, key):
    """Return a day's captures, the hosts and the bad URIs of each, and the labelled hosts of each client."""
    captures = defaultdict(lambda: (set(), set()))
    of_client = defaultdict(set)
    with (test_data / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["p_date"] == key:
                hosts, bad = captures[row["clientip"], row["family"]]
                hosts.add(row["host"])
                of_client[row["clientip"]].add(row["host"])
                if row["label"] != "benign_host_in_capture":
                    bad.add(row["fulluri"])
    return captures, of_client
