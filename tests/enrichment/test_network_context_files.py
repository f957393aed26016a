"""Network context files as spreadsheets, editors and other systems write them."""

import time

import pytest

from proxy_oa_assets.enrichment.network_context import read_network_context
from proxy_oa_assets.model.errors import NetworkContextError

FORMS = {
    "10.0.0.*": "10.0.0.200",
    "10.1.*.*": "10.1.2.3",
    "10.2.*": "10.2.3.4",
    "010.002.001.*": "10.2.1.4",
    "010.003.000.001": "10.3.0.1",
    "010.003.001.000/24": "10.3.1.9",
    "10.4.0.0/255.255.0.0": "10.4.5.6",
    "10.5.0.1 - 10.5.0.9": "10.5.0.5",
    "10.6.0.1\u201310.6.0.9": "10.6.0.5",
    "010.007.000.001-010.007.000.009": "10.7.0.5",
    "10.8.0.0 / 16": "10.8.1.1",
    "[2001:db8:1::1]": "2001:db8:1::1",
    "[2001:db8:2::]/48": "2001:db8:2::9",
    "fe80::1%eth0": "fe80::1",
    "[2001:db8:3::1]-[2001:db8:3::9]": "2001:db8:3::5",
}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "header", ["IP/CIDR{0}Beschreibung", '"ip"{0}"description"', "# ours", "sep={0}", ""]
)
def test_the_forms_of_addresses_that_people_write_are_read(read, separator, header):
    """Wildcards, padded octets, netmasks, blanks, brackets, zones; columns as spreadsheets separate them."""
    context = read(
        header.format(separator), *(f'{form}{separator}"{form}, or; so"' for form in FORMS), "", "# the end"
    )
    assert (context.rejected.first, context.entries) == ([], len(FORMS))
    for form, address in FORMS.items():
        assert context.describe(address) == f"{form}, or; so"


def test_a_client_is_found_in_the_forms_that_proxies_log(read):
    """The log's addresses are read as the file's."""
    context = read("10.0.0.1,four", "fe80::1,six")
    assert [context.describe(ip) for ip in ("010.000.000.001", "[fe80::1]", "fe80::1%3")] == [
        "four",
        "six",
        "six",
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_encodings_of_editors_are_read(tmp_path, encoding, ends):
    """Excel's Unicode text is UTF-16 with tabs; older programs write Latin-1."""
    path = tmp_path / "context.csv"
    path.write_bytes(
        ends.join(["ip\tdescription", "10.0.0.1\tB\u00fcro", "10.0.0.2\tLager"]).encode(encoding)
    )
    context = read_network_context(path)
    assert [context.describe(ip) for ip in ("10.0.0.1", "10.0.0.2")] == ["B\u00fcro", "Lager"]
    assert context.rejected.first == []


def test_a_spreadsheet_itself_is_refused(tmp_path):
    """An .xlsx is a ZIP archive; the error says how to go on."""
    path = tmp_path / "context.csv"
    path.write_bytes(b"PK\x03\x04\x14\x00")
    with pytest.raises(NetworkContextError, match=r"context\.csv.*save it as CSV"):
        read_network_context(path)


def test_a_second_description_of_the_same_addresses_is_named(read, tmp_path):
    """It would never be shown; the same one again is no mistake."""
    context = read("10.0.0.0/30,first", "10.0.0.0-10.0.0.3,second", "10.0.0.1/30,first")
    assert context.rejected.first == [
        f"{tmp_path / 'context.csv'}:2: line 1 describes '10.0.0.0-10.0.0.3' already"
    ]
    assert context.describe("10.0.0.1") == "first"


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ([], "remove PROXY_OA_NETWORK_CONTEXT"),
        (["ip,description"], "remove PROXY_OA_NETWORK_CONTEXT"),
        (["description|ip", "host|10.0.0.1"], r":2: no description after 'host\|10"),
        (["10.0.0.1 host"], ":1: no description after '10.0.0.1 host'"),
        (
            ["from,to,description", "10.0.0.1,10.0.0.9,range"],
            ":2: its second column, '10.0.0.9', is an address",
        ),
    ],
)
def test_a_file_without_a_usable_line_is_an_error(read, lines, named):
    """The column would stay empty while the run is green; the first line's reason shows what to change."""
    with pytest.raises(NetworkContextError, match=named) as caught:
        read(*lines)
    assert "context.csv" in str(caught.value)


def test_a_long_line_costs_no_time(read):
    """Runs of blanks, dashes, digits and separators are read once."""
    began = time.process_time()
    context = read("10.0.0.1,host", *(f"1{char * 100_000}1,x" for char in ' \t-.:1["/%*'))
    assert time.process_time() - began < 3
    assert (context.entries, context.describe("10.0.0.1")) == (1, "host")


def test_ten_thousand_ranges_are_read(read):
    """Ranges of odd ends are split into prefixes; the answer is that of each range."""
    context = read(
        *(f"10.{n // 256}.{n % 256}.1-10.{n // 256}.{n % 256}.254,range {n}" for n in range(10_000))
    )
    assert context.describe("10.39.15.77") == "range 9999"
    assert context.describe("10.39.15.0") == ""
