"""Who may call, by which name, and how much they may send: asked before a request is read."""

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Final

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import of_service_error, wants_page
from app.api.sessions import COOKIE, Sessions
from app.domain.errors import (
    ForeignOrigin,
    Malformed,
    ServiceError,
    TooLarge,
    TooSlow,
    Unauthorized,
    UnknownHost,
)

_SIGN_IN: Final = "/sign-in"
_OPEN: Final = frozenset({"/livez", "/readyz", "/favicon.ico", _SIGN_IN})
_OPEN_BELOW: Final = ("/static/", "/status/", "/badges/")
# RFC 9110, 7.2: a name or an address, and a port.
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:(?P<port>[0-9]{0,5}))?\Z")
# A body may pause for so long, and after a while has to come at some rate: who sends a byte a
# second would hold a connection for days.
_SILENCE_SECONDS: Final = 30.0
_GRACE_SECONDS: Final = 20.0
_BYTES_PER_SECOND: Final = 1024
# RFC 9110, 9.2.1.
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Gate:
    """Asks for a name it is known by and for the key, and ends a body that grows over its limit.

    A session, begun with the key, is as good as the key for reading, and for the forms of pages,
    which carry a token of their own; what is sent to the REST interface needs the key itself.

    Args:
        hosts: names and addresses the service is called by, besides loopback's and the address
            that a connection came in at.
    """

    def __init__(
        self, app: ASGIApp, *, sessions: Sessions, hosts: Sequence[str], max_bytes: int
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._hosts = {host.strip("[]").lower() for host in hosts}
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._check_host(request)
            self._check_origin(request)
            self._check_key(request)
            self._check_length(request)
        except Unauthorized as error:
            await _let_in(request, error)(scope, receive, send)
            return
        except ServiceError as error:
            await of_service_error(error, request)(scope, receive, send)
            return
        await self._app(scope, self._bounded(receive), send)

    def _check_host(self, request: Request) -> None:
        """A page whose own name leads here (DNS rebinding) comes under a name we do not know."""
        given = request.headers.getlist("host")
        if len(given) != 1:
            if not given and request.scope["http_version"] == "1.0":
                return
            raise Malformed("A request names its host once (RFC 9112, 3.2).")
        named = _HOST.match(given[0])
        if named is None:
            raise Malformed(f"{given[0]!r} is not a host.")
        host = named["host"].strip("[]").lower()
        if not (host in self._hosts or _is_loopback(host) or host == _own_address(request)):
            raise UnknownHost(
                f"This service is not called {host!r}. Name it in TERCET_ALLOWED_HOSTS if it is."
            )

    def _check_origin(self, request: Request) -> None:
        """A web page elsewhere must not drive a service that its reader can reach."""
        if request.method in _SAFE:
            return
        own = _HOST.match(request.headers.get("host", ""))
        for origin in request.headers.getlist("origin"):
            scheme, _, authority = origin.partition("://")
            port = _DEFAULT_PORTS.get(scheme)
            given = _HOST.match(authority) if port else None
            if given is None or own is None or _at(given, port) != _at(own, port):
                raise ForeignOrigin(f"A page of {origin} may not change anything here.")

    def _check_key(self, request: Request) -> None:
        path = request.url.path
        session = self._sessions.find(request.cookies.get(COOKIE))
        request.scope["session_id"] = session
        if not self._sessions.needed or path in _OPEN or path.startswith(_OPEN_BELOW):
            return
        if session is not None and (request.method in _SAFE or not path.startswith("/api/")):
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._sessions.is_key(given.strip()):
            raise Unauthorized("Send the key as Authorization: Bearer KEY.")

    def _check_length(self, request: Request) -> None:
        length = request.headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length[:20]) > self._max_bytes:
            raise self._too_large()

    def _bounded(self, receive: Receive) -> Callable[[], Awaitable[Message]]:
        taken, whole, began = 0, False, monotonic()

        async def bounded() -> Message:
            nonlocal taken, whole
            if whole:
                # Nothing is awaited but that the client leaves.
                return await receive()
            try:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    message = await receive()
            except TimeoutError as error:
                raise _too_slow() from error
            taken += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if taken > self._max_bytes:
                raise self._too_large()
            passed = monotonic() - began
            if not whole and passed > _GRACE_SECONDS and taken < passed * _BYTES_PER_SECOND:
                raise _too_slow()
            return message

        return bounded

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body is larger than {self._max_bytes} bytes.")


def _let_in(request: Request, error: Unauthorized) -> Response:
    """The way to the page for signing in, for people; for programs what is lacking."""
    if request.headers.get("hx-request"):
        # A part of a page that was open when its session ended: the whole page goes.
        return Response(status_code=401, headers={"HX-Redirect": _SIGN_IN})
    if request.method not in _SAFE or not wants_page(request):
        return of_service_error(error, request)
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(str(URL(_SIGN_IN).include_query_params(next=path)), status_code=303)


def _too_slow() -> TooSlow:
    return TooSlow("The body came too slowly; send it again, in one go.")


def _at(host: re.Match[str], default_port: int | None) -> tuple[str, str]:
    """Host and port that a field or an origin names; a proxy may stand between the two schemes."""
    return host["host"].lower(), host["port"] or str(default_port)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _own_address(request: Request) -> str | None:
    """The address that the connection came in at: no name has led a browser astray to it."""
    server = request.scope.get("server")
    return None if server is None else str(server[0])
