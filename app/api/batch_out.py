"""Batches as they are answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.api.figures import (
    LatencyOut,
    PercentilesOut,
    latency_out,
    percentiles_out,
)
from app.domain.batch import Basis, Batch, Callback, CallbackStatus, Choice, RunStatus
from app.domain.fidelity import Fidelity, Pace, Verdict
from app.domain.run_figures import checks_per_second, cpu_per_check
from app.reports.units import milliseconds
from checkers import ClientName, Reason, Status, StrategyName
from checkers.timing import PHASE_NAMES


class SwitchesOut(BaseModel):
    """Context switches."""

    voluntary: int
    involuntary: int


class CostOut(BaseModel):
    """What the run's processes used."""

    cpu_ms: float
    cpu_us_per_check: float | None
    peak_rss_bytes: int
    context_switches: SwitchesOut


class LagOut(BaseModel):
    """How late our own timers came, in milliseconds."""

    p50: float
    p99: float
    max: float


class FidelityOut(BaseModel):
    """What coloured the latencies of a run, if anything did."""

    lag_ms: LagOut | None = Field(description="Null where the run was too short to measure it.")
    verdict: Verdict
    detail: str = Field(description="A sentence for people.")

    @classmethod
    def of(cls, fidelity: Fidelity) -> "FidelityOut":
        lag = fidelity.lag
        return cls(
            lag_ms=None
            if lag is None
            else LagOut(
                p50=round(lag.p50 * 1e3, 3),
                p99=round(lag.p99 * 1e3, 3),
                max=round(lag.maximum * 1e3, 3),
            ),
            verdict=fidelity.verdict,
            detail=fidelity.detail,
        )


class CallbackOut(BaseModel):
    """Who is told that the batch has ended, and whether that has happened."""

    url: str
    status: CallbackStatus
    tries: int
    error: str | None = Field(description="How the last try failed.")

    @classmethod
    def of(cls, callback: Callback) -> "CallbackOut":
        return cls(
            url=callback.url,
            status=callback.status,
            tries=callback.tries,
            error=callback.error,
        )


class ChoiceOut(BaseModel):
    """Why `auto` chose what it chose."""

    basis: Basis
    because: list[str]
    runs: list[str] = Field(description="The runs it rests on.")

    @classmethod
    def of(cls, choice: Choice) -> "ChoiceOut":
        return cls(basis=choice.basis, because=list(choice.because), runs=list(choice.runs))


class BatchOut(BaseModel):
    """A batch as it stands."""

    id: str
    name: str | None
    labels: Mapping[str, str]
    status: RunStatus
    strategy: StrategyName
    client: ClientName
    concurrency: int
    per_host: int
    pace: Pace
    engine: Literal["local"]
    total: int
    done: int
    counts: Mapping[Status, int]
    reasons: Mapping[Reason, int]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    setup_ms: float | None
    wall_ms: float | None
    checks_per_second: float | None
    latency_ms: LatencyOut | None
    phases_ms: dict[str, PercentilesOut | None]
    cost: CostOut | None
    fidelity: FidelityOut | None = Field(
        description="How far the latencies can be believed; null until the run has ended, and "
        "where it was interrupted."
    )
    interruptions: int
    error: str | None
    callback: CallbackOut | None
    auto: ChoiceOut | None = Field(
        description="Why it has its strategy, where that was left to us."
    )
    comparison: str | None = Field(description="The comparison whose round this is, if it is one.")
    links: dict[str, str]

    @classmethod
    def of(cls, batch: Batch) -> "BatchOut":
        here = f"/api/v1/batches/{batch.id}"
        per_second = checks_per_second(batch)
        return cls(
            id=batch.id,
            name=batch.name,
            labels=batch.labels,
            status=batch.status,
            strategy=batch.strategy,
            client=batch.client,
            concurrency=batch.concurrency,
            per_host=batch.per_host,
            pace=batch.pace,
            engine="local",
            total=batch.total,
            done=batch.done,
            counts=batch.counts,
            reasons=batch.reasons,
            created_at=batch.created_at,
            started_at=batch.started_at,
            finished_at=batch.finished_at,
            setup_ms=milliseconds(batch.setup),
            wall_ms=milliseconds(batch.wall),
            checks_per_second=None if per_second is None else round(per_second, 3),
            latency_ms=latency_out(batch.latency),
            phases_ms={
                phase: percentiles_out(batch.phases[phase]) if phase in batch.phases else None
                for phase in PHASE_NAMES
            },
            cost=_cost_out(batch),
            fidelity=None if batch.fidelity is None else FidelityOut.of(batch.fidelity),
            interruptions=batch.interruptions,
            error=batch.error,
            callback=None if batch.callback is None else CallbackOut.of(batch.callback),
            auto=None if batch.choice is None else ChoiceOut.of(batch.choice),
            comparison=batch.comparison_id,
            links={
                "self": here,
                "outcomes": f"{here}/outcomes",
                "targets": f"{here}/targets",
                "events": f"{here}/events",
                "rerun": f"{here}/rerun",
            },
        )


class BatchPage(BaseModel):
    """Batches, newest first."""

    items: list[BatchOut]
    next_cursor: str | None


def _cost_out(batch: Batch) -> CostOut | None:
    cost, each = batch.cost, cpu_per_check(batch)
    if cost is None:
        return None
    return CostOut(
        cpu_ms=round(cost.cpu * 1e3, 3),
        cpu_us_per_check=None if each is None else round(each * 1e6, 1),
        peak_rss_bytes=cost.peak_rss_bytes,
        context_switches=SwitchesOut(
            voluntary=cost.voluntary_switches, involuntary=cost.involuntary_switches
        ),
    )
