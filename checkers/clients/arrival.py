"""How bytes arrive at an aiohttp exchange: marked, bounded, and fed so that nothing is lost.

The clock is read where bytes arrive, not where a task gets its turn to see them.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiohttp import http_exceptions
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import _EXC_SENTINEL as _NO_CAUSE
from aiohttp.streams import EMPTY_PAYLOAD

from checkers.clients.exchange import (
    MAX_HEADER_BYTES,
    Exchange,
    Failure,
    begins_wrong,
    header_too_large,
)
from checkers.failures import failure_of
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


@dataclass(slots=True, kw_only=True)
class Seen(Exchange):
    """An exchange, and how its connection ended where that was before the body did."""

    cut: Failure | None = None


class Arrival(ResponseHandler):
    """Marks the instants at which bytes arrive and bounds the header section."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seen: Seen) -> None:
        super().__init__(loop)
        self._seen = seen
        self._head_bytes = 0
        self._seam = b""
        self._in_head = True
        self._bodyless = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._seen.marks.connect_end = now()

    def feed_data(self, data: Any, *args: Any) -> None:
        message, payload = data
        # Interim responses are skipped by the reader; the final head is still to come.
        self._in_head = 100 <= message.code < 200 and message.code != 101
        self._bodyless = payload is EMPTY_PAYLOAD
        super().feed_data(data, *args)

    def data_received(self, data: bytes) -> None:
        marks = self._seen.marks
        arrived = now()
        if marks.response_start is None:
            marks.response_start = arrived
        while data and self._in_head and self.transport is not None:
            data = self._take_head(data)
        if data and not self._in_head and not self._bodyless:
            super().data_received(data)
        marks.response_end = arrived

    def _take_head(self, data: bytes) -> bytes:
        """Feed what belongs to the head, alone, and return the rest.

        A parser that is given head and body at once tells of neither when the body is malformed.
        """
        end = (self._seam + data).find(b"\r\n\r\n")
        size = len(data) if end < 0 else max(end + 4 - len(self._seam), 1)
        part, rest = data[:size], data[size:]
        self._seam = b"" if end >= 0 else (self._seam + part)[-3:]
        refused = begins_wrong(part) if self._head_bytes == 0 else None
        self._head_bytes += size
        if self._head_bytes > MAX_HEADER_BYTES:
            refused = header_too_large()
        if refused is not None:
            # Kept apart as well: closing the connection may replace the exception.
            self._seen.cut = refused.failure
            self.set_exception(refused)
            self.abort()
            return b""
        super().data_received(part)
        return rest

    def set_exception(self, exc: BaseException, exc_cause: BaseException = _NO_CAUSE) -> None:
        payload = self._payload
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            # The library tells only whoever waits for a head; a body would be waited for for ever.
            payload.set_exception(exc, exc_cause)
        super().set_exception(exc, exc_cause)

    def connection_lost(self, exc: BaseException | None) -> None:
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
        # Waiting for the other side's close_notify would keep the connection for seconds.
        self.abort()
