"""The chunked transfer coding undone, by one grammar for every client (RFC 9112, 7.1).

Without I/O: bytes go in as they come, the body's come out.
"""

import re
from collections.abc import Iterator
from typing import Final, NoReturn

from checkers.clients.failure import Failed
from checkers.outcome import Reason

_SIZE_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?\r\n\Z")
# What it may begin with; told before the line ends, which it may never do.
_SIZE_BEGINNING: Final = re.compile(rb"(?:[0-9A-Fa-f]{1,16}[ \t]*(?:;[^\x00\r\n]*)?\r?)?\Z")
_FIELD_LINE: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00\r\n]*\r?\n\Z")
_BLANK: Final = (b"\r\n", b"\n")
# A size with its extensions; nobody sends more than a few bytes.
_MAX_SIZE_LINE: Final = 16 * 1024
# One trailer field; libcurl refuses 4 KiB. All of them together.
_MAX_TRAILER_LINE: Final = 4000
_MAX_TRAILER_BYTES: Final = 64 * 1024
# A size beyond this is no length to anyone (libcurl's curl_off_t).
_MAX_SIZE: Final = 2**63


class Chunks:
    """One chunked body on its way in.

    Attributes:
        ended: the last chunk and the trailer section have come.
    """

    def __init__(self) -> None:
        self.ended = False
        self._left = 0
        self._line = bytearray()
        self._expects = self._size
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The body's bytes in a piece of the coding.

        Raises:
            Failed: the coding is malformed.
        """
        at, view = 0, memoryview(data)
        while at < len(data) and not self.ended:
            if self._left:
                part = view[at : at + self._left]
                at += len(part)
                self._left -= len(part)
                if not self._left:
                    self._expects = self._end_of_data
                yield bytes(part)
            else:
                end = data.find(b"\n", at) + 1 or len(data)
                self._line += view[at:end]
                at = end
                self._take_line()

    def _take_line(self) -> None:
        whole = self._line.endswith(b"\n")
        limit = _MAX_TRAILER_LINE if self._expects == self._trailer else _MAX_SIZE_LINE
        if len(self._line) > limit:
            raise Failed(Reason.PROTOCOL_ERROR, "A line between the chunks of the body is endless.")
        if not whole and self._expects == self._size and not _SIZE_BEGINNING.match(self._line):
            self._refuse_size(bytes(self._line))
        if whole or self._expects == self._end_of_data:
            line, expects = bytes(self._line), self._expects
            if expects == self._end_of_data and line == b"\r":
                return
            self._line.clear()
            expects(line)

    def _refuse_size(self, line: bytes) -> NoReturn:
        raise Failed(Reason.PROTOCOL_ERROR, f"A chunk has no valid size: {line[:80]!r}.")

    def _size(self, line: bytes) -> None:
        found = _SIZE_LINE.match(line)
        if found is None or (left := int(found[1], 16)) >= _MAX_SIZE:
            self._refuse_size(line)
        self._left = left
        if not self._left:
            self._expects = self._trailer

    def _end_of_data(self, line: bytes) -> None:
        if line != b"\r\n":
            raise Failed(Reason.PROTOCOL_ERROR, "A chunk does not end where it says.")
        self._expects = self._size

    def _trailer(self, line: bytes) -> None:
        self._trailer_bytes += len(line)
        if line in _BLANK:
            self.ended = True
        elif self._trailer_bytes > _MAX_TRAILER_BYTES or not _FIELD_LINE.match(line):
            raise Failed(Reason.PROTOCOL_ERROR, "The trailer fields of the body are malformed.")
