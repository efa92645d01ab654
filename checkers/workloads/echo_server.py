"""An echo server that answers each line after a delay.

Run as `python -m checkers.workloads.echo_server DELAY_SECONDS`; the first line of its output is
its port, and it ends with its standard input.
"""

import asyncio
import contextlib
import sys
from typing import Final

_BACKLOG: Final = 4096


async def serve(delay: float, host: str = "127.0.0.1") -> None:
    """Serve on a free port until standard input ends."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.LimitOverrunError, ValueError):
            while line := await reader.readline():
                await asyncio.sleep(delay)
                writer.write(line)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, host, 0, backlog=_BACKLOG)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(float(sys.argv[1])))
