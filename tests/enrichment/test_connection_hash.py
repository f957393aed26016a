import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.enrichment.score_columns import connection_hash, edge_file_name, hour_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("time", "hour"),
    [
        ("07:05:03", "07"),
        ("7:05:03", "07"),
        ("23:59:59", "23"),
        ("00:00:00", "00"),
        ("07:05", "07"),
        (None, "xx"),
        ("", "xx"),
        ("070503", "xx"),
        ("-", "xx"),
        (":05", "xx"),
        ("\u0660\u0667:05:03", "xx"),
    ],
)
def test_the_hour_has_two_digits_or_is_marked_as_unknown(time, hour):
    """A time with one digit of hour is padded; what has no hour gives xx."""
    assert hour_text(time) == hour


def test_the_hash_is_md5_of_client_and_uri_and_the_hour():
    """Step 9 of the contract, so that edge files keep the names that Spot gave them."""
    digest = hashlib.md5(b"10.0.0.1evil.example/a").hexdigest()
    assert connection_hash("10.0.0.1", "evil.example/a", "07:05:03") == f"{digest}07"


def test_null_counts_as_the_word_null():
    """In the results file NULL and the word null are one, so their hashes are, too."""
    assert connection_hash(None, None, None) == connection_hash("null", "null", "")
    assert connection_hash("", "", "") != connection_hash(None, None, "")


@given(TEXT, TEXT, TEXT)
def test_every_text_has_a_hash_of_one_form(clientip, fulluri, time):
    """For any fields, the hash is 32 hex digits and an hour: safe in a file name."""
    value = connection_hash(clientip, fulluri, time)
    assert re.fullmatch(r"[0-9a-f]{32}([0-9]{2}|xx)", value)
    assert value[:32] == hashlib.md5((clientip + fulluri).encode("utf-8")).hexdigest()


@pytest.mark.parametrize(
    ("clientip", "name"),
    [
        ("10.0.0.1", "edge-10.0.0.1-h.tsv"),
        ("fe80::1", "edge-fe80__1-h.tsv"),
        ("../../etc/passwd", "edge-.._.._etc_passwd-h.tsv"),
        ("a\0b\nc", "edge-a_b_c-h.tsv"),
        (None, "edge-null-h.tsv"),
    ],
)
def test_a_file_name_has_only_safe_characters(clientip, name):
    """The `:` of IPv6 and the characters of paths become `_`."""
    assert edge_file_name(clientip, "h") == name


@given(TEXT)
def test_no_client_leads_out_of_the_folder(tmp_path_factory, clientip):
    """A log line can hold anything as the client; its file stays in the day's folder and can be made."""
    folder = tmp_path_factory.mktemp("edges")
    path = folder / edge_file_name(clientip, "0" * 34)
    path.touch()
    assert path.resolve().parent == folder.resolve()
