"""The signals of a host's name, on names of each kind."""

import duckdb
import pytest

from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.hosts import describe_hosts
from proxy_oa_assets.ranking.pairs import MACROS
from proxy_oa_assets.ranking.signal import all_signals

# The signals of the name that are above 0.3, of a host.
_SIGNALS = {
    "www.google.com": "popular",
    "example.com": "popular",
    "shop.corner-bakery.de": "",
    "d9ojxqzukdhqw.cloudfront.net": "",
    "async-lb-21297.us-east-1.elb.amazonaws.com": "",
    "img-s-msn-com.akamaized.net": "popular",
    "xkqzvbtrwpfj.net": "generated letters",
    "c17u317aaa79eiq9ws.com": "generated letters",
    "kuawkswesmaaaqwm.org": "generated letters",
    "6i3cb6owitcouepv.corner-bakery.de": "generated",
    "6i3cb6owitcouepv.google.com": "popular",
    "paypal-login.com": "look_alike",
    "corner-bakery.cf": "suffix",
    "camera.ddns.net": "dynamic_dns",
    "a.b.c.d.e.f.corner-bakery.de": "deep_name",
    "d3adb33fd3adb33fd3adb33fd3adb33f.corner-bakery.de": "deep_name generated",
    "user:x@corner-bakery.de": "odd_name",
    "203.0.113.9": "address",
    "10.1.2.3": "address internal",
    "printer.local": "internal",
    "ocsp.digicert.com": "popular revocation",
    "au.download.windowsupdate.com": "popular updates",
    "": "",
}
_OF_NAMES = {
    "address", "deep_name", "dynamic_dns", "generated", "internal", "letters", "look_alike", "odd_name",
    "popular", "revocation", "suffix", "updates",
}  # fmt: skip


@pytest.fixture(scope="module")
def signals() -> dict[str, str]:
    """The signals of each host, by name."""
    of_names = [signal for signal in all_signals() if signal.name in _OF_NAMES]
    assert len(of_names) == len(_OF_NAMES)
    values = ", ".join(f"within({signal.sql}) > 0.3 AS {signal.name}" for signal in of_names)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(MACROS)
        connection.execute("CREATE TEMP TABLE cell AS SELECT unnest(?::VARCHAR[]) AS host", [list(_SIGNALS)])
        describe_hosts(connection, Lists())
        connection.execute("CREATE TEMP TABLE pair AS SELECT 'c' AS clientip, * FROM host")
        rows = connection.sql(f"SELECT host, {values} FROM pair").fetchall()
    return {
        host: " ".join(signal.name for signal, holds in zip(of_names, holding, strict=True) if holds)
        for host, *holding in rows
    }


@pytest.mark.parametrize("host", _SIGNALS)
def test_names_have_the_signals_of_their_kind(host: str, signals: dict[str, str]) -> None:
    """Each kind has its own signals and no other's; ordinary names have none."""
    assert signals[host] == _SIGNALS[host]
