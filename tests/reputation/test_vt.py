import pytest
from support.reputation_server import Reply

KEY = "0123456789abcdef-the-vt-key"
URL = "http://www.somedomain.com/this/is/my/url"
# The identifier that VirusTotal's own documentation gives for it.
IDENTIFIER = "aHR0cDovL3d3dy5zb21lZG9tYWluLmNvbS90aGlzL2lzL215L3VybA"
NOT_FOUND = {"error": {"code": "NotFoundError", "message": f'URL "{URL}" not found'}}


def _report(*, malicious=0, suspicious=0, categories=None):
    return {
        "data": {
            "id": "2b2f1f47",
            "type": "url",
            "attributes": {
                "url": "http://evil.example/",
                "last_analysis_date": 1635971126,
                "last_analysis_stats": {
                    "harmless": 77,
                    "malicious": malicious,
                    "suspicious": suspicious,
                    "timeout": 0,
                    "undetected": 8,
                },
                "categories": categories or {},
                "reputation": 0,
                "threat_names": ["Mal/HTMLGen-A"],
                "tags": [],
            },
        }
    }


@pytest.mark.parametrize(
    ("malicious", "suspicious", "said"),
    [
        *[(7, 0, "vt:HIGH:3"), (3, 0, "vt:HIGH:3"), (2, 0, "vt:MEDIUM:2"), (1, 0, "vt:MEDIUM:2")],
        *[(0, 2, "vt:MEDIUM:2"), (0, 1, "vt:LOW:1"), (0, 0, "vt:NONE:0")],
    ],
)
def test_scanners_make_a_severity(service, malicious, suspicious, said):
    """3 that say malicious are high; 1, or 2 that say suspicious, medium; 1 suspicious low."""
    with service("vt", lambda _: Reply(_report(malicious=malicious, suspicious=suspicious)), KEY) as asking:
        assert asking.said("evil.example/") == [said]


def test_a_url_is_asked_by_its_identifier_and_the_key_stands_in_a_header(service):
    """GET /urls/<unpadded URL-safe base64>, header x-apikey; nothing is handed in."""
    with service("vt", lambda _: Reply(_report()), KEY) as asking:
        asking.said(URL)
    (asked,) = asking.server.asked
    assert (asked.method, asked.target) == ("GET", f"/urls/{IDENTIFIER}")
    assert asked.headers["x-apikey"] == KEY
