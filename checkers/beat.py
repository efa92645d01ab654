"""The beat of an event loop: its lag is measured by it, and its tasks start on it, each in turn."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from checkers.kernel import Timer
from checkers.lag import OWN, watch
from checkers.pacing import LOOK_SECONDS, Pace, kept
from checkers.timing import now

# How often lag is measured where no start does it.
_BEAT_SECONDS: Final = 0.01
# So many idle beats, and it rests.
_IDLE_BEATS: Final = 5
# Above this what comes late was a stall, of which every missed beat is a sample.
_SAMPLES_AT_MOST: Final = 1000
# A tick is not set anew for less than this.
_SAME: Final = (0.8, 1.25)


class Ticks:
    """A timer for whatever waits for descriptors; each tick tells how late it came.

    Between starts it ticks now and then, so that lag is measured all through a run; it may rest
    while there is nothing whose lag could matter.

    Args:
        pace: whose turns it is to announce; `None`: it only measures.

    Attributes:
        fd: becomes readable with each tick; `None` where the system has no such timer.
    """

    def __init__(self, pace: Pace | None) -> None:
        self._pace = pace
        self._timer: Timer | None = None
        with contextlib.suppress(OSError):
            self._timer = Timer()
        self.fd = None if self._timer is None else self._timer.fd
        self.every = 0.0
        self._due = self._before = 0.0
        self.tune(waiting=False)

    def tune(self, *, waiting: bool) -> None:
        """Tick as often as turns come while somebody waits for one."""
        every = _BEAT_SECONDS
        if waiting and self._pace is not None:
            # Finer than a millisecond the ticks themselves would cost what they are to save.
            every = min(max(self._pace.interval, LOOK_SECONDS), _BEAT_SECONDS)
        if self.every and _SAME[0] < every / self.every < _SAME[1]:
            return
        self.every, self._due = every, now() + every
        if self._timer is not None:
            self._timer.arm(every)

    def rest(self) -> None:
        """Tick no more until tuned again."""
        if self.every:
            self.every = 0.0
            if self._timer is not None:
                self._timer.arm(0.0)

    def woken(self, since: float) -> None:
        """Note how late a thread came that was called at an instant: at rest no tick tells it."""
        if not self.every:
            at = now()
            OWN.note(at, max(at - since, 0.0))

    def came(self) -> None:
        """Take note of the ticks that have come."""
        count = 1 if self._timer is None else self._timer.expired()
        at = now()
        if self._timer is not None and count:
            # Whatever had something to tell when the tick before this one came has been heard: it
            # was told with that tick at the latest, and everybody who was told has had his turn.
            watch().narrow(self._before)
            self._before = self._due
        for _ in range(min(count, _SAMPLES_AT_MOST)):
            late = max(at - self._due, 0.0)
            if self._pace is None:
                OWN.note(at, late)
            else:
                self._pace.came(at, late)
            self._due += self.every
        self._due += max(count - _SAMPLES_AT_MOST, 0) * self.every

    def again(self) -> None:
        """Count from now on, where each tick has to be asked for."""
        self._due = now() + self.every

    def close(self) -> None:
        if self._timer is not None:
            self._timer.close()


class Beat:
    """Measures the lag of the running event loop, and lets the tasks on it start in their turns.

    Args:
        pace: whose turns they are; `None`: every start at once, and only the lag is measured.
        idle: whether there is nothing whose lag could matter, so that it may rest.
    """

    def __init__(self, pace: Pace | None, idle: Callable[[], bool] = lambda: False) -> None:
        self._pace = pace
        self._idle = idle
        self._idle_beats = 0
        #: Which share of the interval is kept between starts.
        self.hurry = 1.0
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ticks = Ticks(pace)
        self._call: asyncio.TimerHandle | None = None

    def __enter__(self) -> "Beat":
        if self._ticks.fd is None:
            self._call_later()
        else:
            self._loop.add_reader(self._ticks.fd, self._on_tick)
        return self

    def __exit__(self, *_: object) -> None:
        if self._call is not None:
            self._call.cancel()
        if self._ticks.fd is not None:
            self._loop.remove_reader(self._ticks.fd)
        self._ticks.close()
        for waiting in self._waiting:
            waiting.cancel()

    async def turn(self) -> None:
        """Wait for the next turn."""
        pace = self._pace
        if pace is None:
            self.stir()
            return
        # After a rest nobody starts before a tick has told how late it comes.
        if not self._waiting and pace.due <= now() and self._ticks.every:
            pace.reserve(self.hurry)
            return
        waiting = self._loop.create_future()
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            rested = not self._ticks.every
            self._ticks.tune(waiting=True)
            if rested and self._ticks.fd is None:
                self._call_later()
        await waiting

    def ended(self) -> None:
        """Say that what had its turn is over."""
        if self._pace is not None:
            self._pace.ended()

    def stir(self) -> None:
        """Measure again, if it rests."""
        if not self._ticks.every:
            self._ticks.tune(waiting=False)
            if self._ticks.fd is None:
                self._call_later()

    def _call_later(self) -> None:
        self._ticks.again()
        self._call = self._loop.call_later(self._ticks.every, self._on_call)

    def _on_call(self) -> None:
        self._on_tick()
        if self._ticks.every:
            self._call_later()

    def _on_tick(self) -> None:
        self._ticks.came()
        self._idle_beats = self._idle_beats + 1 if self._idle() else 0
        if self._idle_beats >= _IDLE_BEATS:
            self._ticks.rest()
            return
        pace = self._pace
        if pace is None:
            return
        at = now()
        while self._waiting and pace.due <= at:
            waiting = self._waiting.popleft()
            if not waiting.done():
                pace.reserve(self.hurry)
                waiting.set_result(None)
        self._ticks.tune(waiting=bool(self._waiting))


@contextlib.contextmanager
def beating(idle: Callable[[], bool], *, paced: bool) -> Iterator[Beat]:
    """The beat of the running event loop, in this process's pace or in none."""
    if not paced:
        with Beat(None, idle) as beat:
            yield beat
        return
    with kept() as pace, Beat(pace, idle) as beat:
        yield beat
