import pytest

from proxy_oa_assets.investigation.defanging import defanged, refang


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (
            "http://evil.example/a.php?u=https://b.co.uk/x",
            "hxxp://evil[.]example/a.php?u=hxxps://b[.]co[.]uk/x",
        ),
        ("HTTP://Evil.Example", "HXXP://Evil[.]Example"),
        ("evil.example/2.5/error_message.html?f=a.b", "evil[.]example/2.5/error_message.html?f=a.b"),
        ("See evil.example/a.html, then b.example.", "See evil[.]example/a.html, then b[.]example."),
        ("evil.example/<b.example>,c.example/x.y", "evil[.]example/<b[.]example>,c[.]example/x.y"),
        ("a.example/www.b.example/x.y", "a[.]example/www[.]b[.]example/x.y"),
        ("a.example/?u=b.example/x.y&m=x@c.example", "a[.]example/?u=b[.]example/x.y&m=x@c[.]example"),
        ("a.example/?u=http%3A%2F%2Fb.example%2Fx.y", "a[.]example/?u=http%3A%2F%2Fb[.]example%2Fx.y"),
        ("a.example/%5C%5Cb.example%5Cx.y", "a[.]example/%5C%5Cb[.]example%5Cx.y"),
        ("a.example/%252F%252Fb.example%252Fx.y", "a[.]example/%252F%252Fb[.]example%252Fx.y"),
        ("a.example/mailto%3Ax%40b.example", "a[.]example/mailto%3Ax%40b[.]example"),
        ("a.example/?x.y%2Fwww.b.example", "a[.]example/?x.y%2Fwww[.]b[.]example"),
        ("a.example/?u%3Db.example%2Fx.y%20z.html", "a[.]example/?u%3Db[.]example%2Fx.y%20z.html"),
        ("[2001:db8::1]:80/a.b //c.example/", "[2001:db8::1]:80/a.b //c[.]example/"),
        ("203.0.113.7:8080/x", "203[.]0[.]113[.]7:8080/x"),
        ("ftp://a.example ws://b.example", "fxp://a[.]example ws[:]//b[.]example"),
        (
            "a.example/%3Chttps://b.example%22FTP://c.example",
            "a[.]example/%3Chxxps://b[.]example%22FXP://c[.]example",
        ),
        ("aftp://a.example hTtp://b.example", "aftp[:]//a[.]example hTtp[:]//b[.]example"),
        ("a.example/..\\..\\x", "a[.]example/..\\..\\x"),
        ("пример.рф, x@mail.example", "пример[.]рф, x@mail[.]example"),
    ],
)
def test_no_address_in_a_text_stays_what_a_program_makes_a_link_of(text, safe):
    """Schemes are renamed, and the dots of hosts bracketed; paths keep theirs but for addresses in them."""
    assert defanged(text) == safe
    assert refang(safe) == text


def test_prose_reads_as_it_was_written():
    """Decimal numbers, ellipses, the ends of sentences and internal addresses keep their dots."""
    text = "10.0.0.5 and 172.16.1.2 took 2.5 MB. Then it went on... until 10:15."
    assert defanged(text) == text
