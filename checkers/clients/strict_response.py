"""http.client's response, read strictly: what it lets pass is refused as by every other client.

By itself it takes a head or a chunked body that was cut off for whole, an interim response for the
final one, and drops header lines it cannot read. Grammar: RFC 9112, 2 to 7.
"""

import http.client
import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

import urllib3

from checkers.clients.exchange import MAX_HEADER_BYTES

_READ_BYTES: Final = 65_536
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-9][0-9]{2}(?: [^\x00\r\n]*)?\r?\n\Z")
_FIELD_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00\r\n]*\r?\n\Z")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00\r\n]*)?\r\n\Z")
_BLANK: Final = (b"\r\n", b"\n")

# No field may be refused for its own length, nor for how many there are: all of them together are
# bounded, by the socket, as with every other client. http.client has no other switch.
http.client._MAXLINE = 2 * MAX_HEADER_BYTES  # type: ignore[attr-defined]
http.client._MAXHEADERS = MAX_HEADER_BYTES  # type: ignore[attr-defined]


class StrictResponse(http.client.HTTPResponse):
    """A response whose head is whole and well formed, or none."""

    def begin(self) -> None:
        """Read the head.

        Raises:
            http.client.RemoteDisconnected: the connection ended before the head did.
            http.client.HTTPException: the head is not HTTP/1.
        """
        plain = self.fp
        self.fp = cast("io.BufferedReader", _HeadLines(plain))
        try:
            super().begin()
        finally:
            self.fp = plain

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            found: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if not 100 <= found[1] < 200 or found[1] == 101:
                return found
            # RFC 9110, 15.2: any number of interim responses may come first.
            http.client._read_headers(self.fp)  # type: ignore[attr-defined]


class _HeadLines:
    """Lines of a head, each whole and well formed."""

    def __init__(self, plain: BinaryIO) -> None:
        self._plain = plain
        self._status_next = True

    def readline(self, limit: int = -1) -> bytes:
        line = self._plain.readline(limit)
        if not line.endswith(b"\n"):
            if limit >= 0 and len(line) >= limit:
                return line
            raise http.client.RemoteDisconnected("the connection ended within the header")
        grammar = _STATUS_LINE if self._status_next else _FIELD_LINE
        if line in _BLANK and not self._status_next:
            self._status_next = True
        elif grammar.match(line):
            self._status_next = False
        else:
            raise http.client.BadStatusLine(f"malformed line {line[:80]!r}")
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


def pieces(raw: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The body as it comes, without its transfer coding.

    Raises:
        http.client.IncompleteRead, urllib3.exceptions.HTTPError: it was cut off.
        http.client.HTTPException: its chunks are malformed.
    """
    original = getattr(raw, "_original_response", None)
    if isinstance(original, StrictResponse) and original.chunked and original.fp is not None:
        yield from _unchunked(original.fp)
        return
    while data := raw.read1(_READ_BYTES, decode_content=False):
        yield data


def _unchunked(stream: BinaryIO) -> Iterator[bytes]:
    reader = cast("io.BufferedReader", stream)
    while left := _chunk_size(reader):
        while left:
            data = reader.read1(min(left, _READ_BYTES))
            if not data:
                raise http.client.IncompleteRead(b"")
            left -= len(data)
            yield data
        end = reader.read(2)
        if len(end) < 2:
            raise http.client.IncompleteRead(b"")
        if end != b"\r\n":
            raise http.client.HTTPException("a chunk does not end where it says")
    _skip_trailers(reader)


def _chunk_size(reader: io.BufferedReader) -> int:
    line = reader.readline(MAX_HEADER_BYTES)
    found = _CHUNK_LINE.match(line)
    if found is None:
        if line.endswith(b"\n") or len(line) >= MAX_HEADER_BYTES:
            raise http.client.HTTPException(f"malformed chunk size {line[:80]!r}")
        raise http.client.IncompleteRead(b"")
    return int(found[1], 16)


def _skip_trailers(reader: io.BufferedReader) -> None:
    taken = 0
    while True:
        line = reader.readline(MAX_HEADER_BYTES)
        taken += len(line)
        if line in _BLANK:
            return
        if not line.endswith(b"\n") and taken < MAX_HEADER_BYTES:
            raise http.client.IncompleteRead(b"")
        if taken >= MAX_HEADER_BYTES or not _FIELD_LINE.match(line):
            raise http.client.HTTPException("malformed trailer fields")
