"""Arbitrary network context files, against a search by `ipaddress` of all their lines."""

import ipaddress
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.mutations import TEXT, damaged, encoded

from proxy_oa_assets.enrichment.network_context import read_network_context
from proxy_oa_assets.model.errors import NetworkContextError

V4 = st.integers(0, 3) | st.integers(0x0A000000, 0x0A000040) | st.integers(2**32 - 3, 2**32 - 1)
V6 = st.integers(0, 3) | st.integers(0xFD << 120, (0xFD << 120) + 64) | st.integers(2**128 - 3, 2**128 - 1)
ADDRESS = V4.map(ipaddress.IPv4Address) | V6.map(ipaddress.IPv6Address)
FORMS = st.one_of(
    ADDRESS.map(str),
    ADDRESS.map(lambda address: address.exploded.upper()),
    ADDRESS.map(lambda address: f"[{address}]"),
    st.tuples(ADDRESS, st.integers(0, 129)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    st.tuples(ADDRESS, ADDRESS, st.sampled_from(["-", " - ", "\u2013"])).map(
        lambda pair: f"{pair[0]}{pair[2]}{pair[1]}"
    ),
    V4.map(ipaddress.IPv4Address).map(lambda address: ".".join(f"{octet:03}" for octet in address.packed)),
    V4.map(ipaddress.IPv4Address).map(lambda address: str(address).rpartition(".")[0] + ".*"),
    V4.map(lambda number: f"::ffff:{ipaddress.IPv4Address(number)}"),
    TEXT,
)
LINES = st.tuples(FORMS, st.sampled_from(",;\t"), st.text(max_size=5) | TEXT).map("".join)
TEXTS = st.lists(LINES | st.sampled_from(["", "# x", "ip,description", "sep=;"]), max_size=8).map("\n".join)
CONTENTS = TEXTS.flatmap(encoded) | TEXTS.flatmap(
    lambda text: damaged(text.encode("utf-8", "replace"), most=2)
)


def mapped(address):
    return getattr(address, "ipv4_mapped", None) or address


def plain(text: str):
    """Return an address as the standard library reads it, in brackets or padded, without a zone."""
    text = text.strip()
    text = text[1:-1].strip() if text[:1] == "[" and text[-1:] == "]" else text
    if ":" in text and re.fullmatch(r"[^%]*%[\w.~-]+", text):
        text = text.split("%")[0]
    if re.fullmatch(r"[0-9]{3}(\.[0-9]{3}){3}", text):
        text = ".".join(str(int(octet)) for octet in text.split("."))
    if "%" in text:
        raise ValueError(text)
    return ipaddress.ip_address(text)


def bounds(text: str):
    """Return the first and the last address that a cell means; ValueError if it means none."""
    text = text.strip()
    if "/" in text:
        address, length = text.replace("[", "").replace("]", "").split("/")
        network = ipaddress.ip_network(f"{plain(address)}/{length.strip()}", strict=False)
        first, last = mapped(network[0]), mapped(network[-1])
        return (first, last) if first.version == last.version else (network[0], network[-1])
    if stars := re.fullmatch(r"((?:[0-9]{1,3}\.){1,3})\*((?:\.\*)*)", text):
        octets, more = stars[1].split(".")[:-1], len(stars[2]) // 2
        if len(octets) + 1 + more > 4:
            raise ValueError(text)
        octets = [str(int(each)) for each in octets] if {len(each) for each in octets} == {3} else octets
        whole = ".".join([*octets, *("0" * (4 - len(octets)))])
        network = ipaddress.ip_network(f"{whole}/{8 * len(octets)}")
        return network[0], network[-1]
    low, dash, high = text.replace("\u2013", "-").partition("-")
    first = mapped(plain(low))
    last = mapped(plain(high)) if dash else first
    if first.version != last.version or first > last:
        raise ValueError(text)
    return first, last


def search(lines, address) -> str:
    """Return what the smallest of the lines' ranges says that has the address, the first of equals."""
    found = [
        (int(last) - int(first), number, description)
        for number, (first, last, description) in enumerate(lines)
        if first.version == address.version and first <= address <= last
    ]
    return min(found)[2] if found else ""


def as_editors_read(content: bytes) -> str:
    """Return a text of UTF-8, in which bytes that aren't are of Windows-1252."""
    return re.sub(
        "[\udc80-\udcff]",
        lambda other: bytes([ord(other[0]) - 0xDC00]).decode("cp1252", "replace"),
        content.decode("utf-8", "surrogateescape"),
    )


@example(b"\xdcbersicht,\n0.0.0.0,a", [])
@example(b"\xb9,\n0.0.0.0,0", [])
@example(b"[fd00::]0.0.0.0,0\n0.0.0.0,0", [])
@fuzz("network context", short=25, content=CONTENTS, asked=st.lists(ADDRESS, max_size=4))
def test_each_line_describes_its_addresses_or_is_named(content: bytes, asked: list) -> None:
    """A line that isn't named describes what `ipaddress` reads in it; damaged neighbours change nothing."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "context.csv"
        path.write_bytes(content)
        try:
            found = read_network_context(path)
        except NetworkContextError as error:
            assert str(path) in str(error)
            assert "PROXY_OA_NETWORK_CONTEXT" in str(error)
            return
    if content[:1] in (b"\xff", b"\xfe", b"\x00") or content[1:2] == b"\x00" or b"\r" in content:
        return  # lines in UTF-16, and those that a lone CR ends, are for tests of text_file.py
    text = as_editors_read(content.removeprefix(b"\xef\xbb\xbf"))
    rejected = {int(re.match(rf"{re.escape(str(path))}:(\d+): ", each)[1]) for each in found.rejected.first}
    used = []
    for number, line in enumerate(text.split("\n"), 1):
        separator = re.search(r"[,;\t]", line)
        if number in rejected or not separator or '"' in line or line.lstrip()[:1] == "#":
            continue
        ip, description, *_ = [cell.strip() for cell in line.split(separator[0])]
        try:
            used.append((*bounds(ip), description))
        except ValueError:
            assert re.match(r"\s*(?:ip|[^\W\d])", ip) or not (ip or description), f"{line!r} isn't named"
    if '"' not in text:
        assert found.entries == len({each[:2] for each in used})
    ends = [mapped(ipaddress.ip_address(str(each))) for first, last, _ in used for each in (first, last)]
    if '"' not in text:
        for address in (*ends, *map(mapped, asked)):
            assert found.describe(str(address)) == search(used, address)
