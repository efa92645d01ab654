"""A child's end of its pipes, on an event loop."""

import asyncio
import os

import uvloop

from checkers.child import LoopLine


async def _sent_and_read(payloads: list[bytes]) -> list[bytes | None]:
    """What one end of a pipe reads of what the other wrote, up to its end."""
    source, sink = os.pipe()
    reader, writer = LoopLine(source, os.dup(sink)), LoopLine(os.dup(source), sink)

    async def write() -> None:
        for payload in payloads:
            await writer.write(payload)
        os.close(sink)
        os.close(reader_sink)

    reader_sink = reader._sink
    read: list[bytes | None] = []
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(write())
        while not read or read[-1] is not None:
            read.append(await reader.read())
    return read


def test_frames_come_as_they_were_sent_whatever_the_pipe_holds_at_once() -> None:
    payloads = [b"", b"a", b"b" * 3_000_000, b"c" * 65_536, *[b"%d" % n for n in range(2000)]]

    read = uvloop.run(_sent_and_read(payloads))

    assert read == [*payloads, None]


def test_a_pipe_that_ends_has_no_more_frames() -> None:
    assert uvloop.run(_sent_and_read([])) == [None]
