"""Real servers on 127.0.0.1, healthy and sick, for checks to meet."""

import asyncio
import contextlib
import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# At least the concurrency of any test: a short one would cost a client a second for its SYN.
BACKLOG = 4096


class Servers:
    """Servers on one event loop in a thread; every one gets a port of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._open: list[asyncio.Server] = []
        self._sockets: list[socket.socket] = []

    def serve(
        self, handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> int:
        """Start a server and answer its port."""

        async def start() -> asyncio.Server:
            return await asyncio.start_server(
                _quiet(handler), host, 0, backlog=BACKLOG, ssl=tls, limit=2**22
            )

        server: Future[asyncio.Server] = asyncio.run_coroutine_threadsafe(start(), self._loop)
        self._open.append(server.result(10))
        port: int = self._open[-1].sockets[0].getsockname()[1]
        return port

    def refusing(self) -> int:
        """A port that is taken and refuses every connection."""
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        self._sockets.append(taken)
        port: int = taken.getsockname()[1]
        return port

    def deaf(self) -> int:
        """A port whose backlog is full: a SYN is dropped and never answered."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        self._sockets.append(listener)
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
            self._sockets.append(waiting)
        port: int = listener.getsockname()[1]
        return port

    def close(self) -> None:
        """End every server."""
        for server in self._open:
            self._loop.call_soon_threadsafe(server.close)
        for opened in self._sockets:
            opened.close()
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(10)
        self._loop.close()

    def _stop(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_later(0.05, self._loop.stop)


@contextlib.contextmanager
def servers() -> Iterator[Servers]:
    """Servers that are closed with the block."""
    made = Servers()
    try:
        yield made
    finally:
        made.close()


_LEFT = (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError)


def _quiet(handler: Handler) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Clients leave in the middle here all the time; that is the point.
        with contextlib.suppress(*_LEFT):
            try:
                await handler(reader, writer)
            finally:
                writer.close()

    return handle


def answering(payload: bytes, *, then: str = "close") -> Handler:
    """Read a request's head, send the bytes, then close, reset, or keep silent."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(payload)
        await writer.drain()
        await _end(reader, writer, then)

    return handle


def recording(requests: list[bytes], payload: bytes) -> Handler:
    """As `answering`, noting the head of every request."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(payload)
        await writer.drain()

    return handle


def in_turn(*payloads: bytes) -> Handler:
    """Answer each connection with the next payload, round and round."""
    following = itertools.cycle(payloads)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(next(following))
        await writer.drain()

    return handle


def depending(choose: Callable[[bytes], bytes]) -> Handler:
    """Answer what is chosen for the head, and for a body of known length, of a request."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        for line in request.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                request += await reader.readexactly(int(line.partition(b":")[2]))
        writer.write(choose(request))
        await writer.drain()

    return handle


def flooding(start: bytes, flood: bytes) -> Handler:
    """Send the start, then the same bytes as fast as they are taken, for ever."""
    return dripping(start, flood, 0.0)


def dripping(start: bytes, drop: bytes, pause: float = 0.02) -> Handler:
    """Send the start at once, then a drop at a time for ever."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(start)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(pause)

    return handle


def at_accept(payload: bytes = b"", *, then: str) -> Handler:
    """Do not wait for a request: send the bytes, then close, reset, or keep silent."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(payload)
        await _end(reader, writer, then)

    return handle


def after_some(payload: bytes) -> Handler:
    """Read whatever comes first, send the bytes, close."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(payload)
        await writer.drain()

    return handle


def delayed(seconds: float, payload: bytes) -> Handler:
    """Answer after so many seconds."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(seconds)
        writer.write(payload)
        await writer.drain()

    return handle


class Crowd:
    """A server that knows how many ask at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.here = self.most = self.asked = 0
        self.begun = threading.Event()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.here += 1
        self.asked += 1
        self.begun.set()
        self.most = max(self.most, self.here)
        await asyncio.sleep(self.seconds)
        self.here -= 1
        writer.write(ok())
        await _end(reader, writer, "close")


async def _end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, then: str) -> None:
    if then == "silent":
        # Until the client leaves.
        await reader.read()
    elif then == "end":
        # Its own half only: closed with the request unread, the kernel would send a reset as well.
        writer.write_eof()
        await reader.read()
    elif then == "reset":
        # SO_LINGER of nought: closing sends RST instead of FIN.
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        await asyncio.sleep(0.02)
        writer.transport.abort()


def ok(body: bytes = b"hello", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A complete response."""
    head = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def redirect(location: bytes, status: bytes = b"302 Found") -> bytes:
    """A redirect with an empty body."""
    return ok(b"", b"Location: " + location, status=status)
