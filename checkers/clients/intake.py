"""The body of one response on its way in: its codings undone under a cap, for every client."""

from collections.abc import Iterator
from typing import Final

from checkers.body import Body, BodyRefused, codings
from checkers.clients.chunks import Chunks
from checkers.clients.exchange import Exchange, Hop
from checkers.clients.failure import Failed
from checkers.clients.head import Head
from checkers.outcome import Reason
from checkers.redirect import leads_on

# After 101 another protocol would begin, which nobody has asked for.
_BODYLESS: Final = frozenset({101, 204, 304})


class Intake:
    """Takes a response from its head on; fed the bytes that follow the head, as they come.

    Attributes:
        ended: no further byte belongs to the body, or nobody waits for it.
        bounded: a Content-Length says where it ends.
    """

    __slots__ = ("_body", "_chunks", "_left", "_seen", "bounded", "ended")

    def __init__(self, hop: Hop, seen: Exchange, head: Head) -> None:
        seen.note_head(head)
        self._seen = seen
        self._body: Body | None = None
        self._chunks: Chunks | None = None
        self._left = head.length
        self.bounded = head.length is not None
        self.ended = _has_no_body(hop, head)
        if self.ended:
            seen.body_bytes = 0
            return
        encodings = _codings(hop, head)
        try:
            self._body = Body(
                encodings, cap=hop.max_body_bytes, keep=hop.keep_body, digest=hop.digest
            )
        except BodyRefused as refused:
            raise Failed(refused.reason, refused.detail) from refused
        self._chunks = Chunks() if head.chunked else None
        self.ended = head.length == 0

    def feed(self, data: bytes) -> None:
        """Take in a piece.

        Raises:
            Failed: the body is malformed, cannot be decoded, or is too large.
        """
        body = self._body
        if self._chunks is not None or body is None or not body.plain:
            for _ in self.feeding(data):
                pass
            return
        # The usual case, at a fifth of the cost.
        if self.ended:
            return
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
            self.ended = self._left == 0
        self._seen.body_bytes = body.size + len(data)
        try:
            body.feed(data)
        except BodyRefused as refused:
            raise Failed(refused.reason, refused.detail) from refused

    def feeding(self, data: bytes) -> Iterator[None]:
        """As `feed`, stopping after every decoded piece so that an event loop can do other work."""
        body = self._body
        if self.ended or body is None:
            return
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        try:
            for part in (data,) if self._chunks is None else self._chunks.feed(data):
                yield from body.feeding(part)
        except BodyRefused as refused:
            raise Failed(refused.reason, refused.detail) from refused
        finally:
            self._seen.body_bytes = body.size
        self.ended = self._left == 0 if self._chunks is None else self._chunks.ended

    def settle(self, *, over: bool) -> None:
        """Note what has come; `over`: the connection ended, or the body did.

        Raises:
            Failed: it should have been more.
        """
        body, seen = self._body, self._seen
        if body is None:
            return
        seen.body, seen.body_bytes, seen.sha256 = body.kept, body.size, body.sha256
        if not over:
            return
        if not self.ended and (self._left or self._chunks is not None):
            raise Failed(
                Reason.INCOMPLETE_BODY, "The connection ended before the whole body had come."
            )
        try:
            body.finish()
        except BodyRefused as refused:
            raise Failed(refused.reason, refused.detail) from refused


def _codings(hop: Hop, head: Head) -> tuple[str, ...]:
    if hop.probe is None:
        return codings(head.fields.values("content-encoding"))
    return () if hop.probe.coding is None else (hop.probe.coding,)


def _has_no_body(hop: Hop, head: Head) -> bool:
    if hop.request.method == "HEAD" or head.status in _BODYLESS:
        return True
    return hop.follow_redirects and leads_on(head.status, head.fields.values("location"))
