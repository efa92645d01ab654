"""The fast target: run as `python -m bench.target PORT [CERTIFICATE]`."""

import asyncio
import ssl
import sys
from typing import cast

import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello"
_BACKLOG = 4096


class _Target(asyncio.Protocol):
    """Answers every request head alike and closes when asked to."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports derive from no class of asyncio.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self._transport is not None and self._head.endswith(b"\r\n\r\n"):
            self._transport.write(_ANSWER)
            if b"onnection: close" in self._head:
                self._transport.close()
            self._head = b""


async def _serve(port: int, certificate: str | None) -> None:
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Target, "127.0.0.1", port, backlog=_BACKLOG, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
