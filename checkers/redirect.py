"""The next hop of a redirect, decided the same way for every client (RFC 9110, 15.4)."""

import re
from typing import Final
from urllib.parse import urljoin

import msgspec

from checkers.cookies import Cookies
from checkers.errors import InvalidUrl
from checkers.url import Url, parse

FOLLOWED: Final = frozenset({301, 302, 303, 307, 308})
#: The sentence for a redirect that leaves its choice to whoever reads it.
SEVERAL_LOCATIONS: Final = "The redirect names more than one Location."
# Fields that speak of the body, which a change to GET leaves behind.
_OF_THE_BODY: Final = frozenset(
    {"content-type", "content-encoding", "content-language", "content-location", "digest"}
)
# Fields meant for one origin only.
_OF_THE_ORIGIN: Final = frozenset({"authorization", "cookie", "host", "proxy-authorization"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# What is no character of a URI but is found in Locations, and meant.
_STRAY = re.compile(r"[ \"<>^`{|}]")


class Request(msgspec.Struct, frozen=True):
    """What one hop sends. `headers` are the caller's own, in order."""

    method: str
    url: Url
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


class RedirectRefused(Exception):
    """The Location cannot be followed; its text is a sentence for people."""


def leads_on(http_status: int, locations: list[str]) -> bool:
    """Whether a response with these Location fields is one to be followed."""
    return http_status in FOLLOWED and any(location.strip(" \t") for location in locations)


def next_request(sent: Request, http_status: int, locations: list[str]) -> Request | None:
    """What to send next; `None` when the response is the final one.

    A redirect without Location, or with an empty one, is a final response. Credentials, cookies
    and an own Host stay behind when the origin changes.

    Raises:
        RedirectRefused: the Location is malformed, ambiguous, or leads away from http and https.
    """
    if not leads_on(http_status, locations):
        return None
    if len(set(locations)) > 1:
        raise RedirectRefused(SEVERAL_LOCATIONS)
    url = _resolve(sent.url, locations[0].strip(" \t"))
    method, body, headers = sent.method, sent.body, sent.headers
    if _becomes_get(http_status, method):
        method, body = "GET", None
        headers = _without(headers, _OF_THE_BODY)
    if url.origin != sent.url.origin:
        headers = _without(headers, _OF_THE_ORIGIN)
    return Request(method, url, headers, body)


def with_cookies(request: Request, cookies: Cookies) -> Request:
    """The request with the cookies that belong to its URL."""
    own = next((value for name, value in request.headers if name.lower() == "cookie"), None)
    field = cookies.field(request.url, own)
    if field is None:
        return request
    headers = _without(request.headers, frozenset({"cookie"}))
    return Request(request.method, request.url, (*headers, ("Cookie", field)), request.body)


def _resolve(base: Url, location: str) -> Url:
    written = _STRAY.sub(lambda found: f"%{ord(found[0]):02X}", location)
    if written.startswith("//"):
        written = f"{base.scheme}:{written}"
    elif not _SCHEME.match(written):
        # Only for paths: urljoin takes "http://" and "//" for the base itself.
        written = urljoin(base.wire, written)
    try:
        return parse(written)
    except InvalidUrl as error:
        raise RedirectRefused(f"The redirect cannot be followed. {error}") from error


def _becomes_get(http_status: int, method: str) -> bool:
    if http_status == 303:
        return method not in ("GET", "HEAD")
    return http_status in (301, 302) and method == "POST"


def _without(
    headers: tuple[tuple[str, str], ...], names: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    return tuple(field for field in headers if field[0].lower() not in names)
