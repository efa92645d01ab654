"""When the next check may start, so that our own lag stays small on whatever machine this is.

Checks that start all at once measure each other's queue in us. Here starts are spread: the next
may follow after what a check costs this process divided by the share of its time that checks may
take. What a check costs is measured while they run: processor time, and waiting for a core, which
is how other programs' load is felt. A guard that watches how late starts come makes the interval
longer where neither tells the whole (a lock, a quota, a hypervisor). No rate is written down.

Waiting for a turn is `queued`; it is no part of any latency, nor of a timeout.
"""

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import quantiles
from typing import Final, NamedTuple

from checkers.kernel import RunQueue
from checkers.lag import OWN
from checkers.timing import now

# The share of its time that a process may be busy with checks: above it queues grow steeply
# (a queue's wait goes with share ÷ (1 - share)), below it the machine is idle for nothing.
_BUSY_SHARE: Final = 0.7
# What a check costs is averaged over about so many.
_MEMORY_CHECKS: Final = 100.0
# Until so many are known by their cost, each start waits for a look at what the last one cost.
_KNOWN_CHECKS: Final = 4.0
LOOK_SECONDS: Final = 0.001
# One check that is very dear must not stop all others until its cost is forgotten.
_LONGEST_SECONDS: Final = 0.1
# The guard: starts this late, more than a tenth of them within a window, are too late.
_LATE_SECONDS: Final = 0.0005
_WINDOW_SECONDS, _WINDOW_STARTS = 0.02, 10
_SLOWER, _FASTER, _SLOWEST = 1.2, 1.02, 2.5
# Waiting for a core counts as far as this times the work: as if so many others wanted it too.
_FAIR_SHARE: Final = 2.0


class Busy(NamedTuple):
    """Seconds at work, and ready to work but waiting for a core, from any beginning."""

    working: float
    waiting: float


Meter = Callable[[], Busy]


class OwnMeter:
    """What keeps the calling thread from its work: its process at work, and waiting for a core."""

    def __init__(self) -> None:
        self._queue = RunQueue()

    def __call__(self) -> Busy:
        return Busy(time.process_time(), self._queue.waited())


class WorkersMeter:
    """What other processes are busy with, as a share of all cores; a dead one keeps its figure."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._cores = len(os.sched_getaffinity(0))
        # linux/posix-timers.h, MAKE_PROCESS_CPUCLOCK with CPUCLOCK_SCHED.
        self._workers = [((~pid << 3) | 2, RunQueue(pid)) for pid in pids]
        self._last = [Busy(0.0, 0.0)] * len(self._workers)

    def __call__(self) -> Busy:
        for number, (clock, queue) in enumerate(self._workers):
            with contextlib.suppress(OSError):
                self._last[number] = Busy(time.clock_gettime(clock), queue.waited())
        working = sum(busy.working for busy in self._last)
        waiting = sum(busy.waiting for busy in self._last)
        return Busy(working / self._cores, waiting / self._cores)


class _Cost:
    """What a check costs by one meter: a mean that forgets after about a hundred checks."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._read = meter()
        self._working = self._waiting = self._checks = 0.0

    def update(self, checks: float) -> float:
        """The cost of a check in seconds, after so many more."""
        before, self._read = self._read, self._meter()
        kept = math.exp(-checks / _MEMORY_CHECKS)
        self._working = self._working * kept + self._read.working - before.working
        self._waiting = self._waiting * kept + self._read.waiting - before.waiting
        self._checks = self._checks * kept + checks
        # Where others keep the cores busy each wake-up waits for its turn, however few there are:
        # beyond what a fair share costs, going slower gains nothing.
        waiting = min(self._waiting, _FAIR_SHARE * self._working)
        return (self._working + waiting) / self._checks if self._checks else 0.0


class Pace:
    """Gives out instants at which one check after the other may start; for any threads.

    Args:
        meters: what may be kept busy with checks up to its share; the busiest sets the pace.
    """

    def __init__(self, *meters: Meter) -> None:
        self._lock = threading.Lock()
        self._costs = [_Cost(meter) for meter in meters]
        # Half a check is its beginning, half its end: what has only begun is not half price.
        self._halves = 0
        self._known = 0.0
        self._looked = self._next = now()
        self._guard = 1.0
        self._late: list[float] = []
        self._window_ends = 0.0
        self.interval = 0.0

    @property
    def due(self) -> float:
        """The instant from which the next check may start."""
        return self._next

    def reserve(self, share: float = 1.0) -> float:
        """Take the next turn: its instant, which may have passed already.

        Args:
            share: of the interval that the turn after it has to wait for.
        """
        with self._lock:
            at = now()
            self._look(at)
            # A turn that came late is made up for, one that nobody wanted is not: no bursts.
            turn = max(self._next, at - max(self.interval, LOOK_SECONDS))
            self._next = turn + self.interval * share
            self._halves += 1
        return turn

    def ended(self) -> None:
        """Say that a check that had its turn is over."""
        with self._lock:
            self._halves += 1

    def came(self, at: float, late: float) -> None:
        """Say how late a start or a beat came, in seconds."""
        OWN.note(at, late)
        with self._lock:
            self._late.append(late)
            if at < self._window_ends or len(self._late) < _WINDOW_STARTS:
                return
            late_ones, self._late = self._late, []
            self._window_ends = at + _WINDOW_SECONDS
            # The slower already, the more lateness is borne: what slowness does not mend stays.
            if quantiles(late_ones, n=10)[-1] > _LATE_SECONDS * self._guard:
                self._guard = min(self._guard * _SLOWER, _SLOWEST)
            else:
                self._guard = max(self._guard / _FASTER, 1.0)

    def _look(self, at: float) -> None:
        learning = self._known < _KNOWN_CHECKS
        if not self._halves or (at - self._looked < LOOK_SECONDS and not learning):
            if learning:
                self.interval = max(self.interval, LOOK_SECONDS)
            return
        checks, self._halves = self._halves / 2, 0
        self._known += checks
        self._looked = at
        cost = max(each.update(checks) for each in self._costs)
        self.interval = min(cost / _BUSY_SHARE * self._guard, _LONGEST_SECONDS)
        if learning:
            self.interval = max(self.interval, LOOK_SECONDS)


class _Shared:
    """The pace of this process, which all of its runs keep together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pace: Pace | None = None
        self._runs = 0

    @contextlib.contextmanager
    def kept(self) -> Iterator[Pace]:
        """The pace for a run; measured anew when no other run is under way."""
        with self._lock:
            if self._pace is None:
                self._pace = Pace(OwnMeter())
            pace, self._runs = self._pace, self._runs + 1
        try:
            yield pace
        finally:
            with self._lock:
                self._runs -= 1
                if not self._runs:
                    self._pace = None


kept: Final = _Shared().kept


class Turnstile:
    """Lets threads start one after the other, each in its turn.

    Args:
        pace: whose turns they are; `None`: every start at once.
    """

    def __init__(self, pace: Pace | None) -> None:
        self._pace = pace
        self._passing = threading.Lock()

    def turn(self) -> None:
        """Wait in the calling thread for the next turn."""
        pace = self._pace
        if pace is None:
            return
        # One waits for the clock and the others for it: none reserves before what it costs to
        # start the last one has been seen.
        waited = not self._passing.acquire(blocking=False)
        if waited:
            self._passing.acquire()
        try:
            turn = pace.reserve()
            delay = turn - now()
            if delay > 0:
                time.sleep(delay)
            if delay > 0 or waited:
                at = now()
                pace.came(at, max(at - turn, 0.0))
        finally:
            self._passing.release()

    def ended(self) -> None:
        """Say that what had its turn is over."""
        if self._pace is not None:
            self._pace.ended()
