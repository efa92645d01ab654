"""Uptime, latency and objectives of a monitor as they are answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field

from app.api.figures import PercentilesOut, percentiles_out
from app.domain.histogram import RELATIVE_ERROR, Histogram
from app.domain.incident import Incident, mean_time_to_recovery
from app.domain.monitor import MonitorStatus, Slo
from app.domain.resolution import Resolution, Source
from app.domain.slo import Budget
from app.domain.uptime import Span, Uptime
from app.storage.counts import Counted
from app.storage.latencies import Point
from checkers import Status

_DIGITS: Final = 6


class UptimeOut(BaseModel):
    """How long a monitor was what, within a window.

    `ratio` is up and degraded over what is known: up, degraded and down. The seconds of all
    statuses sum to the window's.
    """

    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    ratio: float | None
    seconds: dict[MonitorStatus, float]
    checks: int
    counts: dict[Status, int] = Field(description="Checks by status.")
    missed: int = Field(description="Turns in which no check was made.")
    incidents: int
    mttr_seconds: float | None = Field(description="Mean time from first failure to recovery.")

    @classmethod
    def of(
        cls,
        window: Span,
        found: Uptime,
        counted: Counted,
        incidents: Sequence[Incident],
    ) -> "UptimeOut":
        mttr = mttr_of(incidents)
        return cls(
            since=window.since,
            until=window.until,
            ratio=rounded(found.ratio),
            seconds={status: round(value, 3) for status, value in found.seconds.items()},
            checks=counted.checks,
            counts={status: counted.statuses[status.value] for status in Status},
            missed=counted.missed,
            incidents=len(incidents),
            mttr_seconds=None if mttr is None else round(mttr, 3),
        )


class PointOut(BaseModel):
    """The checks that began within one step and were answered; milliseconds."""

    at: datetime
    n: int
    p50: float
    p95: float
    p99: float
    phases_ms: dict[str, PercentilesOut] = Field(
        description="Of phases that happened; days keep the total only."
    )

    @classmethod
    def of(cls, point: Point) -> "PointOut":
        total = percentiles_of(point.total)
        assert total is not None
        phases = {
            name: told
            for name, each in point.phases.items()
            if (told := percentiles_of(each)) is not None
        }
        return cls(
            at=point.at, n=len(point.total), p50=total.p50, p95=total.p95, p99=total.p99,
            phases_ms=phases,
        )  # fmt: skip


class LatencyPointsOut(BaseModel):
    """Latency in milliseconds through a window; steps in which nothing was answered are left out.

    Percentiles are nearest-rank over checks with an HTTP status, told by the middle of buckets
    that are at most `relative_error` of the value away from it.
    """

    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    step_seconds: float
    source: Source = Field(description="What the points are made of.")
    relative_error: float
    n: int
    total_ms: PercentilesOut | None = Field(description="Of the whole window.")
    points: list[PointOut]

    @classmethod
    def of(
        cls, window: Span, resolution: Resolution, whole: Histogram, points: Sequence[Point]
    ) -> "LatencyPointsOut":
        return cls(
            since=window.since,
            until=window.until,
            step_seconds=resolution.step.total_seconds(),
            source=resolution.source,
            relative_error=RELATIVE_ERROR,
            n=len(whole),
            total_ms=percentiles_of(whole),
            points=[PointOut.of(point) for point in points],
        )


class BudgetOut(BaseModel):
    """The error budget: what may be down, of the time of which something is known."""

    allowed_seconds: float
    spent_seconds: float
    left_seconds: float = Field(description="Below nought once it is overdrawn.")
    left_ratio: float | None


class SloReportOut(BaseModel):
    """How a monitor stands to its objective."""

    target: float
    window: str
    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    ratio: float | None
    met: bool | None
    budget: BudgetOut
    burn_rates: dict[str, float | None] = Field(
        description="By window: how many times as fast as allowed the budget is used up."
    )
    incidents: int
    mttr_seconds: float | None

    @classmethod
    def of(
        cls,
        slo: Slo,
        window: Span,
        found: Budget,
        burning: dict[str, float | None],
        incidents: Sequence[Incident],
    ) -> "SloReportOut":
        mttr = mttr_of(incidents)
        return cls(
            target=slo.target,
            window=slo.window,
            since=window.since,
            until=window.until,
            ratio=rounded(found.ratio),
            met=found.met,
            budget=BudgetOut(
                allowed_seconds=round(found.allowed, 3),
                spent_seconds=round(found.spent, 3),
                left_seconds=round(found.left, 3),
                left_ratio=rounded(found.left_ratio),
            ),
            burn_rates={name: rounded(rate) for name, rate in burning.items()},
            incidents=len(incidents),
            mttr_seconds=None if mttr is None else round(mttr, 3),
        )


def percentiles_of(histogram: Histogram) -> PercentilesOut | None:
    """Percentiles of a histogram as they are answered."""
    found = histogram.percentiles()
    return None if found is None else percentiles_out(found)


def rounded(ratio: float | None) -> float | None:
    """A ratio as it is answered."""
    return None if ratio is None else round(ratio, _DIGITS)


def mttr_of(incidents: Sequence[Incident]) -> float | None:
    """Mean seconds from the first failure to the recovery, of the incidents that are over."""
    return mean_time_to_recovery(
        [each.lasted(each.resolved_at) for each in incidents if each.resolved_at is not None]
    )
