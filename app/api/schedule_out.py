"""Schedules as they are answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from app.domain.batch import BatchDraft
from app.domain.comparison import ComparisonDraft, Contender
from app.domain.fidelity import Pace
from app.domain.plan import Kind, Made, Plan
from checkers import ClientName, StrategyName

_AUTO = "auto"


class MadeOut(BaseModel):
    """What was made last, and when."""

    id: str
    at: datetime

    @classmethod
    def of(cls, made: Made) -> Self:
        return cls(id=made.id, at=made.at)


class RecurringBatchOut(BaseModel):
    """The batch that is made each time."""

    name: str | None
    labels: Mapping[str, str]
    strategy: str = Field(description="auto: chosen anew each time.")
    client: ClientName | None
    concurrency: int | None
    per_host: int
    pace: Pace
    callback_url: str | None

    @classmethod
    def of(cls, draft: BatchDraft) -> Self:
        left = draft.left_to_us
        return cls(
            name=draft.name,
            labels=draft.labels,
            strategy=draft.strategy.value if left is None else _AUTO,
            client=draft.client if left is None else left.client,
            concurrency=draft.concurrency if left is None else left.concurrency,
            per_host=draft.per_host,
            pace=draft.pace,
            callback_url=draft.callback_url,
        )


class RecurringContenderOut(BaseModel):
    """One of those that are compared."""

    label: str
    strategy: StrategyName
    client: ClientName | None
    concurrency: int
    pace: Pace

    @classmethod
    def of(cls, contender: Contender) -> Self:
        return cls(
            label=contender.label,
            strategy=contender.strategy,
            client=contender.client,
            concurrency=contender.concurrency,
            pace=contender.pace,
        )


class RecurringComparisonOut(BaseModel):
    """The comparison that is made each time."""

    name: str | None
    labels: Mapping[str, str]
    contenders: list[RecurringContenderOut]
    scale: list[int]
    baseline: str | None
    rounds: int
    per_host: int
    pace: Pace

    @classmethod
    def of(cls, draft: ComparisonDraft) -> Self:
        return cls(
            name=draft.name,
            labels=draft.labels,
            contenders=[RecurringContenderOut.of(contender) for contender in draft.contenders],
            scale=list(draft.sizes),
            baseline=draft.baseline,
            rounds=draft.rounds,
            per_host=draft.per_host,
            pace=draft.pace,
        )


class ScheduleOut(BaseModel):
    """A schedule as it stands; what it makes, without its targets."""

    id: str
    name: str | None
    interval_seconds: float | None
    cron: str | None
    timezone: str
    kind: Kind
    batch: RecurringBatchOut | None
    comparison: RecurringComparisonOut | None
    total: int = Field(description="How many targets there are.")
    keep: int
    enabled: bool
    next_due_at: datetime | None = Field(description="Null while it is paused.")
    last: MadeOut | None = Field(description="The batch or comparison that was made last.")
    missed: int = Field(description="Turns in which nothing was made.")
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, plan: Plan) -> Self:
        work = plan.work
        return cls(
            id=plan.id,
            name=plan.name,
            interval_seconds=plan.schedule.interval,
            cron=plan.schedule.cron,
            timezone=plan.schedule.timezone,
            kind=plan.kind,
            batch=RecurringBatchOut.of(work) if isinstance(work, BatchDraft) else None,
            comparison=RecurringComparisonOut.of(work)
            if isinstance(work, ComparisonDraft)
            else None,
            total=plan.total,
            keep=plan.keep,
            enabled=plan.enabled,
            next_due_at=plan.next_due_at,
            last=None if plan.last is None else MadeOut.of(plan.last),
            missed=plan.missed,
            created_at=plan.created_at,
            links=_links(plan),
        )


class SchedulePage(BaseModel):
    """Schedules, newest first."""

    items: list[ScheduleOut]
    next_cursor: str | None


def _links(plan: Plan) -> dict[str, str]:
    here = f"/api/v1/schedules/{plan.id}"
    links = {"self": here, "run": f"{here}/run"}
    if plan.last is not None:
        collection = "batches" if plan.kind is Kind.BATCH else "comparisons"
        links["last"] = f"/api/v1/{collection}/{plan.last.id}"
    return links
