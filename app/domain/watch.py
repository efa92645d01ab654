"""What a monitor remembers between checks, and how one outcome moves it.

A status is believed once it has been seen so often in a row; a single odd outcome is followed by a
re-check, never by an alarm. An outcome that is `unknown` is our own fault and moves nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from app.domain.schedule import Schedule
from checkers import Status

#: Outcomes in a row are counted up to here; the thresholds lie below.
MOST_COUNTED: Final = 10
# Who falls again so soon after a recovery has to stand so many checks before it is believed again.
_STEADY: Final = 5
_FLAP_INTERVALS: Final = 10
_FLAP_SHORTEST, _FLAP_LONGEST = timedelta(minutes=1), timedelta(minutes=30)


class Health(StrEnum):
    """What is believed of a target."""

    PENDING = "pending"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How often something has to be seen in a row before it is believed.

    Attributes:
        recheck: seconds after which a surprising outcome is checked again.
    """

    down_after: int = 2
    up_after: int = 2
    recheck: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is believed of a target since when, and the outcomes that may change it.

    Attributes:
        downs, answers, ups, not_ups: outcomes in a row that were down, not down, up, not up;
            counted up to ten.
        turned_at: when the row of downs, or of answers, began.
        recovered_at: when it was last believed to be back.
        flapping: it fell again soon after a recovery, so its next one has to last.
    """

    health: Health = Health.PENDING
    since: datetime
    downs: int = 0
    answers: int = 0
    ups: int = 0
    not_ups: int = 0
    turned_at: datetime | None = None
    recovered_at: datetime | None = None
    flapping: bool = False

    @property
    def suspect(self) -> bool:
        """Whether it has failed, and is not believed to be down yet."""
        return self.downs > 0 and self.health is not Health.DOWN


class Step(NamedTuple):
    """What an outcome did.

    Attributes:
        before: what was believed until now, where that has changed.
        recheck: whether to look again soon, since the outcome is not what is believed.
        counted: whether it brought a change nearer, or pushed it away.
    """

    watch: Watch
    before: Health | None
    recheck: bool
    counted: bool


def advance(
    watch: Watch,
    status: Status,
    at: datetime,
    thresholds: Thresholds,
    *,
    schedule: Schedule,
    believable: bool = True,
) -> Step:
    """What is believed after one more outcome.

    Args:
        at: when the check began.
        schedule: of its checks; falling again within ten of them is flapping.
        believable: whether down may be believed now; if not, it is looked at again.
    """
    if status is Status.UNKNOWN:
        if watch.health is Health.PENDING:
            unknown = replace(watch, health=Health.UNKNOWN, since=at)
            return Step(unknown, Health.PENDING, recheck=False, counted=False)
        return Step(watch, None, recheck=False, counted=False)
    counted = _counted(watch, status, at)
    health = _believed(counted, status, thresholds, believable=believable)
    against = health.value != status.value
    moved = counted.health is not health
    if not moved:
        nearer = against or (watch.health is Health.DOWN and watch.answers > 0)
        return Step(counted, None, recheck=against, counted=nearer)
    # The change is as old as the first outcome that told of it.
    gone_over = Health.DOWN in {health, counted.health}
    since = (counted.turned_at or at) if gone_over else at
    after = replace(counted, health=health, since=max(since, watch.since))
    if health is Health.DOWN:
        after = replace(after, flapping=_fell_again(watch, after.since, schedule.period(at)))
    elif watch.health is Health.DOWN:
        after = replace(after, recovered_at=at, flapping=False)
    return Step(after, watch.health, recheck=against, counted=True)


def _counted(watch: Watch, status: Status, at: datetime) -> Watch:
    down, up = status is Status.DOWN, status is Status.UP
    turned = (down and not watch.downs) or (not down and not watch.answers)
    downs, answers = _more(watch.downs, yes=down), _more(watch.answers, yes=not down)
    ups, not_ups = _more(watch.ups, yes=up), _more(watch.not_ups, yes=not up)
    if not turned and (downs, answers, ups, not_ups) == (
        watch.downs, watch.answers, watch.ups, watch.not_ups,
    ):  # fmt: skip
        # The very same, so that nobody writes it down again.
        return watch
    return replace(
        watch,
        downs=downs,
        answers=answers,
        ups=ups,
        not_ups=not_ups,
        turned_at=at if turned else watch.turned_at,
    )


def _more(count: int, *, yes: bool) -> int:
    return min(count + 1, MOST_COUNTED) if yes else 0


def _believed(watch: Watch, status: Status, limits: Thresholds, *, believable: bool) -> Health:
    if status is Status.DOWN:
        return Health.DOWN if watch.downs >= limits.down_after and believable else watch.health
    seen = Health(status.value)
    if watch.health is Health.DOWN:
        needed = max(limits.up_after, _STEADY) if watch.flapping else limits.up_after
        return seen if watch.answers >= needed else Health.DOWN
    if watch.health in {Health.PENDING, Health.UNKNOWN}:
        return seen
    if seen is Health.UP:
        return seen if watch.ups >= limits.up_after else watch.health
    return seen if watch.not_ups >= limits.down_after else watch.health


def _fell_again(watch: Watch, fell_at: datetime, period: timedelta) -> bool:
    if watch.recovered_at is None:
        return False
    window = min(max(period * _FLAP_INTERVALS, _FLAP_SHORTEST), _FLAP_LONGEST)
    return fell_at - watch.recovered_at < window
