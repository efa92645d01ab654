"""How bytes arrive at an aiohttp exchange: marked, bounded, and fed so that nothing is lost.

The clock is read where bytes arrive, not where a task gets its turn to see them.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from aiohttp import http_exceptions
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import _EXC_SENTINEL as _NO_CAUSE
from aiohttp.streams import EMPTY_PAYLOAD

from checkers.clients.exchange import Exchange
from checkers.clients.failure import Failed, Failure
from checkers.clients.head import BEGINNING_BYTES, Head, HeadLines
from checkers.failures import CLOSED, failure_of
from checkers.lag import LagWatch
from checkers.outcome import Reason
from checkers.timing import now

#: What this library raises of its own; what the system raises is in `failures`.
TABLE: Final[Mapping[type[BaseException], Reason]] = {
    aiohttp.ServerDisconnectedError: Reason.CONNECTION_CLOSED,
    aiohttp.EofStream: Reason.CONNECTION_CLOSED,
    aiohttp.ClientPayloadError: Reason.INCOMPLETE_BODY,
    aiohttp.ClientResponseError: Reason.PROTOCOL_ERROR,
    aiohttp.InvalidURL: Reason.INVALID_URL,
    aiohttp.ClientConnectionError: Reason.CONNECTION_RESET,
    aiohttp.ClientError: Reason.PROTOCOL_ERROR,
    http_exceptions.ContentLengthError: Reason.INCOMPLETE_BODY,
    http_exceptions.TransferEncodingError: Reason.PROTOCOL_ERROR,
    http_exceptions.HttpProcessingError: Reason.PROTOCOL_ERROR,
    ValueError: Reason.PROTOCOL_ERROR,
}


class Seen(Exchange, kw_only=True):
    """An exchange on its way.

    Attributes:
        head: as all clients read it.
        cut: how the connection ended, where that was before the body did.
        connect_lag: how long a connection that stood may have waited for us, in seconds.
        lag: the same of the bytes that came last.
        sent_by: the instant by which the request had been handed to the kernel.
    """

    head: Head | None = None
    cut: Failure | None = None
    connect_lag: float = 0.0
    lag: float = 0.0
    sent_by: float | None = None

    def note_sent(self) -> None:
        """Called by the event loop once it has written what was to be written."""
        self.sent_by = now()


class Arrival(ResponseHandler):
    """Marks the instants at which bytes arrive, and reads the head before the library does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seen: Seen, watch: LagWatch) -> None:
        super().__init__(loop)
        self._seen = seen
        self._watch = watch
        self._lines = HeadLines()
        self._unread = b""
        self._bodyless = False
        self._ours = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        seen = self._seen
        seen.marks.connect_end = at = now()
        seen.connect_lag = self._watch.look(at)

    def feed_data(self, data: Any, *args: Any) -> None:
        self._bodyless = data[1] is EMPTY_PAYLOAD
        super().feed_data(data, *args)

    def data_received(self, data: bytes) -> None:
        marks, seen = self._seen.marks, self._seen
        arrived = now()
        if marks.response_start is None:
            marks.response_start = arrived
        seen.lag = self._watch.look(arrived)
        if seen.head is None and self.transport is not None:
            try:
                data = self._take_head(data)
            except Failed as refused:
                # Kept apart as well: closing the connection may replace the exception.
                seen.cut, data = refused.failure, b""
                self.set_exception(refused)
                self.abort()
        if data and seen.head is not None and not self._bodyless:
            super().data_received(data)
        marks.response_end = arrived

    def _take_head(self, data: bytes) -> bytes:
        """Read the lines of the head, hand the head on when it is whole, and return the rest."""
        data, at = self._unread + data, 0
        self._lines.go_on(data)
        while (end := data.find(b"\n", at) + 1) > 0:
            head = self._lines.add(data[at:end])
            if head is not None:
                self._seen.head, self._unread = head, b""
                super().data_received(head.plain())
                return data[end:]
            at = end
            if at < len(data):
                self._lines.go_on(data[at : at + BEGINNING_BYTES])
        self._unread = data[at:]
        self._lines.check_size(len(self._unread))
        return b""

    def set_exception(self, exc: BaseException, exc_cause: BaseException = _NO_CAUSE) -> None:
        payload = self._payload
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            # The library tells only whoever waits for a head; a body would be waited for for ever.
            payload.set_exception(exc, exc_cause)
        super().set_exception(exc, exc_cause)

    def eof_received(self) -> None:
        self._note_end(None)
        super().eof_received()

    def _note_end(self, exc: BaseException | None) -> None:
        """Keep how a connection without a response ended.

        Whoever writes to it afterwards is told of a reset, however it ended.
        """
        seen = self._seen
        if seen.head is None and seen.cut is None and not self._ours:
            closed = Failure(Reason.CONNECTION_CLOSED, CLOSED)
            seen.cut = closed if exc is None else failure_of(exc, seen.marks, TABLE)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._note_end(exc)
        payload = self._payload
        sound = payload is not None and payload.exception() is None and not payload.is_eof()
        if payload is not None and sound and exc is not None:
            # A body that ends with its connection is whole only if that was closed, not broken.
            self._seen.cut = failure_of(exc, self._seen.marks, TABLE)
            payload.set_exception(exc)
        super().connection_lost(exc)
        if payload is not None and sound and exc is None and payload.exception() is not None:
            # The parser calls a body cut short malformed; it was well formed as far as it came.
            self._seen.cut = Failure(
                Reason.INCOMPLETE_BODY, "The connection ended in the middle of the body."
            )

    def close(self) -> None:
        self._ours = True
        # Waiting for the other side's close_notify would keep the connection for seconds.
        self.abort()
