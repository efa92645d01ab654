"""What a browser may do with a page, said with every page (W3C Content Security Policy 3)."""

import base64
import hashlib
import re
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NAME: Final = "Content-Security-Policy"
_INLINE = re.compile(r"<(script|style)(?:\s[^>]*)?>(.*?)</\1>", re.DOTALL)


def policy_for(document: str) -> str:
    """The policy of a page that carries scripts or styles inside: these, by hash, and no others."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(document):
        if content:
            digest = hashlib.sha256(content.encode("utf-8")).digest()
            hashes[kind].append(f"'sha256-{base64.b64encode(digest).decode('ascii')}'")
    policy = _POLICY
    for kind, found in hashes.items():
        policy = policy.replace(f"{kind}-src 'self'", " ".join([f"{kind}-src 'self'", *found]))
    return policy


def html(document: str) -> HTMLResponse:
    """A page that carries its own style, and its own scripts if it has any."""
    return HTMLResponse(document, headers={_NAME: policy_for(document)})


class Headers:
    """Says with every answer that it is what it is called, and with every page what it may do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                if headers.get("content-type", "").startswith(("text/html", "image/svg")):
                    headers.setdefault(_NAME, _POLICY)
                    headers.setdefault("Referrer-Policy", "same-origin")
                    headers.setdefault("X-Frame-Options", "DENY")
            await send(message)

        await self._app(scope, receive, guarded)
