"""Who may call, by which name, and how much they may send: asked before a request is read."""

import asyncio
import hmac
import ipaddress
import re
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Final

from pydantic import SecretStr
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import of_service_error
from app.domain.errors import (
    ForeignOrigin,
    Malformed,
    ServiceError,
    TooLarge,
    TooSlow,
    Unauthorized,
    UnknownHost,
)

_OPEN: Final = frozenset({"/livez", "/readyz"})
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

    Args:
        hosts: names and addresses the service is called by, besides loopback's and the address
            that a connection came in at.
    """

    def __init__(
        self, app: ASGIApp, *, api_key: SecretStr | None, hosts: Sequence[str], max_bytes: int
    ) -> None:
        self._app = app
        self._key = None if api_key is None else api_key.get_secret_value().encode("utf-8")
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
        except ServiceError as error:
            await of_service_error(error)(scope, receive, send)
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
        if self._key is None or request.url.path in _OPEN:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            given.strip().encode("utf-8"), self._key
        ):
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
