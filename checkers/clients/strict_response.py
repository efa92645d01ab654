"""http.client's response, its head read by the grammar that all clients share.

By itself http.client takes a head that was cut off for whole, an interim response for the final
one, and drops lines it cannot read. Here it is handed a head that has been read already.
"""

import http.client
import io
from typing import Final, cast

from checkers.clients.head import MAX_LINE_BYTES, MAX_LINES, Head, HeadLines

# What HeadLines lets pass, http.client must not refuse for its size. It has no other switch.
http.client._MAXLINE = 2 * MAX_LINE_BYTES  # type: ignore[attr-defined]
http.client._MAXHEADERS = 2 * MAX_LINES  # type: ignore[attr-defined]
_LINE_LIMIT: Final = MAX_LINE_BYTES + 1


class StrictResponse(http.client.HTTPResponse):
    """A response whose head is whole and well formed, or none.

    Attributes:
        head: as all clients read it.
    """

    head: Head

    def begin(self) -> None:
        """Read the head.

        Raises:
            Failed: it is malformed or too large.
            http.client.RemoteDisconnected: the connection ended before the head did.
        """
        stream = self.fp
        self.head = _read_head(stream)
        self.fp = cast("io.BufferedReader", io.BytesIO(self.head.plain()))
        try:
            super().begin()
        finally:
            self.fp = stream


def _read_head(stream: io.BufferedReader) -> Head:
    lines = HeadLines()
    while following := stream.peek(1):
        lines.go_on(following)
        line = stream.readline(_LINE_LIMIT)
        if not line.endswith(b"\n"):
            if len(line) < _LINE_LIMIT:
                break
            lines.check_size(len(line))
        head = lines.add(line)
        if head is not None:
            return head
    raise http.client.RemoteDisconnected("the connection ended within the header")
