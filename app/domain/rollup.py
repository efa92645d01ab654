"""What outcomes and spells of a monitor come to, hour by hour and day by day.

Outcomes are added once each, to the hour they began in, in whatever order they come to be known.
Seconds by status are laid down once for each hour, when it is over for a while; what comes to be
known of it later counts from where the roll-up stands. So both survive late outcomes, restarts and
clocks that jump: no outcome counts twice, and seconds always sum to the time they are of.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from app.domain.histogram import histogram_of
from app.domain.uptime import Change, Span, Standing, Uptime, nothing, uptime
from checkers import Status

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
#: An hour is rolled up so long after its end: what belongs to it is known by then.
SETTLED_AFTER: Final = timedelta(minutes=10)
#: Hours are kept so long; then only the days that they made are left.
HOURS_KEPT: Final = timedelta(days=14)
#: Hours and days have a number since the epoch below this; time after it counts as the last.
SLOTS: Final = 10_000_000
PHASES: Final = ("name_lookup", "connect", "tls", "wait", "receive")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)


class Seen(NamedTuple):
    """What a roll-up looks at of an outcome; instants and durations in microseconds.

    Attributes:
        missed: turns in which no check was made, where this tells of such.
        phases: in the order of `PHASES`.
    """

    id: int
    started_at: int
    status: str
    reason: str | None
    missed: int | None
    http_status: int | None
    total: int | None
    phases: tuple[int | None, ...]


class Known(NamedTuple):
    """A change of what is shown, with the number under which it came to be known."""

    id: int
    change: Change


class Roll(NamedTuple):
    """How far a monitor's history is rolled up; the fields are those of the table `rolls`."""

    until: datetime
    outcome: int
    standing: Standing
    through: int


class Laid(NamedTuple):
    """The seconds of an hour, or of what is left of a day, and what was shown as it began."""

    span: Span
    standing: Standing
    through: int
    uptime: Uptime


class Tally:
    """Outcomes of one span, counted."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.missed = 0
        self.totals: list[int] = []
        self.phases: tuple[list[int], ...] = tuple([] for _ in PHASES)
        self.first = self.last = 0

    def take(self, seen: Seen) -> None:
        """Count one; those who answered with a status have a latency."""
        self.first = min(self.first or seen.id, seen.id)
        self.last = max(self.last, seen.id)
        if seen.reason is not None:
            self.reasons[seen.reason] += seen.missed or 1
        if seen.missed is not None:
            self.missed += seen.missed
            return
        self.statuses[seen.status] += 1
        if seen.http_status is None or seen.total is None:
            return
        self.totals.append(seen.total)
        for sample, duration in zip(self.phases, seen.phases, strict=True):
            if duration is not None:
                sample.append(duration)

    @property
    def checks(self) -> int:
        """How many checks were made."""
        return self.statuses.total()

    def counts(self) -> tuple[int, ...]:
        """Checks by status, in the order up, degraded, down, unknown; then missed turns."""
        return (*(self.statuses[status.value] for status in Status), self.missed)

    def encoded(self, count: int) -> tuple[bytes | None, ...]:
        """The first so many histograms: of the total, then of each phase."""
        samples = (self.totals, *self.phases)[:count]
        return tuple(histogram_of(sample).encoded() for sample in samples)


def tallied(outcomes: Iterable[Seen], size: timedelta) -> dict[int, Tally]:
    """Outcomes by the hour or the day they began in."""
    found: dict[int, Tally] = {}
    for seen in outcomes:
        slot = min(max((seen.started_at * _US) // size, 0), SLOTS - 1)
        tally = found.get(slot)
        if tally is None:
            tally = found[slot] = Tally()
        tally.take(seen)
    return found


def settled(outcomes: Sequence[Seen], boundary: datetime, now: datetime) -> Sequence[Seen]:
    """Those, in the order they came, before the first that belongs to an hour still going on.

    What a clock that jumped has dated far ahead does not hold up the others.
    """
    first, last = (boundary - _EPOCH) // _US, (now + HOUR - _EPOCH) // _US
    for place, seen in enumerate(outcomes):
        if first <= seen.started_at < last:
            return outcomes[:place]
    return outcomes


def dated(changes: Sequence[Known], now: datetime) -> list[Known]:
    """Changes as they came to be known; none of them after now, whatever the clock said then."""
    made: list[Known] = []
    following = now
    for known in reversed(changes):
        if known.change.at <= now:
            following = known.change.at
        made.append(Known(known.id, known.change._replace(at=min(known.change.at, following))))
    # What was dated ahead happened no later than what came to be known next.
    return made[::-1]


def lay(
    roll: Roll, until: datetime, hourly_from: datetime, changes: Sequence[Known], gaps: list[Span]
) -> tuple[list[Laid], Roll]:
    """Lay down the seconds from where a roll-up stands to a full hour.

    Args:
        hourly_from: what lies before it is laid down by the day.
        changes: what came to be known after `roll.through`, dated.

    Returns:
        What was laid down, and where the roll-up stands then.
    """
    made: list[Laid] = []
    at, standing, through, place = roll.until, roll.standing, roll.through, 0
    while at < until:
        end = at + HOUR if at >= hourly_from else min(floor(at, DAY) + DAY, hourly_from)
        span = Span(at, min(end, until))
        begin = place
        while place < len(changes) and changes[place].change.at < span.until:
            place += 1
        some = [known.change for known in changes[begin:place]]
        made.append(Laid(span, standing, through, uptime(span, some, gaps, standing)))
        for known in changes[begin:place]:
            standing, through = standing.after(known.change), known.id
        at = span.until
    return made, Roll(at, roll.outcome, standing, through)


def floor(at: datetime, size: timedelta) -> datetime:
    """The full hour, or day of UTC, that an instant lies in."""
    return at - (at - _EPOCH) % size


def ceiling(at: datetime, size: timedelta) -> datetime:
    """The next full hour or day, or the instant itself."""
    return at + (_EPOCH - at) % size


def number(at: datetime, size: timedelta) -> int:
    """Which hour or day since the epoch an instant lies in."""
    return (at - _EPOCH) // size


def instant(slot: int, size: timedelta) -> datetime:
    """When an hour or a day begins."""
    return _EPOCH + slot * size


def summed(parts: Iterable[Uptime]) -> Uptime:
    """Several windows, or several targets, together."""
    whole = nothing()
    for part in parts:
        whole = whole.and_(part)
    return whole
