"""Cookies of one attempt: each goes back to the origin that set it, and nowhere else."""

import pytest

from checkers import parse
from checkers.cookies import Cookies

ORIGIN = "http://ex.ample/a/b"


def _field(set_cookie: str, to: str, own: str | None = None) -> str | None:
    cookies = Cookies()
    cookies.take(parse(ORIGIN), [set_cookie])
    return cookies.field(parse(to), own)


@pytest.mark.parametrize(
    ("set_cookie", "to", "field"),
    [
        ("s=1", "http://ex.ample/a/c", "s=1"),
        ("s=1", "http://ex.ample/other", None),
        ("s=1; Path=/", "http://ex.ample/other", "s=1"),
        ("s=1; Path=/", "http://ex.ample:81/", None),
        ("s=1; Path=/", "https://ex.ample/", None),
        ("s=1; Path=/", "http://sub.ex.ample/", None),
        ("s=1; Path=/; Domain=ex.ample", "http://ex.ample/", "s=1"),
        ("s=1; Path=/; Domain=other.example", "http://ex.ample/", None),
        ("s=1; Path=/; Secure", "http://ex.ample/", None),
        ("s=1; Path=/; Max-Age=0", "http://ex.ample/", None),
        ("s=ü; Path=/", "http://ex.ample/", None),
        ("s=\x01; Path=/", "http://ex.ample/", None),
    ],
)
def test_a_cookie_goes_where_it_belongs(set_cookie: str, to: str, field: str | None) -> None:
    assert _field(set_cookie, to) == field


def test_a_cookie_that_was_set_replaces_ones_own_of_that_name() -> None:
    assert _field("s=new", ORIGIN, own="a=1; s=old") == "a=1; s=new"


def test_coming_back_to_an_origin_its_cookies_are_there_again() -> None:
    cookies, elsewhere = Cookies(), parse("http://other.example/")
    cookies.take(parse(ORIGIN), ["s=1"])
    cookies.take(elsewhere, ["t=2"])

    assert cookies.field(elsewhere, None) == "t=2"
    assert cookies.field(parse(ORIGIN), None) == "s=1"
