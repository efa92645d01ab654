"""Cookies a server sets on the way, kept for the hops of one attempt and no longer (RFC 6265)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from email.message import Message
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast
from urllib.request import Request as UrllibRequest

from checkers.url import Url


class Cookies:
    """The cookies of one attempt, each for the origin that set it, and the target's own field.

    RFC 6265 knows neither scheme nor port; here a cookie leaves its origin no more than any other
    secret does.
    """

    def __init__(self) -> None:
        self._jars: defaultdict[tuple[str, str, int], CookieJar] = defaultdict(_jar)

    def take(self, url: Url, set_cookie: Sequence[str]) -> None:
        """Keep what a response to this URL has set; what is malformed or foreign is dropped."""
        fields = Message()
        for value in set_cookie:
            # RFC 6265, 4.1.1: cookies are US-ASCII. What is not each library sends in its way.
            if value.isascii() and value.isprintable():
                fields["Set-Cookie"] = value
        self._jars[url.origin].extract_cookies(cast("Any", _Response(fields)), _request(url))

    def field(self, url: Url, own: str | None) -> str | None:
        """The Cookie field of a request to this URL; `None`: there is none to send.

        Args:
            own: what the target's own headers say, which a cookie of the same name replaces.
        """
        request = _request(url)
        self._jars[url.origin].add_cookie_header(request)
        found = _pairs(request.get_header("Cookie"))
        merged = {**_pairs(own), **found}
        return "; ".join(f"{name}={value}" for name, value in merged.items()) or None


def _jar() -> CookieJar:
    # Names of several labels may set cookies for their parent, as in every browser.
    return CookieJar(DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainLiberal))


class _Response:
    """As much of a response as the jar asks for."""

    def __init__(self, fields: Message) -> None:
        self._fields = fields

    def info(self) -> Message:
        return self._fields


def _request(url: Url) -> UrllibRequest:
    return UrllibRequest(url.wire)  # noqa: S310 -- never opened: the jar reads host and path from it


def _pairs(field: str | None) -> Mapping[str, str]:
    split = (part.strip().partition("=") for part in (field or "").split(";"))
    return {name: value for name, _, value in split if name}
