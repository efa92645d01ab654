"""A plan: a list that is checked, or strategies that are compared, again and again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from app.domain.batch import BatchDraft
from app.domain.comparison import ComparisonDraft
from app.domain.schedule import Schedule

#: A list is not checked again sooner than this.
MIN_INTERVAL_SECONDS: Final = 10.0
DEFAULT_KEEP: Final = 30
MAX_KEEP: Final = 10_000

Work = BatchDraft | ComparisonDraft


class Kind(StrEnum):
    """What a plan makes."""

    BATCH = "batch"
    COMPARISON = "comparison"


def kind_of(work: Work) -> Kind:
    """What a draft is a draft of."""
    return Kind.BATCH if isinstance(work, BatchDraft) else Kind.COMPARISON


class Made(NamedTuple):
    """What a plan made, and when."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDraft:
    """A plan as it was asked for.

    Attributes:
        work: what is made at each turn.
        keep: so many of those that have ended are kept.
    """

    name: str | None = None
    schedule: Schedule
    work: Work
    keep: int = DEFAULT_KEEP
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan as it stands.

    Attributes:
        work: what is made at each turn, without its targets.
        total: how many targets it has.
        next_due_at: its next turn; `None` while it is paused.
        missed: turns in which nothing was made, since there is the plan.
    """

    id: str
    name: str | None
    schedule: Schedule
    work: Work
    total: int
    keep: int
    enabled: bool
    next_due_at: datetime | None
    last: Made | None
    missed: int
    created_at: datetime

    @property
    def kind(self) -> Kind:
        return kind_of(self.work)
