"""Well-known hosts: an incident may touch them, but alarms on them would be false."""

from collections.abc import Callable

from proxy_oa_assets.ranking.host_lists import Lists

# Of the ranking's lists.
_KNOWN = ("popular", "own_domains", "content_networks", "revocation", "updates", "ip_echo")
# Below these, each name is of another customer.
_SHARED = ("user_content", "dynamic_dns")


def well_known(lists: Lists) -> Callable[[str], bool]:
    """Return what tells whether a host name is a well-known one, or below one. Raises RankingError."""
    known, shared = (
        {domain for name in names for domain in lists.domains(name)} for names in (_KNOWN, _SHARED)
    )

    def is_well_known(host: str) -> bool:
        name = host
        while name:
            if name in shared and name != host:
                return False
            if name in known:
                return True
            name = name.partition(".")[2]
        return False

    return is_well_known
