"""Distribution of tests over the processes of pytest-xdist."""

from typing import ClassVar

import pytest
from xdist.scheduler import LoadScopeScheduling


class ByFile(LoadScopeScheduling):
    """Tests of one file run in one process, and so do those of a folder that shares a server."""

    shares_a_server: ClassVar[set[str]] = {
        "tests/end_to_end/deploy",
        "tests/end_to_end/operating",
        "tests/end_to_end/web_ui",
    }

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        folder = path.rpartition("/")[0]
        return folder if folder in self.shares_a_server else path


def longest_first(item: pytest.Item) -> bool:
    """Sort servers' tests first: as the last ones they would keep one process busy while others idle."""
    return item.get_closest_marker("server") is None
