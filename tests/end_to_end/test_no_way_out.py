import socket

import pytest


def test_no_test_reaches_beyond_this_machine():
    """pytest-socket refuses a connection to another machine before it is attempted."""
    with pytest.raises(UserWarning, match="tried to use"):
        socket.create_connection(("198.51.100.1", 80), timeout=1)
