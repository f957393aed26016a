"""The NameNode's clock, which says when an old version of a day is due."""

import time

import pytest

from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs


def skip(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Advance it, as this process reads it."""
    then = time.time() + seconds
    monkeypatch.setattr(WebHdfs, "now", lambda _: then)
