import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.enrichment.network_context import NetworkContext, read_network_context
from proxy_oa_assets.model.errors import NetworkContextError

MALFORMED = (
    *(
        "10.0.0.300",
        "10.0.0",
        "010.0.0.1",
        "10.0.0.0/33",
        "10.0.0.1/x",
        "fe80::/129",
        "host",
        "\U0001f600",
        "\0",
        "'",
    ),
    *("10.0.0.9-10.0.0.1", "10.0.0.1-fe80::1", "10.0.0.1-", "-10.0.0.1", "1-2-3"),
)


def test_an_address_a_block_and_a_range_are_found(read):
    """The three forms of `ip`, with both ends of each and their neighbours."""
    context = read("10.0.0.1,host", "10.1.0.0/16,block", "10.2.0.5-10.2.0.9,range")
    assert [context.describe(f"10.0.0.{last}") for last in (0, 1, 2)] == ["", "host", ""]
    asked = ("10.0.255.255", "10.1.0.0", "10.1.255.255", "10.2.0.0")
    assert [context.describe(ip) for ip in asked] == ["", "block", "block", ""]
    assert [context.describe(f"10.2.0.{last}") for last in (4, 5, 7, 9, 10)] == ["", *["range"] * 3, ""]


def test_the_same_forms_are_found_for_ipv6(read):
    """IPv6 in any spelling, and never mixed up with an IPv4 address of the same number."""
    context = read("fe80::1,host", "2001:db8::/32,block", "fd00::1-fd00::ff,range", "::a00:1,low")
    assert context.describe("FE80:0:0:0::1") == "host"
    assert context.describe("2001:db8:ffff::") == "block"
    assert context.describe("fd00::ff") == "range"
    assert context.describe("fd00::100") == ""
    assert context.describe("10.0.0.1") == ""


def test_an_ipv4_mapped_address_is_its_ipv4_address(read):
    """A dual-stack proxy logs ::ffff:10.0.0.1 for 10.0.0.1: the same, in the log and in the file."""
    context = read("10.0.0.0/24,v4", "::ffff:10.0.1.1,mapped", "::ffff:10.0.2.1-::ffff:10.0.2.9,mapped range")
    assert context.describe("::ffff:10.0.0.7") == context.describe("10.0.0.7") == "v4"
    assert context.describe("::ffff:a00:101") == context.describe("10.0.1.1") == "mapped"
    assert context.describe("::ffff:10.0.2.5") == context.describe("10.0.2.5") == "mapped range"


def test_a_block_with_one_end_among_the_ipv4_mapped_addresses_is_ipv6(read):
    """Its other addresses are described."""
    context = read("::ffff:0:0/95,around all of IPv4")
    assert context.describe("::fffe:1:1") == "around all of IPv4"


def test_a_block_of_ipv4_mapped_addresses_covers_their_ipv4_addresses(read):
    """::ffff:10.0.3.0/120 is 10.0.3.0/24, as for single addresses and ranges."""
    context = read("::ffff:10.0.3.0/120,mapped block")
    assert context.describe("10.0.3.9") == context.describe("::ffff:10.0.3.9") == "mapped block"


def test_the_whole_of_an_address_family_is_a_block(read):
    """0.0.0.0/0 is the least specific entry there is, and the ranges that amount to it work as well."""
    context = read("0.0.0.0/0,any", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,any six", "128.0.0.0/1,half")
    assert [context.describe(ip) for ip in ("0.0.0.0", "255.255.255.255", "fe80::1")] == [
        "any",
        "half",
        "any six",
    ]


def test_the_most_specific_match_wins_in_any_order(read):
    """A host beats its range, a range beats its block, wherever they stand in the file."""
    lines = ["10.0.0.0/8,block", "10.0.0.0-10.0.0.20,range", "10.0.0.7,host", "10.0.0.0/30,small block"]
    for each in (lines, lines[::-1]):
        context = read(*each)
        asked = ("10.0.0.7", "10.0.0.3", "10.0.0.8", "10.0.0.21")
        assert [context.describe(ip) for ip in asked] == ["host", "small block", "range", "block"]


def test_a_range_counts_by_its_size_and_not_by_the_prefixes_it_is_made_of(read):
    """A range of 65 addresses contains a /26 and a /32, but a /26 entry is more specific than it."""
    context = read("10.0.0.0-10.0.0.64,range", "10.0.0.64/26,block")
    assert context.describe("10.0.0.64") == "block"


def test_of_equally_specific_entries_the_first_wins(read):
    """Two entries for one address, or two of one size that overlap: the order in the file decides."""
    assert read("10.0.0.1,first", "10.0.0.1,second").describe("10.0.0.1") == "first"
    overlapping = read("10.9.9.8/31,elsewhere", "10.0.0.1-10.0.0.2,first", "10.0.0.2/31,second")
    assert overlapping.describe("10.0.0.2") == "first"


# Few numbers, so that entries nest, overlap and touch in every way; the ends of each family, too.
NUMBERS = st.integers(0, 24) | st.integers(2**32 - 25, 2**32 - 1)
RANGES = st.tuples(NUMBERS, NUMBERS).map(sorted)
BLOCKS = st.tuples(NUMBERS, st.integers(0, 8) | st.just(32)).map(
    lambda pair: [pair[0] >> pair[1] << pair[1], (pair[0] >> pair[1] << pair[1]) + (1 << pair[1]) - 1]
)


@pytest.mark.parametrize("address", [ipaddress.IPv4Address, ipaddress.IPv6Address])
@given(entries=st.lists(RANGES | BLOCKS, max_size=12), asked=st.lists(NUMBERS, min_size=1, max_size=12))
def test_lookups_agree_with_a_search_of_all_entries(address, entries, asked):
    """The answer is a plain search's: the smallest entry that covers the address, the first of equals."""
    context = NetworkContext()
    for position, (low, high) in enumerate(entries):
        context.ranges.add(address(low), address(high), str(position))
    for number in asked:
        covering = [
            (high - low, position) for position, (low, high) in enumerate(entries) if low <= number <= high
        ]
        expected = str(min(covering)[1]) if covering else ""
        assert context.describe(str(address(number))) == expected


@pytest.mark.parametrize("header", ["ip,description", "IP Address,What it is,Owner", "\ufeffip,description"])
def test_a_header_is_no_entry_and_no_mistake(read, header):
    """With or without a header, with or without Excel's byte order mark."""
    context = read(header, "10.0.0.1,host")
    assert (context.entries, context.rejected.first, context.describe("10.0.0.1")) == (1, [], "host")


def test_a_byte_order_mark_before_an_entry_is_not_part_of_it(read):
    """Excel writes one before the first address of a file without a header."""
    assert read("\ufeff10.0.0.1,host").describe("10.0.0.1") == "host"


def test_a_quoted_description_keeps_its_commas(read):
    """The file is CSV: a quoted description may hold commas and quotes."""
    context = read('10.0.0.1,"Servers, DMZ, ""old"""', "10.0.0.3, padded ,owner")
    assert context.describe("10.0.0.1") == 'Servers, DMZ, "old"'
    assert context.describe("10.0.0.3") == "padded"


@pytest.mark.parametrize("line", ['10.0.0.1,"never closed', "10.0.0.1," + "x" * 200_000])
def test_an_unparsable_line_spoils_only_itself(read, tmp_path, line):
    """A quote that is never closed doesn't swallow the lines that follow."""
    context = read("ip,description", line, "10.0.0.2,other")
    (rejected,) = context.rejected.first
    assert rejected.startswith(f"{tmp_path / 'context.csv'}:2: ")
    assert context.describe("10.0.0.2") == "other"


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_line_is_named_by_file_and_line(read, tmp_path, text):
    """The other lines count; the rejected one is named so that it can be found."""
    context = read("ip,description", "10.0.0.1,host", f"{text},bad", "", "10.0.0.2,other")
    (rejected,) = context.rejected.first
    assert rejected.startswith(f"{tmp_path / 'context.csv'}:3: ")
    assert (context.entries, context.describe("10.0.0.2")) == (2, "other")


@pytest.mark.parametrize("line", ["10.0.0.1", "10.0.0.1,", "10.0.0.1 host"])
def test_an_entry_without_description_is_named(read, tmp_path, line):
    """An address alone has no context."""
    context = read("ip,description", "10.0.0.2,host", line)
    (rejected,) = context.rejected.first
    assert rejected.startswith(f"{tmp_path / 'context.csv'}:3: no description after '10.0.0.1")
    assert context.describe("10.0.0.1") == ""


@pytest.mark.parametrize("line", ["10.0.0.0/33,block", "10.0.0.300,host", "10.0.0.9-10.0.0.1,range"])
def test_a_malformed_first_line_is_not_taken_for_a_header(read, line):
    """Nothing is lost silently: a first line that was meant as an address is named like any other."""
    assert read(line, "10.0.0.1,host").rejected.count == 1


@pytest.mark.parametrize(
    "entry",
    [
        *("[fd00::7]", "[fd00::7]%eth0", "[fd00::7%eth0]", "[fd00::]/64", "[fd00::/64]", " [ fd00::7 ] "),
        *("[fd00::1]-[fd00::9]", "[fd00::1-fd00::9]", "[fd00::1] \u2013 fd00::9"),
    ],
)
def test_brackets_may_stand_around_an_entry(read, entry):
    """As URLs and some devices write IPv6, also with what belongs to the entry behind them."""
    assert read(f"{entry},host").describe("fd00::7") == "host"


@pytest.mark.parametrize(
    "entry", ["[fd00::7]:443", "[fd00::]0.0.0.7", "fd00[::7]", "[[fd00::7]]", "[fd00::7"]
)
def test_brackets_within_an_entry_are_named(read, entry):
    """Without them, an address and its port, or two addresses, would be another address."""
    context = read(f"{entry},host", "10.0.0.1,other")
    assert context.rejected.count == 1
    assert context.entries == 1


def test_host_bits_in_a_block_do_not_matter(read):
    """10.0.0.7/24 is how people write the network of a machine."""
    assert read("10.0.0.7/24,net").describe("10.0.0.200") == "net"


@given(st.text(max_size=40) | st.none())
def test_text_that_is_no_address_has_no_context(text):
    """A log can hold anything as the client; nothing raises, and nothing is found for what is no address."""
    context = NetworkContext()
    context.ranges.add(ipaddress.IPv4Address("10.0.0.1"), ipaddress.IPv4Address("10.0.0.1"), "host")
    assert context.describe(text) == ("host" if text == "10.0.0.1" else "")


def test_bytes_that_are_not_utf_8_cost_no_line(tmp_path):
    """A description in another encoding is still a description."""
    path = tmp_path / "context.csv"
    path.write_bytes("10.0.0.1,B\u00fcro\n".encode("latin-1"))
    assert read_network_context(path).describe("10.0.0.1") == "B\u00fcro"


def test_a_file_that_cannot_be_read_names_itself_and_the_setting(tmp_path):
    """A missing file is an error that the user can fix."""
    path = tmp_path / "context.csv"
    with pytest.raises(NetworkContextError, match="PROXY_OA_NETWORK_CONTEXT") as caught:
        read_network_context(path)
    assert str(path) in str(caught.value)


def test_a_hundred_thousand_entries_serve_three_thousand_lookups(read):
    """A large site's file works: each address is found in its own /26 or host entry."""
    randomness = random.Random(20160912)
    networks = [ipaddress.ip_network((10 << 24 | number << 6, 26)) for number in range(50_000)]
    hosts = [network[5] for network in networks]
    context = read(
        *(f"{network},net {number}" for number, network in enumerate(networks)),
        *(f"{host},host {number}" for number, host in enumerate(hosts)),
    )
    assert (context.entries, context.rejected.first) == (100_000, [])
    for number in randomness.sample(range(50_000), 1_500):
        assert context.describe(str(hosts[number])) == f"host {number}"
        assert context.describe(str(networks[number][6])) == f"net {number}"
