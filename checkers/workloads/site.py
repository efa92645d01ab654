"""The bundled local targets: a small site, a broken port and a port that refuses.

Run as `python -m checkers.workloads.site`; the first line of its output is JSON with their
addresses, and it ends with its standard input.
"""

import asyncio
import contextlib
import json
import socket
import sys
from dataclasses import asdict
from typing import Final

from aiohttp import web

from checkers.workloads.bundled import Addresses, json_body

# A short backlog costs a client that comes in a burst a second: its SYN is dropped and sent again.
_BACKLOG: Final = 4096
_MAX_BYTES: Final = 16 * 1024 * 1024
_MAX_DELAY_SECONDS: Final = 60.0


def application() -> web.Application:
    """The site itself."""
    app = web.Application()
    app.add_routes(
        [
            web.get("/", _index),
            web.get(r"/status/{code:[2-5]\d\d}", _status),
            web.get(r"/delay/{seconds:\d+(\.\d+)?}", _delay),
            web.get(r"/bytes/{count:\d{1,8}}", _bytes),
            web.get(r"/json/{count:\d{1,8}}", _json),
            web.get(r"/redirect/{count:\d{1,2}}", _redirect),
        ]
    )
    return app


async def serve(host: str = "127.0.0.1") -> None:
    """Serve on free ports until standard input ends."""
    runner = web.AppRunner(application(), access_log=None)
    await runner.setup()
    listener = _listener(host)
    await web.SockSite(runner, listener, backlog=_BACKLOG).start()
    broken = await asyncio.start_server(_talk_nonsense, host, 0, backlog=_BACKLOG)
    # Bound and never listened on: refuses, and nobody else gets the port meanwhile.
    refused = socket.socket()
    refused.bind((host, 0))
    addresses = Addresses(
        site=f"http://{host}:{listener.getsockname()[1]}",
        broken=f"http://{host}:{broken.sockets[0].getsockname()[1]}",
        refused=f"http://{host}:{refused.getsockname()[1]}",
    )
    sys.stdout.write(json.dumps(asdict(addresses)) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    broken.close()
    refused.close()
    await runner.cleanup()


def _listener(host: str) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, 0))
    return listener


async def _index(_request: web.Request) -> web.Response:
    return web.Response(text="/status/N /delay/S /bytes/N /json/N /redirect/N\n")


async def _status(request: web.Request) -> web.Response:
    return web.Response(status=int(request.match_info["code"]))


async def _delay(request: web.Request) -> web.Response:
    seconds = min(float(request.match_info["seconds"]), _MAX_DELAY_SECONDS)
    await asyncio.sleep(seconds)
    return web.Response(text=f"after {seconds} s\n")


async def _bytes(request: web.Request) -> web.Response:
    return web.Response(body=b"x" * min(int(request.match_info["count"]), _MAX_BYTES))


async def _json(request: web.Request) -> web.Response:
    count = min(int(request.match_info["count"]), _MAX_BYTES)
    return web.Response(body=json_body(count), content_type="application/json")


async def _redirect(request: web.Request) -> web.Response:
    left = int(request.match_info["count"])
    raise web.HTTPFound("/" if left <= 1 else f"/redirect/{left - 1}")


async def _talk_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.LimitOverrunError):
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(b"This is not HTTP.\r\n\r\n")
        writer.close()
        await writer.wait_closed()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
