"""Answers that caches on the way may keep: with a tag, and not sent again if still the same."""

import hashlib
import re
from typing import Final, NamedTuple

from fastapi import Request, Response

# RFC 9110, 8.8.3.
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_TAG_BYTES: Final = 12


class Rendered(NamedTuple):
    """Something as it is sent; `tag` is the same as long as the body is."""

    body: bytes
    media_type: str
    tag: str


def rendered(text: str, media_type: str) -> Rendered:
    """A text on its way out; what cannot be written in UTF-8 is replaced."""
    body = text.encode("utf-8", "replace")
    digest = hashlib.blake2b(body, digest_size=_TAG_BYTES).hexdigest()
    return Rendered(body, media_type, f'"{digest}"')


def answer(request: Request, found: Rendered, max_age: int, **headers: str) -> Response:
    """What is sent, or that it has not changed (304).

    Args:
        max_age: for so many seconds anybody may show it without asking.
        headers: further fields, with `_` for `-`.
    """
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    fields |= {"ETag": found.tag, "Cache-Control": f"public, max-age={max_age}"}
    if is_known(request, found.tag):
        return Response(status_code=304, headers=fields)
    return Response(found.body, media_type=found.media_type, headers=fields)


def is_known(request: Request, tag: str) -> bool:
    """RFC 9110, 13.1.2: compared weakly, and `*` is any there is."""
    given = ", ".join(request.headers.getlist("if-none-match"))
    return given.strip() == "*" or tag in _TAG.findall(given)
