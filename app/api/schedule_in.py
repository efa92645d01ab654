"""Schedules as they are asked for: when, and what is made each time."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, Field

from app.api.asked import Asked, Faults
from app.api.batch_in import BatchIn, drafted
from app.api.comparisons import ComparisonIn
from app.api.listed import Name
from app.api.recurring import Cron, Timezone, schedule_of
from app.api.targets import seconds_of
from app.domain.errors import FieldError, Invalid
from app.domain.plan import (
    DEFAULT_KEEP,
    MAX_KEEP,
    MIN_INTERVAL_SECONDS,
    Kind,
    Plan,
    PlanDraft,
    Work,
)
from app.domain.schedule import MAX_INTERVAL_SECONDS, Schedule

T = TypeVar("T")

_UTC: Final = "UTC"
_Interval = Annotated[
    float,
    BeforeValidator(seconds_of, json_schema_input_type=float | str),
    Field(ge=MIN_INTERVAL_SECONDS, le=MAX_INTERVAL_SECONDS),
]
_Keep = Annotated[
    int, Field(ge=1, le=MAX_KEEP, description="So many that have ended are kept; the newest.")
]


class ScheduleIn(Asked):
    """A batch or a comparison that is to be made again and again."""

    name: Name | None = None
    interval_seconds: _Interval | None = Field(default=None, description="Or cron.")
    cron: Cron | None = None
    timezone: Timezone = _UTC
    batch: BatchIn | None = Field(default=None, description="Or comparison.")
    comparison: ComparisonIn | None = None
    keep: _Keep = DEFAULT_KEEP
    enabled: bool = True

    def draft(self, now: datetime) -> PlanDraft:
        """The plan, complete; raises `Invalid`."""
        faults = Faults()
        schedule = schedule_of(self.interval_seconds, self.cron, self.timezone, now, faults)
        if (self.batch is None) == (self.comparison is None):
            faults.invalid(("batch",), "one of batch and comparison has to be given, not both")
        work = work_of(self.batch, self.comparison, faults)
        if schedule is None or work is None or faults:
            raise faults.error()
        return PlanDraft(
            name=self.name, schedule=schedule, work=work, keep=self.keep, enabled=self.enabled
        )


class SchedulePatch(Asked):
    """What is to be different (RFC 7396): null is the default; batch and comparison are whole."""

    name: Name | None = None
    interval_seconds: _Interval | None = Field(default=None, description="Takes cron's place.")
    cron: Cron | None = Field(default=None, description="Takes the interval's place.")
    timezone: Timezone | None = None
    batch: BatchIn | None = Field(default=None, description="In place of the one there is.")
    comparison: ComparisonIn | None = Field(
        default=None, description="In place of the one there is."
    )
    keep: _Keep | None = None
    enabled: bool | None = None

    def merging(self, now: datetime) -> Callable[[Plan], PlanDraft]:
        """What a plan becomes with these changes; both raise `Invalid`.

        Its work has no targets where it stays as it is.
        """
        faults = Faults()
        work = work_of(self.batch, self.comparison, faults)
        if faults:
            raise faults.error()
        return lambda plan: self._merged(plan, work, now)

    def _merged(self, plan: Plan, work: Work | None, now: datetime) -> PlanDraft:
        faults = Faults()
        schedule = self._schedule(plan.schedule, now, faults)
        for kind in Kind:
            if kind.value in self.model_fields_set and (
                kind is not plan.kind or getattr(self, kind.value) is None
            ):
                told = f"this schedule makes a {plan.kind.value} each time, and goes on to"
                faults.invalid((kind.value,), told)
        if schedule is None or faults:
            raise faults.error()
        return PlanDraft(
            name=self._merge("name", plan.name, None),
            schedule=schedule,
            work=plan.work if work is None else work,
            keep=self._merge("keep", plan.keep, DEFAULT_KEEP),
            enabled=self._merge("enabled", plan.enabled, True),
        )

    def _schedule(self, before: Schedule, now: datetime, faults: Faults) -> Schedule | None:
        interval = self._merge("interval_seconds", before.interval, None)
        cron = self._merge("cron", before.cron, None)
        # Who gives one of the two means it to take the other's place.
        if self.cron is not None and "interval_seconds" not in self.model_fields_set:
            interval = None
        if self.interval_seconds is not None and "cron" not in self.model_fields_set:
            cron = None
        timezone = self._merge("timezone", before.timezone, _UTC)
        return schedule_of(interval, cron, timezone, now, faults)

    def _merge(self, name: str, before: T, default: T) -> T:
        if name not in self.model_fields_set:
            return before
        given: T | None = getattr(self, name)
        return default if given is None else given


def work_of(batch: BatchIn | None, comparison: ComparisonIn | None, faults: Faults) -> Work | None:
    """What is to be made; what is wrong with it is told where it lies."""
    if batch is not None:
        return _below(Kind.BATCH, lambda: drafted(batch), faults)
    if comparison is not None:
        return _below(Kind.COMPARISON, comparison.draft, faults)
    return None


def _below(kind: Kind, make: Callable[[], T], faults: Faults) -> T | None:
    try:
        return make()
    except Invalid as error:
        for pointer, detail in error.errors or [FieldError("", error.detail)]:
            faults.at(f"/{kind.value}{pointer}", detail)
        return None
