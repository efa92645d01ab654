"""The next hop of a redirect."""

import pytest

from checkers import parse
from checkers.redirect import RedirectRefused, Request, next_request

HEADERS = (("Authorization", "Basic x"), ("Cookie", "a=b"), ("Content-Type", "t"), ("X-Own", "1"))


def _sent(method: str = "GET", body: bytes | None = None) -> Request:
    return Request(method, parse("http://a.example:8080/dir/page?q"), HEADERS, body)


@pytest.mark.parametrize(
    ("location", "wire"),
    [
        ("http://b.example/x", "http://b.example/x"),
        ("/x", "http://a.example:8080/x"),
        ("x", "http://a.example:8080/dir/x"),
        ("../x", "http://a.example:8080/x"),
        ("?r", "http://a.example:8080/dir/page?r"),
        ("//b.example/x", "http://b.example/x"),
        ("/with space", "http://a.example:8080/with%20space"),
        (" /trimmed\t", "http://a.example:8080/trimmed"),
    ],
)
def test_a_location_is_resolved_against_the_url(location: str, wire: str) -> None:
    following = next_request(_sent(), 302, [location])

    assert following is not None
    assert following.url.wire == wire


@pytest.mark.parametrize(
    "location",
    ["ftp://b.example/", "javascript:x", "http://", "http://[::1", "http://u@b.example/",
     "http://2130706433/", "http://a.example:99999/", "file:///etc/passwd"],
)  # fmt: skip
def test_a_location_that_leads_astray_is_refused(location: str) -> None:
    with pytest.raises(RedirectRefused):
        next_request(_sent(), 301, [location])


def test_two_different_locations_are_refused_and_one_said_twice_is_followed() -> None:
    with pytest.raises(RedirectRefused):
        next_request(_sent(), 301, ["/a", "/b"])

    assert next_request(_sent(), 301, ["/a", "/a"]) is not None


@pytest.mark.parametrize("status", [200, 300, 304, 305, 306, 404])
def test_other_statuses_are_final(status: int) -> None:
    assert next_request(_sent(), status, ["/x"]) is None


def test_a_redirect_without_location_is_final() -> None:
    assert next_request(_sent(), 302, []) is None


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"), (301, "PUT", "PUT"), (307, "POST", "POST"), (308, "POST", "POST"),
        (301, "HEAD", "HEAD"),
    ],
)  # fmt: skip
def test_methods_change_as_rfc_9110_has_it(status: int, method: str, becomes: str) -> None:
    following = next_request(_sent(method, b"body"), status, ["/x"])

    assert following is not None
    assert following.method == becomes
    assert (following.body is None) == (becomes != method)
    assert (("Content-Type", "t") in following.headers) == (becomes == method)


@pytest.mark.parametrize(
    "location", ["http://b.example:8080/", "http://a.example/", "https://a.example:8080/"]
)
def test_credentials_and_cookies_do_not_leave_their_origin(location: str) -> None:
    following = next_request(_sent(), 302, [location])

    assert following is not None
    assert following.headers == (("Content-Type", "t"), ("X-Own", "1"))


def test_credentials_stay_within_their_origin() -> None:
    following = next_request(_sent(), 302, ["/x"])

    assert following is not None
    assert following.headers == HEADERS
