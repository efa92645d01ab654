"""Who may call, and how much they may send: asked before anything of a request is read."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from pydantic import SecretStr
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import of_service_error
from app.domain.errors import ServiceError, TooLarge, Unauthorized

_OPEN: Final = frozenset({"/livez", "/readyz"})


class Gate:
    """Asks for the key, where one is set, and ends a body that grows over its limit."""

    def __init__(self, app: ASGIApp, *, api_key: SecretStr | None, max_bytes: int) -> None:
        self._app = app
        self._key = None if api_key is None else api_key.get_secret_value().encode("utf-8")
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._check_key(request)
            self._check_length(request)
        except ServiceError as error:
            await of_service_error(error)(scope, receive, send)
            return
        await self._app(scope, self._bounded(receive), send)

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
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_bytes:
                raise self._too_large()
            return message

        return bounded

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body is larger than {self._max_bytes} bytes.")
