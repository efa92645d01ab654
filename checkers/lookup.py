"""Names to addresses, in a wide pool of our own, with a deadline.

`getaddrinfo` has no timeout and the event loop's own executor has a handful of threads: sixty slow
names there stall every check. Here each look-up under way has a thread, look-ups of one name that
are in flight are shared, and nothing is cached. Order is the system's (RFC 6724).
"""

import asyncio
import concurrent.futures
import queue
import re
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from checkers.lack import Lack

# Enough that a thousand names whose servers are silent do not hold back the others.
MAX_LOOKUPS: Final = 1024
# Retire a thread that had nothing to do for this long, in seconds.
_IDLE_SECONDS: Final = 10.0

_LOCALHOST: Final = re.compile(r"(?:^|\.)localhost\.?\Z")

Resolve = Callable[[str], Sequence[str]]


class LookupFailed(Exception):
    """A name has not led to an address; its text is a sentence for people."""


class NameNotResolved(LookupFailed):
    """The name has no address, or its servers say so."""


class LookupImpossible(LookupFailed):
    """We could not ask: something is lacking here."""

    def __init__(self, text: str, lack: Lack = Lack.DESCRIPTORS) -> None:
        super().__init__(text)
        self.lack = lack


def system_resolve(name: str) -> list[str]:
    """Addresses of a name from the system's resolver, in its order, each once.

    Raises:
        NameNotResolved: no such name, no address, or no answer from its servers.
        LookupImpossible: the fault is this machine's.
    """
    if _LOCALHOST.search(name):
        # RFC 6761, 6.3: these are this machine, whatever a name server says.
        name = "localhost"
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_MEMORY, socket.EAI_SYSTEM):
            raise LookupImpossible(f"The name could not be looked up: {error.strerror}.") from error
        raise NameNotResolved(f"The name {name} was not resolved: {error.strerror}.") from error
    except UnicodeError as error:
        raise NameNotResolved(f"The name {name} cannot be asked for.") from error
    except OSError as error:
        raise LookupImpossible(f"The name could not be looked up: {error}.") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Wanted(NamedTuple):
    name: str
    future: concurrent.futures.Future[Sequence[str]]


class Lookup:
    """A pool of look-ups for one process; any thread or event loop may ask it.

    No name waits behind another: where all are busy, whoever asks is told so and waits outside,
    so that no waiting is taken for the time a look-up took.
    """

    def __init__(self, resolve: Resolve = system_resolve, *, width: int = MAX_LOOKUPS) -> None:
        self._resolve = resolve
        self._width = width
        self._wanted: queue.SimpleQueue[_Wanted] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._in_flight: dict[str, concurrent.futures.Future[Sequence[str]]] = {}
        self._threads = 0

    def find(self, name: str, timeout: float) -> Sequence[str]:
        """Addresses of a name, for a thread that may wait.

        Raises:
            TimeoutError: `timeout` seconds went by. The look-up goes on for whoever else waits.
            NameNotResolved, LookupImpossible: as the resolver says.
        """
        return self.ask(name).result(timeout)

    async def find_soon(self, name: str) -> Sequence[str]:
        """Addresses of a name, for an event loop, under the caller's deadline; raises as `find`."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()

        def hand_over(done: concurrent.futures.Future[Sequence[str]]) -> None:
            # The loop may be closed by the time a very slow server answers.
            if not loop.is_closed():
                loop.call_soon_threadsafe(_copy, done, answer)

        # Not asyncio.wrap_future: cancelling one waiter would cancel the look-up the others share.
        self.ask(name).add_done_callback(hand_over)
        return await answer

    def ask(self, name: str) -> concurrent.futures.Future[Sequence[str]]:
        """The answer to come, shared with whoever else asks meanwhile: never to be cancelled.

        Raises:
            LookupImpossible: no further look-up can be begun now.
        """
        with self._lock:
            shared = self._in_flight.get(name)
            if shared is not None:
                return shared
            if len(self._in_flight) >= self._width:
                raise LookupImpossible(
                    f"The name could not be looked up: {self._width} look-ups are under way.",
                    Lack.LOOKUPS,
                )
            if self._threads <= len(self._in_flight):
                self._add_thread()
            future: concurrent.futures.Future[Sequence[str]] = concurrent.futures.Future()
            self._in_flight[name] = future
            self._wanted.put(_Wanted(name, future))
        return future

    def _add_thread(self) -> None:
        """As many as names in flight, so that none waits behind a slow one."""
        # A daemon: a name server that never answers must not hold up the exit.
        thread = threading.Thread(target=self._serve, name="lookup", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise LookupImpossible(f"The name could not be looked up: {error}.") from error
        self._threads += 1

    def _serve(self) -> None:
        while True:
            try:
                wanted = self._wanted.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if not self._wanted.empty():
                        continue
                    self._threads -= 1
                return
            self._answer(wanted)

    def _answer(self, wanted: _Wanted) -> None:
        try:
            addresses: Sequence[str] | None = self._resolve(wanted.name)
            error = None
        except BaseException as raised:  # noqa: BLE001 -- handed to whoever asked, whatever it is
            addresses, error = None, raised
        with self._lock:
            self._in_flight.pop(wanted.name, None)
        if addresses is None:
            wanted.future.set_exception(error)
        else:
            wanted.future.set_result(addresses)


def _copy(
    done: concurrent.futures.Future[Sequence[str]], answer: asyncio.Future[Sequence[str]]
) -> None:
    if answer.done():
        return
    error = done.exception()
    if error is None:
        answer.set_result(done.result())
    else:
        answer.set_exception(error)
