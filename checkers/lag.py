"""Our own lag: how long what had happened waited for us to see it.

A thread with something to see is at work, waits for a core, or waits for the interpreter's lock
while another thread of the process is at work; it does not sleep. So whatever it sees has waited
at most for as long as the process has been busy since the thread last slept. That bound needs no
second clock and no timer: two counters of the kernel, read at every event.
"""

import math
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from time import process_time
from typing import Final, Protocol

from checkers.kernel import RunQueue
from checkers.timing import now

# A gap shorter than this between two events may be the counters' own grain: not taken for sleep.
_GRAIN_SECONDS: Final = 50e-6
# A thread that saw nothing for so long may have had nothing to see.
_PAUSE_SECONDS: Final = 1.0
# Steps of a factor of two in the counts of lags: 4 % each.
_STEPS: Final = 16
_US: Final = 1e-6
# Two beats: there has been one.
_LATELY_SECONDS: Final = 0.02
# Far enough back for a dozen samples of a slow crew.
_SAMPLED_SECONDS: Final = 0.1
# What is older than this is no part of any check.
_KEPT_SECONDS: Final = 330.0


class Worst:
    """The largest of what was noted since an instant (a sliding-window maximum)."""

    def __init__(self) -> None:
        self._at: list[float] = []
        self._lags: list[float] = []

    def note(self, at: float, lag: float) -> None:
        """Take in a lag that was seen at an instant; instants do not go back by much."""
        ats, lags = self._at, self._lags
        # One that is smaller and older than this one is never the answer again.
        while lags and lags[-1] <= lag:
            lags.pop()
            ats.pop()
        ats.append(at)
        lags.append(lag)
        if at - ats[0] > _KEPT_SECONDS:
            gone = bisect_left(ats, at - _KEPT_SECONDS)
            del ats[:gone], lags[:gone]

    def since(self, at: float) -> float:
        """The largest lag seen at that instant or later; nought if there was none."""
        place = bisect_left(self._at, at)
        return self._lags[place] if place < len(self._lags) else 0.0


class Lag(Protocol):
    """What a client asks how long it may have kept a target waiting."""

    def begin(self, at: float) -> None:
        """Say that an exchange begins: what was done until then kept nobody waiting in it."""
        ...

    def lag(self, at: float) -> float:
        """At most so long, in seconds, had that waited which is seen at this instant."""
        ...

    def worst(self, since: float) -> float:
        """The largest lag from an instant on, as far as it is known."""
        ...


class LagWatch:
    """Bounds the lag of everything that one thread sees; made in that thread.

    Attributes:
        busy: seconds the process was at work or the thread waited for a core, as last read.
        since: nothing that the thread has not seen yet happened before this instant.
    """

    def __init__(self) -> None:
        self._queue = RunQueue()
        self._worst = Worst()
        self.busy = process_time() + self._queue.waited()
        self._at = self.since = now()

    def look(self, at: float) -> float:
        """At most so long, in seconds, had that waited which the thread sees at this instant."""
        busy = process_time() + self._queue.waited()
        spent = busy - self.busy
        if at - self._at - spent > _GRAIN_SECONDS:
            # It slept in between: since then it has been busy for no longer than this.
            self.since = at - spent
        lag = at - self.since
        if at - self._at < _PAUSE_SECONDS:
            # After a pause much may have been done that kept nobody waiting.
            self._worst.note(at, lag)
        self._at, self.busy = at, busy
        return lag

    def narrow(self, since: float) -> None:
        """Say that whatever had happened by an instant has been seen."""
        self.since = max(self.since, since)

    def turned(self, entered: float, at: float, before: float) -> None:
        """A loop that asks for events itself has asked: it knows more than the counters.

        Args:
            entered: when it began to wait for events.
            at: when it had some.
            before: when it had begun to wait the time before: what was there then has been seen.
        """
        self._worst.note(entered, entered - self.since)
        if at - entered > _GRAIN_SECONDS:
            self.look(at)
        self.narrow(before)

    def begin(self, at: float) -> None:
        self.look(at)

    def lag(self, at: float) -> float:
        """At most so long had that waited which is seen at this instant, since the last look."""
        return at - self.since

    def worst(self, since: float) -> float:
        """The largest lag seen from an instant on."""
        return self._worst.since(since)


def waking(at: float) -> float:
    """How long it has lately taken this process to wake up, in seconds, as its timers show.

    A core that is asleep, or lent to another machine, counts as idle until it is back: no counter
    tells of that time, so it is told from what was due then.
    """
    return OWN.worst(at - _LATELY_SECONDS)


class _PerThread(threading.local):
    watch: LagWatch | None = None


_per_thread: Final = _PerThread()


def watch() -> LagWatch:
    """The watch of the calling thread."""
    if _per_thread.watch is None:
        _per_thread.watch = LagWatch()
    return _per_thread.watch


class AloneLag:
    """The lag of a thread that does the work of its process by itself."""

    def begin(self, at: float) -> None:
        watch().look(at)

    def lag(self, at: float) -> float:
        return watch().look(at)

    def worst(self, since: float) -> float:
        return watch().worst(since)


class CrewLag:
    """The lag of a thread among others that want the same lock: that of the crew, as it was seen.

    How long one thread waits for the lock cannot be counted; how late others came is a sample.
    """

    def begin(self, at: float) -> None:
        """What the others do is not counted from any beginning."""

    def lag(self, at: float) -> float:
        return OWN.worst(at - _SAMPLED_SECONDS)

    def worst(self, since: float) -> float:
        return OWN.worst(since)


#: It holds nothing.
CREW: Final = CrewLag()


class Lags:
    """How late what was due came to be done: counts by size, which merge by adding."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[int] = Counter()
        self._worst = Worst()

    @property
    def counts(self) -> dict[int, int]:
        """How many there were of each size, so far."""
        with self._lock:
            return dict(self._counts)

    def note(self, at: float, lag: float) -> None:
        """Take in one, in seconds, from any thread."""
        with self._lock:
            self._counts[_step_of(lag)] += 1
            self._worst.note(at, lag)

    def worst(self, since: float) -> float:
        """The largest from an instant on."""
        with self._lock:
            return self._worst.since(since)


#: Of this process.
OWN: Final = Lags()


def _step_of(lag: float) -> int:
    return math.ceil(math.log2(max(lag, 0.0) / _US + 1.0) * _STEPS)


def quantiles(counts: Mapping[int, int], wanted: Iterable[float]) -> list[float] | None:
    """Nearest-rank quantiles of counted lags, in seconds, to 4 %; `None` when there are none."""
    total = sum(counts.values())
    if not total:
        return None
    found = []
    for share in wanted:
        left = max(math.ceil(share * total), 1)
        for step in sorted(counts):
            left -= counts[step]
            if left <= 0:
                found.append((2 ** (step / _STEPS) - 1.0) * _US)
                break
    return found
