"""Contenders as they are answered: what each came to."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field

from app.api.figures import AS_IS, TO_MS, TO_US, IntervalOut, Spread
from app.domain.comparison import Summary
from app.domain.evidence import Spread as Latencies
from app.domain.fidelity import Pace, Verdict
from app.domain.run_figures import RunFigures
from checkers import ClientName, Status, StrategyName


class ContenderLatencyOut(BaseModel):
    """The typical value over the rounds of each percentile, in milliseconds."""

    p50: IntervalOut | None
    p95: IntervalOut | None
    p99: IntervalOut | None

    @classmethod
    def of(cls, figures: RunFigures) -> Self:
        return cls(
            p50=IntervalOut.of(figures.latency_p50, TO_MS),
            p95=IntervalOut.of(figures.latency_p95, TO_MS),
            p99=IntervalOut.of(figures.latency_p99, TO_MS),
        )


class DifferenceOut(BaseModel):
    """Percentiles over all measured rounds, in milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, p50: float | None, p99: float | None) -> Self | None:
        if p50 is None or p99 is None:
            return None
        return cls(p50=round(p50 * 1e3, 3), p99=round(p99 * 1e3, 3))


class BoundOut(BaseModel):
    """The typical value over the rounds of each percentile, in milliseconds."""

    p50: IntervalOut | None
    p99: IntervalOut | None

    @classmethod
    def of(cls, figures: RunFigures) -> Self:
        return cls(
            p50=IntervalOut.of(figures.bound_p50, TO_MS),
            p99=IntervalOut.of(figures.bound_p99, TO_MS),
        )


class ContenderOut(BaseModel):
    """What one contender came to over its rounds at one size; the warm-up is in no figure."""

    label: str
    size: int
    strategy: StrategyName
    client: ClientName | None
    concurrency: int
    pace: Pace
    batches: list[str]
    wall_ms: IntervalOut | None
    setup_ms: IntervalOut | None
    checks_per_second: IntervalOut | None
    cpu_us_per_check: IntervalOut | None
    peak_rss_bytes: IntervalOut | None
    latency_ms: ContenderLatencyOut
    phases_ms: dict[str, IntervalOut] = Field(description="The typical median of each phase.")
    excess_latency_ms: DifferenceOut | None = Field(
        description="How much longer it told a latency than the sequential contender with the "
        "same client did, for the same target in the same round; null without one."
    )
    error_bound_ms: BoundOut = Field(
        description="How much of its latencies may be this machine's own."
    )
    fidelity: Mapping[Verdict, int] = Field(description="How many rounds had which verdict.")
    counts: Mapping[Status, int]

    @classmethod
    def of(cls, summary: Summary, spread: Latencies | None, **more: Any) -> Self:
        contender, figures = summary.contender, summary.figures
        return cls(
            label=contender.label,
            size=summary.size,
            strategy=contender.strategy,
            client=contender.client,
            concurrency=contender.concurrency,
            pace=contender.pace,
            batches=list(figures.batches),
            wall_ms=IntervalOut.of(figures.wall, TO_MS),
            setup_ms=IntervalOut.of(figures.setup, TO_MS),
            checks_per_second=IntervalOut.of(figures.checks_per_second, AS_IS),
            cpu_us_per_check=IntervalOut.of(figures.cpu_per_check, TO_US),
            peak_rss_bytes=IntervalOut.of(figures.peak_rss_bytes, AS_IS),
            latency_ms=ContenderLatencyOut.of(figures),
            phases_ms=_intervals(figures.phases, TO_MS),
            excess_latency_ms=None
            if spread is None
            else DifferenceOut.of(spread.excess_p50, spread.excess_p99),
            error_bound_ms=BoundOut.of(figures),
            fidelity=figures.fidelity,
            counts=figures.counts,
            **more,
        )


def _intervals(values: Mapping[str, Any], spread: Spread) -> dict[str, IntervalOut]:
    shown = {name: IntervalOut.of(value, spread) for name, value in values.items()}
    return {name: interval for name, interval in shown.items() if interval is not None}
