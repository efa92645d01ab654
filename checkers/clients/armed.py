"""A socket that no server can hold beyond the deadline, and that says how a connection ended."""

import contextlib
import errno
import os
import socket
import ssl
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from checkers.clients.head import BEGINNING_BYTES, check_beginning
from checkers.kernel import STAMP_ROOM, age_of, ask_for_stamps
from checkers.timing import Marks, now

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_TCP_INFO: Final[int | None] = (
    getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
)
# TCP_CLOSE of linux/tcp_states.h, the first byte of struct tcp_info.
_TCP_CLOSED: Final = 7


class ArmedSocket:
    """Arms what is left of the deadline before every call that may block.

    Attributes:
        arrived: when bytes last came, an instant of the monotonic clock.
        age: how long they had been there, as the kernel tells; `None` where it does not.
        sent: when the last of the request was handed to the kernel.
    """

    deadline = 0.0
    arrived = 0.0
    age: float | None = None
    sent = 0.0
    marks: Marks | None = None
    swallows_resets = False
    _beginning = b""
    _unsent = False

    def arm(self) -> None:
        remaining = self.deadline - now()
        if remaining <= 0:
            raise TimeoutError
        # The class beside this one in the MRO is a socket.
        super().settimeout(remaining)  # type: ignore[misc]

    def settimeout(self, value: float | None) -> None:
        """urllib3 sets its own per-read timeout; the deadline replaces it once it is known."""
        if not self.deadline:
            super().settimeout(value)  # type: ignore[misc]

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        self.arm()
        count = self._receive(buffer, nbytes, flags)
        if count:
            self.arrived = now()
        if count == 0 and (self.swallows_resets or self._unsent):
            self._check_reset()
        elif count and self.marks is not None and len(self._beginning) < BEGINNING_BYTES:
            if self.marks.response_start is None:
                self.marks.response_start = self.arrived
            # Whoever speaks another protocol may never end its first line.
            self._beginning += bytes(memoryview(buffer)[: min(count, BEGINNING_BYTES)])
            check_beginning(self._beginning)
        return count

    def _receive(self, buffer: "WriteableBuffer", nbytes: int, flags: int) -> int:
        count: int = super().recv_into(buffer, nbytes, flags)  # type: ignore[misc]
        return count

    def _check_reset(self) -> None:
        """Tell a reset from an end where that may have been lost.

        TLS reports both alike, and a failed send swallows the first. Elsewhere an end is one, even
        if a reset came after it, as of a server that has not read all that was sent.

        After the other side's FIN the state is CLOSE-WAIT; after its RST it is CLOSED.
        """
        if _TCP_INFO is not None:
            state = self.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0]  # type: ignore[attr-defined]
            if state == _TCP_CLOSED:
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        self.arm()
        self.sent = now()
        with self._gone_is_broken_pipe():
            sent: int = super().send(data, flags)  # type: ignore[misc]
        return sent

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        self.arm()
        self.sent = now()
        with self._gone_is_broken_pipe():
            super().sendall(data, flags)  # type: ignore[misc]

    @contextlib.contextmanager
    def _gone_is_broken_pipe(self) -> Iterator[None]:
        """A server that stopped listening may have answered: urllib3 then goes on to read."""
        try:
            yield
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError) as error:
            self._unsent = True
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error


class TcpSocket(ArmedSocket, socket.socket):
    """A TCP socket with a deadline, whose bytes say when they came."""

    _stamped = False

    def stamp(self) -> None:
        """Let the kernel note from now on when bytes arrive."""
        self._stamped = ask_for_stamps(self)

    def _receive(self, buffer: "WriteableBuffer", nbytes: int, flags: int) -> int:
        if not self._stamped:
            return super()._receive(buffer, nbytes, flags)
        view = memoryview(buffer)[: nbytes or None]
        count, told, _, _ = self.recvmsg_into([view], STAMP_ROOM, flags)
        if count:
            self.age = age_of(told)
        return count


class TlsSocket(ArmedSocket, ssl.SSLSocket):  # type: ignore[misc] # nbytes is never None here
    """A TLS socket with a deadline."""

    swallows_resets = True


def armed(sock: socket.socket, deadline: float, marks: Marks) -> socket.socket:
    """The socket with its deadline, an instant of the monotonic clock, and its marks."""
    assert isinstance(sock, ArmedSocket)
    sock.deadline, sock.marks = deadline, marks
    return sock
