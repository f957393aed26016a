import json
from collections import Counter

from proxy_oa_assets.enrichment.reputation.verdict import (
    LookupStats,
    Status,
    read_lookup_stats,
    write_lookup_stats,
)


def test_the_file_keeps_its_keys(tmp_path):
    """`data/proxy/<day>/reputation.json` has `asked` and `troubles`, as earlier versions' files do."""
    stats = {
        "vt": LookupStats(3, 2, Counter({Status.OK: 4, Status.FAILED: 1}), ["it answered 502"], down=True)
    }
    write_lookup_stats(tmp_path, stats)
    assert json.loads((tmp_path / "reputation.json").read_bytes()) == {
        "vt": {
            "asked": 3,
            "cached": 2,
            "statuses": {"ok": 4, "failed": 1},
            "troubles": ["it answered 502"],
            "down": True,
            "ignored": {"count": 0, "first": []},
        }
    }
    assert read_lookup_stats(tmp_path) == stats
    (tmp_path / "reputation.json").write_text('{"vt": {"asked": 3}}')
    assert read_lookup_stats(tmp_path) == {"vt": LookupStats(3)}


def test_an_unreadable_file_counts_as_none(tmp_path):
    """Missing, or not JSON of stats."""
    assert read_lookup_stats(tmp_path) is None
    (tmp_path / "reputation.json").write_text('{"vt": 3}')
    assert read_lookup_stats(tmp_path) is None
