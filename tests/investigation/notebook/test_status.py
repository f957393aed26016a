import re
import threading
import time

import pytest

from proxy_oa_assets.investigation.notebook.status import Status
from proxy_oa_assets.model.errors import WarehouseError


@pytest.fixture
def status() -> Status:
    return Status()


def _said(status: Status) -> str:
    return re.sub("<[^>]+>", "", status.text)


def test_an_error_that_a_user_can_mend_is_its_sentence(status):
    """No traceback behind a button: the block ends, and what follows goes on."""
    with status.during("Reading"):
        raise WarehouseError("the server doesn't answer; start it")
    assert _said(status) == "the server doesn&#x27;t answer; start it"
    assert 'role="alert"' in status.text


def test_a_defect_is_said_and_not_swallowed(status):
    """Its traceback is in JupyterLab's log, where the line sends the analyst."""
    with pytest.raises(ZeroDivisionError), status.during("Reading"):
        _ = 1 / 0
    assert _said(status).startswith("ZeroDivisionError: a defect")


def test_what_takes_long_tells_for_how_long(status):
    """A search through a day's whole log isn't taken for one that hangs."""
    with status.during("Searching"):
        assert _said(status) == "Searching …"
        for _ in range(600):
            time.sleep(0.1)
            if _said(status) != "Searching …":
                break
        assert re.fullmatch(r"Searching … \d+ s", _said(status))


def test_what_was_said_last_stays(status):
    """The clock stops with the block, and before the block's own last word."""
    running = threading.active_count()
    with status.during("Searching"):
        status.done("found 3")
        time.sleep(1.2)
    assert _said(status) == "found 3"
    assert threading.active_count() <= running


def test_data_in_a_message_is_text(status):
    """Messages name URIs."""
    status.done("<img src=x onerror=alert(1)>\x1b[31m")
    assert "<img" not in status.text
    assert "&lt;img src=x onerror=alert(1)&gt;\\x1b[31m" in status.text
