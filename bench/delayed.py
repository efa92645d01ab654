"""A target that answers after 50 ms and keeps its own truth: `python -m bench.delayed PORT`.

The truth of a request is the time from its arrival in the kernel (SO_TIMESTAMPNS) to the call that
sends the answer, both on this process's clock. `GET /truth` tells it for every path asked since the
last time, as JSON: seconds by path. Paths below `/spread/` take 25 to 75 ms, each its own.
"""

import contextlib
import heapq
import json
import select
import socket
import struct
import sys
import zlib
from time import time
from typing import NamedTuple

DELAY_SECONDS = 0.05
# Linux, asm-generic/socket.h; Python has no name for it.
_SO_TIMESTAMPNS = 35
_STAMP = struct.Struct("@qq")
_ROOM = socket.CMSG_SPACE(_STAMP.size)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


def _delay_of(path: str) -> float:
    if not path.startswith("/spread/"):
        return DELAY_SECONDS
    return DELAY_SECONDS * (0.5 + zlib.crc32(path.encode("ascii")) % 1000 / 1000)


class _Asked(NamedTuple):
    due: float
    arrived: float
    path: str
    sock: socket.socket


class DelayedTarget:
    """One thread around one epoll: as little of its own in the way as Python can have."""

    def __init__(self, port: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", port), backlog=4096)
        self._listening.setblocking(False)
        # Accepted sockets inherit it, so the stamp of a request that came early is kept as well.
        self._listening.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._epoll = select.epoll()
        self._epoll.register(self._listening, select.EPOLLIN)
        self._open: dict[int, socket.socket] = {}
        self._asked: list[_Asked] = []
        self._truth: dict[str, float] = {}

    def serve(self) -> None:
        """Until the process is ended."""
        while True:
            for fd, _ in self._epoll.poll(self._patience()):
                if fd == self._listening.fileno():
                    self._accept()
                else:
                    self._read(self._open.pop(fd))
            while self._asked and self._asked[0].due <= time():
                self._answer(heapq.heappop(self._asked))

    def _patience(self) -> float:
        if not self._asked:
            return -1.0
        return max(self._asked[0].due - time(), 0.0)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock, _ = self._listening.accept()
                self._open[sock.fileno()] = sock
                self._epoll.register(sock, select.EPOLLIN)

    def _read(self, sock: socket.socket) -> None:
        self._epoll.unregister(sock)
        try:
            head, told, _, _ = sock.recvmsg(8192, _ROOM)
        except OSError:
            sock.close()
            return
        if not head:
            sock.close()
            return
        path = head.split(b" ", 2)[1].decode("ascii")
        if path == "/truth":
            self._tell(sock)
            return
        arrived = time()
        for _, _, data in told:
            seconds, nanoseconds = _STAMP.unpack(data[: _STAMP.size])
            arrived = seconds + nanoseconds * 1e-9
        heapq.heappush(self._asked, _Asked(arrived + _delay_of(path), arrived, path, sock))

    def _answer(self, asked: _Asked) -> None:
        self._truth[asked.path] = time() - asked.arrived
        with contextlib.suppress(OSError):
            asked.sock.send(_ANSWER)
        asked.sock.close()

    def _tell(self, sock: socket.socket) -> None:
        truth, self._truth = self._truth, {}
        body = json.dumps(truth).encode("ascii")
        sock.setblocking(True)
        with contextlib.suppress(OSError):
            sock.sendall(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
                + body
            )
        sock.close()


if __name__ == "__main__":
    DelayedTarget(int(sys.argv[1])).serve()
