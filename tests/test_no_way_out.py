import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_no_test_reaches_beyond_this_machine():
    """Nothing that a test asks for leaves the machine: the connection is refused before it is tried."""
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("198.51.100.1", 80), timeout=1)
