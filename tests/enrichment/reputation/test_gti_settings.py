"""Which of GTI's settings go together, and which files it can use."""

import re

import pytest
from pydantic import ValidationError
from support.gti import PASSWORD


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "can be looked up"),
        (b"code,name,group\n", "can be looked up"),
        (b"code,name,group\n1,a,b\nx,y,z\n", r"codes.csv can't be read: line 3 isn't code,name,group"),
        (b"1,a,b\n2\n", r"codes.csv can't be read: line 2 isn't code,name,group"),
        (b"\x1f\x8b1,a,b\n", "codes.csv can't be read"),
    ],
)
def test_a_category_file_that_cannot_be_used_is_named(gti, tmp_path, content, named):
    """The message has the setting, the file and the line."""
    (tmp_path / "codes.csv").write_bytes(content)
    with pytest.raises(ValidationError, match=f"`category_file`: .*{named}"):
        gti("https://gti.example", category_file="codes.csv")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"transport": None}, "transport"),
        ({"transport": "ftp"}, "transport.*'restclient' or 'https'"),
        ({"server": "gti.example.net"}, "`server`: it is no web address"),
        ({"server": "http://gti.example.net"}, "`server`: plain http is for this machine alone"),
        ({"client": None}, "client"),
        ({"client": {}}, "client"),
        ({"user": None}, "`user` and `password_env` go together"),
        ({"password_env": None}, "`user` and `password_env` go together"),
        ({"password_env": "NOT_SET"}, "password_env.*isn't set"),
        (
            {"user": None, "password_env": None},
            "transport https needs `user` and `password_env`, or `client_cert`",
        ),
        ({"client_cert": "none.pem"}, "client_cert.*there is no file"),
        ({"restclient": "/bin/sh"}, "`restclient` means nothing to transport https"),
        ({"transport": "restclient"}, "transport restclient needs `restclient`"),
        ({"transport": "restclient", "restclient": "/bin/sh", "user": None}, "restclient needs `user`"),
        ({"transport": "restclient", "restclient": "/bin/sh", "password_env": None}, "needs `password_env`"),
        ({"transport": "restclient", "restclient": "none"}, "restclient.*there is no file"),
        ({"transport": "restclient", "restclient": "plain.txt"}, "restclient.*may not be run"),
        (
            {"transport": "restclient", "restclient": "/bin/sh", "ca_cert": "plain.txt"},
            "`ca_cert` means nothing to transport restclient",
        ),
        (
            {"transport": "restclient", "restclient": "/bin/sh", "client_cert": "plain.txt"},
            "`client_cert` means nothing to transport restclient",
        ),
        ({"batch": 101}, "batch"),
    ],
)
def test_settings_that_do_not_go_together_are_named(gti, tmp_path, changed, named):
    """Which setting a transport lacks, or has no use for; the password isn't repeated."""
    (tmp_path / "plain.txt").write_text("no program")
    with pytest.raises(ValidationError) as caught:
        gti(**{"server": "https://gti.example.net", **changed})
    message = " ".join(str(caught.value).split())
    assert re.search(named, message)
    assert PASSWORD not in message
