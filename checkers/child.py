"""A process of our own, fed and read over its pipes: both ends of it.

Not `multiprocessing`: started from a console script it would import the whole application again,
and a reader killed while it holds the lock of a shared queue stalls all the others. A frame is
four bytes of length, most significant first, then that many bytes.
"""

import asyncio
import contextlib
import ctypes
import gc
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final, Self

_LENGTH: Final = struct.Struct(">I")
_PR_SET_PDEATHSIG: Final = 1
# What one pipe may hold back before a writer waits, in bytes.
_READ_LIMIT: Final = 1024 * 1024
_READ_AT_ONCE: Final = 256 * 1024
# A process that was told to end by closing its input is killed after this long, in seconds.
_PATIENCE_SECONDS: Final = 2.0
# Twice what the widest strategy may need, and some.
_MAX_DESCRIPTORS: Final = 65_536


class ChildLost(Exception):
    """The process ended, or its pipe broke, before it had answered."""


def framed(payload: bytes) -> bytes:
    """A payload as it goes over the pipe."""
    return _LENGTH.pack(len(payload)) + payload


class Child:
    """The parent's end: a Python module running as a process, spoken to in frames."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def spawn(cls, module: str, environment: Mapping[str, str] | None = None) -> Self:
        """Start `python -m module`; the working folder is not on its path.

        Raises:
            OSError: no process could be made.
        """
        # Shielded: a process made for a caller who has left would never be ended.
        spawning = asyncio.ensure_future(cls._spawn(module, environment))
        try:
            return await asyncio.shield(spawning)
        except asyncio.CancelledError:
            spawning.add_done_callback(_end_orphan)
            raise

    @classmethod
    async def _spawn(cls, module: str, environment: Mapping[str, str] | None) -> Self:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            module,
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_READ_LIMIT,
            env=None if environment is None else dict(environment),
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def send(self, payload: bytes) -> None:
        """Hand over one frame, waiting while the pipe is full.

        Raises:
            ChildLost: nobody reads any more.
        """
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(framed(payload))
            await pipe.drain()
        except (ConnectionError, RuntimeError) as error:
            raise ChildLost(f"process {self.pid} reads no more") from error

    async def receive(self) -> bytes:
        """The next frame.

        Raises:
            ChildLost: the process ended.
        """
        pipe = self._process.stdout
        assert pipe is not None
        try:
            (length,) = _LENGTH.unpack(await pipe.readexactly(_LENGTH.size))
            return await pipe.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ChildLost(f"process {self.pid} ended") from error

    def kill(self) -> None:
        """End the process now. What it was doing is lost."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """Let the process end by closing its input, or kill it after two seconds."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()


def _end_orphan(spawned: asyncio.Future[Any]) -> None:
    if not spawned.cancelled() and spawned.exception() is None:
        spawned.result().kill()


class Line:
    """The child's end: frames in from the parent, frames out to it."""

    def __init__(self) -> None:
        # What prints to standard output must not tear a frame: it goes to standard error.
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        self._in: BinaryIO = sys.stdin.buffer

    def read(self) -> bytes | None:
        """The next frame, `None` once the parent has closed its end. Blocks."""
        head = self._in.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(head)
        payload = self._in.read(length)
        return payload if len(payload) == length else None

    def write(self, payload: bytes) -> None:
        """Hand over one frame. Blocks while the pipe is full."""
        data = memoryview(framed(payload))
        while data:
            data = data[self._out.write(data) :]

    def on_loop(self) -> "LoopLine":
        """The same on the running event loop; nothing may have been read before."""
        return LoopLine(self._in.fileno(), self._out.fileno())


class LoopLine:
    """The child's end for an event loop, which goes on while a pipe is empty or full.

    No thread is woken for a frame: a wake-up costs more than the frame.
    """

    def __init__(self, source: int, sink: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._source, self._sink = source, sink
        self._read = bytearray()
        self._writing = asyncio.Lock()
        os.set_blocking(source, False)
        os.set_blocking(sink, False)

    async def read(self) -> bytes | None:
        """The next frame, `None` once the parent has closed its end."""
        while (frame := self._cut()) is None:
            await self._until(self._loop.add_reader, self._loop.remove_reader, self._source)
            with contextlib.suppress(BlockingIOError):
                more = os.read(self._source, _READ_AT_ONCE)
                if not more:
                    return None
                self._read += more
        return frame

    async def write(self, payload: bytes) -> None:
        """Hand over one frame, waiting while the pipe is full."""
        async with self._writing:
            data = memoryview(framed(payload))
            while data:
                try:
                    data = data[os.write(self._sink, data) :]
                except BlockingIOError:
                    await self._until(self._loop.add_writer, self._loop.remove_writer, self._sink)

    def _cut(self) -> bytes | None:
        if len(self._read) < _LENGTH.size:
            return None
        end = _LENGTH.size + _LENGTH.unpack_from(self._read)[0]
        if len(self._read) < end:
            return None
        frame = bytes(memoryview(self._read)[_LENGTH.size : end])
        del self._read[:end]
        return frame

    async def _until(
        self,
        add: Callable[[int, Callable[[], None]], None],
        remove: Callable[[int], bool],
        descriptor: int,
    ) -> None:
        """Wait until a descriptor is ready."""
        ready = asyncio.Event()
        add(descriptor, ready.set)
        try:
            await ready.wait()
        finally:
            remove(descriptor)


def settle_in() -> None:
    """What every process of ours does first."""
    tie_to_parent()
    take_descriptors()
    collect_rarely()


def tie_to_parent() -> None:
    """End with the parent, whatever ends it, and leave Ctrl-C and SIGTERM to it.

    A supervisor may tell a whole group of processes to stop; the parent lets what is in flight end.

    The pipe's end of file says the same everywhere; Linux also says it to a process that is busy.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if len(sys.argv) > 1 and os.getppid() != int(sys.argv[1]):
        # It was gone before we could ask to be told.
        os._exit(0)


def take_descriptors() -> None:
    """Use as many descriptors as the system lets this process have: each check needs one or two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def collect_rarely() -> None:
    """Let the cyclic collector look less often: checks leave few cycles and many small parts.

    By default it looks after every 700 new objects, which is after every tenth check and takes a
    twentieth of the processor time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
