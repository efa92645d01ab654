"""Comparisons as they are answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from app.api.figures import AS_IS, TO_MS, TO_US, IntervalOut
from app.domain.batch import RunStatus
from app.domain.comparison import (
    Metric,
    Summary,
    order,
)
from app.domain.disagreement import DISAGREEMENTS_SHOWN
from app.domain.fidelity import Pace, Verdict
from app.reports import environment
from app.services.comparisons import Report
from checkers import ClientName, Status, StrategyName


class ProgressOut(BaseModel):
    """Checks done, of all that the rounds and the warm-up will make."""

    done: int
    total: int


class ContenderLatencyOut(BaseModel):
    """Medians over the rounds of each percentile, in milliseconds."""

    p50: IntervalOut | None
    p95: IntervalOut | None
    p99: IntervalOut | None


class ContenderOut(BaseModel):
    """What one contender came to over its rounds; the warm-up is in no figure."""

    label: str
    size: int
    strategy: StrategyName
    client: ClientName
    concurrency: int
    pace: Pace
    batches: list[str]
    wall_ms: IntervalOut | None
    setup_ms: IntervalOut | None
    checks_per_second: IntervalOut | None
    cpu_us_per_check: IntervalOut | None
    peak_rss_bytes: IntervalOut | None
    latency_ms: ContenderLatencyOut
    excess_latency_ms: None
    fidelity: Mapping[Verdict, int] = Field(description="How many rounds had which verdict.")
    counts: Mapping[Status, int]

    @classmethod
    def of(cls, summary: Summary, size: int) -> "ContenderOut":
        contender = summary.contender
        return cls(
            label=contender.label,
            size=size,
            strategy=contender.strategy,
            client=contender.client,
            concurrency=contender.concurrency,
            pace=contender.pace,
            batches=list(summary.figures.batches),
            wall_ms=IntervalOut.of(summary.figures.wall, TO_MS),
            setup_ms=IntervalOut.of(summary.figures.setup, TO_MS),
            checks_per_second=IntervalOut.of(summary.figures.checks_per_second, AS_IS),
            cpu_us_per_check=IntervalOut.of(summary.figures.cpu_per_check, TO_US),
            peak_rss_bytes=IntervalOut.of(summary.figures.peak_rss_bytes, AS_IS),
            latency_ms=ContenderLatencyOut(
                p50=IntervalOut.of(summary.figures.latency_p50, TO_MS),
                p95=IntervalOut.of(summary.figures.latency_p95, TO_MS),
                p99=IntervalOut.of(summary.figures.latency_p99, TO_MS),
            ),
            excess_latency_ms=None,
            fidelity=summary.figures.fidelity,
            counts=summary.figures.counts,
        )


class PairOut(BaseModel):
    """Two contenders by one metric: ratio is b ÷ a, the geometric mean over the rounds.

    Interval and significance are null until a later version computes them.
    """

    a: str
    b: str
    size: int
    metric: Metric
    ratio: float
    low: None = None
    high: None = None
    significant: None = None
    rounds_to_settle: None = None


class DisagreementOut(BaseModel):
    """A target of which the contenders say different things."""

    seq: int
    url: str
    verdicts: Mapping[str, str]


class RecommendationOut(BaseModel):
    """Who won what; `label` stays null until the differences are known to be real."""

    label: None = None
    fastest: str | None
    cheapest: str | None
    most_truthful: None = None
    because: list[str]


class ComparisonOut(BaseModel):
    """A comparison with everything its rounds have shown so far."""

    id: str
    name: str | None
    labels: Mapping[str, str]
    status: RunStatus
    error: str | None
    baseline: str | None
    rounds: int
    seed: int
    order: list[list[str]]
    pace: Pace
    per_host: int
    progress: ProgressOut
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    contenders: list[ContenderOut]
    pairs: list[PairOut]
    effects: list[dict[str, Any]]
    disagreements: list[DisagreementOut]
    disagreements_total: int
    unstable: list[int]
    recommendation: RecommendationOut
    environment: environment.Environment
    links: dict[str, str]

    @classmethod
    def of(cls, report: Report) -> "ComparisonOut":
        comparison = report.comparison
        here = f"/api/v1/comparisons/{comparison.id}"
        labels = [contender.label for contender in comparison.contenders]
        size = comparison.total
        everything = size * len(labels) * (comparison.rounds + 1)
        return cls(
            id=comparison.id,
            name=comparison.name,
            labels=comparison.labels,
            status=comparison.status,
            error=comparison.error,
            baseline=comparison.baseline,
            rounds=comparison.rounds,
            seed=comparison.seed,
            order=order(labels, comparison.rounds, comparison.seed),
            pace=comparison.pace,
            per_host=comparison.per_host,
            progress=ProgressOut(done=report.done, total=everything),
            created_at=comparison.created_at,
            started_at=comparison.started_at,
            finished_at=comparison.finished_at,
            contenders=[ContenderOut.of(summary, size) for summary in report.summaries],
            pairs=[
                PairOut(
                    a=pair.a,
                    b=pair.b,
                    size=size,
                    metric=pair.metric,
                    ratio=round(pair.ratio, 4),
                )
                for pair in report.pairs
            ],
            effects=[],
            disagreements=[
                DisagreementOut(seq=d.seq, url=d.url, verdicts=d.verdicts)
                for d in report.disagreements[:DISAGREEMENTS_SHOWN]
            ],
            disagreements_total=len(report.disagreements),
            unstable=list(report.unstable),
            recommendation=RecommendationOut(
                fastest=report.recommendation.fastest,
                cheapest=report.recommendation.cheapest,
                because=list(report.recommendation.because),
            ),
            environment=environment.describe(),
            links={
                "self": here,
                "report": f"{here}/report",
                "page": f"/comparisons/{comparison.id}",
            },
        )


class ComparisonPage(BaseModel):
    """Comparisons, newest first."""

    items: list[ComparisonOut]
    next_cursor: str | None
