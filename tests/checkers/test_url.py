"""One strict parse, ahead of every client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers import InvalidUrl, parse

ODD = [
    "",
    "example.org",
    "//example.org/",
    "http:/example.org",
    "http:///path",
    "http://",
    "ftp://example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ws://example.org/",
    "http://user@example.org/",
    "http://user:secret@example.org/",
    "http://a@b@c/",
    "http://127.0.0.1:80\\@example.org/",
    "http:\\\\example.org\\",
    "http://exa mple.org/",
    "http://example.org/a b",
    " http://example.org/",
    "http://example.org/\n",
    "http://exam\tple.org/",
    "http://example.org/\x00",
    "http://example.org/\u00a0",
    "http://example.org/\u200b",
    "http://example.org/\u202e",
    "http://example.org/\ud800",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://127.0.0.01/",
    "http://256.0.0.1/",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://[::1%25eth0]/",
    "http://[::1%eth0]/",
    "http://[127.0.0.1]/",
    "http://[::g]/",
    "http://[::1/",
    "http://::1/",
    "http://example.org:0/",
    "http://example.org:65536/",
    "http://example.org:99999/",
    "http://example.org:８０/",
    "http://example.org:-80/",
    "http://example.org:80:80/",
    "http://-example.org/",
    "http://example..org/",
    "http://exa%6dple.org/",
    f"http://{'a' * 64}.org/",
    f"http://{'a.' * 127}org/",
    "http://example.org/" + "a" * 8192,
]


@pytest.mark.parametrize("text", ODD)
def test_odd_spellings_are_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidUrl, match=r"\.$"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("http://example.org", "http://example.org/"),
        ("HTTP://EXAMPLE.org:80/A?b=c#d", "http://example.org/A?b=c"),
        ("https://example.org:443", "https://example.org/"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("http://example.org?q", "http://example.org/?q"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
        ("http://bücher.example/ä", "http://xn--bcher-kva.example/%C3%A4"),
        ("http://example.org/%zz%20", "http://example.org/%25zz%20"),
        ("http://under_score.example.org./", "http://under_score.example.org./"),
        ("http://example.org/a/../b/./c", "http://example.org/a/../b/./c"),
    ],
)
def test_what_goes_over_the_wire_is_plain(text: str, wire: str) -> None:
    assert parse(text).wire == wire


def test_the_text_is_kept_as_it_was_given() -> None:
    assert parse("HTTP://Example.org:80").text == "HTTP://Example.org:80"


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_invalid(text: str) -> None:
    for candidate in (text, f"http://{text}", f"http://example.org/{text}"):
        try:
            url = parse(candidate)
        except InvalidUrl:
            continue

        assert parse(url.wire).wire == url.wire
        assert url.wire.isascii()
