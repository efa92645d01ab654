"""Probes: each a check in one run that all of them share, answered as soon as it has ended."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Final

import structlog

from app.domain.errors import Unavailable
from app.domain.probe import Module
from app.domain.probed import OUR_OWN
from app.engine.local import Engine, Order, Slot
from app.engine.stream import Streaming
from checkers import ClientName, Item, Outcome, StrategyName, Target

logger = structlog.get_logger(__name__)

#: So many may be under way; whoever asks for one more is told so at once.
MOST_PROBES: Final = 1000
# The run is closed once nobody has asked for so long.
_UNUSED_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 60.0
# How often the module file is looked at.
_FILE_SECONDS: Final = 1.0
# A check ends by its deadline; beyond it, it waited here.
_PATIENCE_SECONDS: Final = 5.0
_SECRET_BYTES: Final = 64 * 1024

# Not paced, and its outcomes hardly held back: Prometheus asks when it wants to know, spreads
# its questions by itself, and waits for each.
_ORDER: Final = Order(
    strategy=StrategyName.ASYNC,
    client=ClientName.CURL,
    concurrency=MOST_PROBES,
    paced=False,
    hold_seconds=0.001,
)


class Probing:
    """Carries out probes, and knows the modules by which they are made.

    Args:
        modules: as they were at the start.
        path: the file they are from; `None`: there is none.
        read: reads it anew; raises `ValueError` with a sentence when it cannot be used.
    """

    def __init__(
        self,
        engine: Engine,
        modules: Mapping[str, Module],
        path: str | None = None,
        read: Callable[[str], Mapping[str, Module]] | None = None,
    ) -> None:
        self._engine = engine
        self.modules = modules
        self._path = path
        self._read = read
        self._waiting: dict[int, asyncio.Future[Outcome]] = {}
        self._numbers = itertools.count()
        self._stream: Streaming | None = None
        self._used = 0.0
        self._group: asyncio.TaskGroup | None = None

    async def probe(self, target: Target) -> Outcome:
        """Check a target now.

        Raises:
            Unavailable: too many are under way, or it could not be checked by a fault of ours.
        """
        if len(self._waiting) >= MOST_PROBES:
            raise Unavailable(f"{MOST_PROBES} probes are under way; ask again later.")
        number = next(self._numbers)
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(target.timeout + _PATIENCE_SECONDS):
                await self._opened().give([Item(number, target, monotonic())])
                outcome = await answer
        except TimeoutError as error:
            raise Unavailable("The probe could not be carried out in its time.") from error
        finally:
            del self._waiting[number]
        if outcome.reason in OUR_OWN:
            raise Unavailable(f"The probe could not be carried out. {outcome.detail}")
        return outcome

    async def secret_of(self, module: Module) -> str | None:
        """What a module's credentials come to, as the value of a header field.

        Raises:
            Unavailable: they lie in a file that cannot be read.
        """
        credentials = module.credentials
        if credentials is None:
            return None
        secret = credentials.secret or ""
        if credentials.file is not None:
            try:
                secret = await asyncio.to_thread(_first_line, credentials.file)
            except (OSError, ValueError) as error:
                raise Unavailable(f"The secret of this module cannot be read: {error}") from error
        return credentials.value(secret)

    async def serve(self) -> None:
        """Carry the run and watch the file until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                if self._path is not None:
                    group.create_task(self._watch_file(self._path))
                while True:
                    await asyncio.sleep(_LOOK_SECONDS)
                    await self._close_unused()
        finally:
            self._group = None
            self._give_up("The service is about to stop.")

    def _opened(self) -> Streaming:
        self._used = monotonic()
        if self._stream is None:
            if self._group is None:
                raise Unavailable("The service is about to start or to stop.")
            self._stream = self._engine.stream(Slot.PROBE, _ORDER, self._take)
            self._group.create_task(self._carry(self._stream))
            logger.info("probes_begun")
        return self._stream

    async def _take(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            answer = self._waiting.get(outcome.seq)
            if answer is not None and not answer.done():
                answer.set_result(outcome)

    async def _carry(self, stream: Streaming) -> None:
        try:
            await stream.serve()
        except Exception:  # of a loop: the next probe opens another
            logger.exception("probes_broken")
        finally:
            if self._stream is stream:
                self._stream = None
                self._give_up("The run of the probes has ended.")

    def _give_up(self, why: str) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Unavailable(why))

    async def _close_unused(self) -> None:
        stream = self._stream
        idle = monotonic() - self._used > _UNUSED_SECONDS
        if stream is not None and idle and not stream.in_flight:
            self._stream = None
            await stream.close()

    async def _watch_file(self, path: str) -> None:
        """Take over what the file says whenever it has changed; keep what was if it is no good."""
        seen = await asyncio.to_thread(_state, path)
        while True:
            await asyncio.sleep(_FILE_SECONDS)
            state = await asyncio.to_thread(_state, path)
            if state != seen:
                seen = state
                await self._read_anew(path)

    async def _read_anew(self, path: str) -> None:
        assert self._read is not None
        try:
            self.modules = await asyncio.to_thread(self._read, path)
        except ValueError as error:
            logger.warning("probe_modules_refused", why=str(error))
        else:
            logger.info("probe_modules_read", path=path, modules=len(self.modules))


def _state(path: str) -> tuple[int, ...] | None:
    """What changes with a file; `None` while there is none."""
    with contextlib.suppress(OSError):
        found = Path(path).stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def _first_line(path: str) -> str:
    with Path(path).open("rb") as opened:
        text = opened.read(_SECRET_BYTES).decode("utf-8").strip()
    if any(ord(character) < 0x20 or ord(character) > 0x7E for character in text):
        raise ValueError(f"{path} holds more than one line of visible ASCII characters.")
    return text
