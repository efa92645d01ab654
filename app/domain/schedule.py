"""When something recurs: every so many seconds, or as a cron text says in a time zone."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

MIN_INTERVAL_SECONDS: Final = 0.5
MAX_INTERVAL_SECONDS: Final = 31 * 86_400.0
MAX_CRON_CHARACTERS: Final = 200
#: Instants are rounded up to this, so that what is due at about the same time is begun together.
GRID: Final = timedelta(milliseconds=100)
# More ticks than this were missed are not counted one by one.
_MOST_COUNTED: Final = 10_000
# So many may begin in a second where many begin at once.
_STARTS_PER_SECOND: Final = 300
# A check so shortly before its turn would only be in the way of that.
_APART: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NeverFires(ValueError):
    """A cron text that cannot be read, or that names no instant ever; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A recurrence: `interval` in seconds, or `cron` in `timezone`; one of the two.

    Cron text has five fields, or six with seconds first. Where clocks are put forward or back, a
    daily instant is met once (cronsim follows Debian's cron).
    """

    interval: float | None = None
    cron: str | None = None
    timezone: str = "UTC"

    def following(self, tick: datetime, now: datetime) -> tuple[datetime, int]:
        """The first tick after now, in a sequence that `tick` is part of, and how many lie between.

        What lies between was missed: neither `tick` itself nor the answer is counted.
        """
        if self.interval is None:
            return self._by_cron(tick, now)
        step = timedelta(seconds=self.interval)
        steps = max((now - tick) // step + 1, 1)
        return tick + step * steps, steps - 1

    def next_after(self, now: datetime) -> datetime:
        """The first instant after now that a cron text names; an interval from now."""
        if self.cron is None:
            assert self.interval is not None
            return now + timedelta(seconds=self.interval)
        named = (found.astimezone(UTC) for found in _cron(self.cron, self.timezone, now))
        # In the hour that clocks go through twice, what is named lies in the first passage.
        return next(at for at in named if at > now)

    def period(self, now: datetime) -> timedelta:
        """How long it is from one tick to the next, about now."""
        if self.interval is not None:
            return timedelta(seconds=self.interval)
        first = self.next_after(now)
        return self.next_after(first) - first

    def _by_cron(self, tick: datetime, now: datetime) -> tuple[datetime, int]:
        assert self.cron is not None
        missed = 0
        for found in _cron(self.cron, self.timezone, tick):
            at = found.astimezone(UTC)
            if at > now:
                return at, missed
            missed += 1
            if missed == _MOST_COUNTED:
                break
        return self.next_after(now), missed


def on_grid(at: datetime) -> datetime:
    """An instant rounded up, so that neighbours fall together."""
    return at + (-(at - _EPOCH) % GRID)


class First(NamedTuple):
    """How something begins to recur.

    Attributes:
        due: when it is carried out first.
        tick: its first regular turn, from which the others follow; `due` or later.
    """

    due: datetime
    tick: datetime


def first_turns(schedule: Schedule, key: str, now: datetime, together: int) -> First:
    """How something begins: at once, and where many begin together, spread by their keys.

    Args:
        together: how many begin with it. No more than 300 a second begin, and their regular turns
            are spread over a whole interval.
    """
    if schedule.interval is None:
        at = on_grid(schedule.next_after(now))
        return First(at, at)
    if together == 1:
        at = on_grid(now)
        return First(at, at)
    return _spread(key, now, schedule, on_grid(now + _part(schedule.period(now), key)), together)


def caught_up(
    schedule: Schedule, key: str, due: datetime, now: datetime, together: int
) -> tuple[First, int]:
    """How something goes on that was due before now: soon, and then in its regular turns.

    Also how many turns between are lost.
    """
    following, lost = schedule.following(due, now)
    return _spread(key, now, schedule, on_grid(following), together), lost


def _spread(key: str, now: datetime, schedule: Schedule, tick: datetime, together: int) -> First:
    spread = timedelta(seconds=together / _STARTS_PER_SECOND)
    if schedule.interval is not None and spread >= schedule.period(now):
        # They are as many as one interval can take: sooner than in its turn none of them can be.
        return First(tick, tick)
    due = on_grid(now + _part(spread, key))
    return First(due, tick) if tick - due > _APART else First(tick, tick)


def _part(span: timedelta, key: str) -> timedelta:
    return span * share_of(key)


def share_of(key: str) -> float:
    """A number in [0, 1) that is the same for a key for ever, and even over many keys."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def check_cron(cron: str, timezone: str, now: datetime) -> None:
    """Make sure that a cron text can be read and fires.

    Raises:
        NeverFires: it does not; or there is no such time zone.
    """
    try:
        following = next(_cron(cron, timezone, now))
    except StopIteration as error:
        raise NeverFires("names no instant in the next fifty years") from error
    except CronSimError as error:
        raise NeverFires(f"is not a cron text: {error}") from error
    assert following is not None


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database.

    Raises:
        NeverFires: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise NeverFires(f"there is no time zone {name!r}") from error


def _cron(cron: str, timezone: str, after: datetime) -> CronSim:
    return CronSim(cron, after.astimezone(zone(timezone)))
