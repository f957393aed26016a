"""Which hosts are well-known, by the ranking's lists."""

from pathlib import Path

from proxy_oa_assets.investigation.handover.well_known import well_known
from proxy_oa_assets.ranking.host_lists import Lists


def test_popular_and_own_hosts_but_not_another_customers_of_a_popular_one(tmp_path: Path) -> None:
    """A name below a host that gives names to any customer is that customer's."""
    for name, domains in {
        "popular": "shop.example\nblogs.example",
        "own_domains": "own.example",
        "user_content": "blogs.example",
        "dynamic_dns": "dyn.example",
    }.items():
        (tmp_path / f"{name}.txt").write_text(domains, encoding="utf-8")
    is_well_known = well_known(Lists(tmp_path))
    assert all(
        map(is_well_known, ["shop.example", "cdn.shop.example", "blogs.example", "intranet.own.example"])
    )
    others = ["evil.example", "evil.blogs.example", "dyn.example", "evil.dyn.example", "notshop.example", ""]
    assert not any(map(is_well_known, others))
