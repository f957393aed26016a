import re
import threading
import time

import pytest

from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.model.errors import WarehouseError


@pytest.fixture
def status() -> StatusLine:
    return StatusLine()


def _said(status: StatusLine) -> str:
    return re.sub("<[^>]+>", "", status.widget.value)


def test_an_error_that_the_user_can_fix_is_its_message(status):
    """The block ends; the code behind it goes on."""
    with status.during("Reading"):
        raise WarehouseError("the server doesn't answer; start it")
    assert _said(status) == "the server doesn&#x27;t answer; start it"
    assert 'role="alert"' in status.widget.value


def test_a_defect_is_shown_and_raised(status):
    """Its traceback is in JupyterLab's log, which the line names."""
    with pytest.raises(ZeroDivisionError), status.during("Reading"):
        _ = 1 / 0
    assert _said(status).startswith("ZeroDivisionError: a defect")


def test_a_long_block_shows_its_seconds(status):
    """A search through a day's whole log can take minutes."""
    with status.during("Searching"):
        assert _said(status) == "Searching …"
        for _ in range(600):
            time.sleep(0.1)
            if _said(status) != "Searching …":
                break
        assert re.fullmatch(r"Searching … \d+ s", _said(status))


def test_the_last_text_stays(status):
    """The clock stops before the block's last text is shown."""
    running = threading.active_count()
    with status.during("Searching"):
        status.done("found 3")
        time.sleep(1.2)
    assert _said(status) == "found 3"
    assert threading.active_count() <= running


def test_data_in_a_message_is_text(status):
    """Messages name URIs."""
    status.done("<img src=x onerror=alert(1)>\x1b[31m")
    assert "<img" not in status.widget.value
    assert "&lt;img src=x onerror=alert(1)&gt;\\x1b[31m" in status.widget.value
