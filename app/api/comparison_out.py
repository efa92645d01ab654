"""Comparisons as they are answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from app.api.contender_out import ContenderOut
from app.domain.batch import RunStatus
from app.domain.comparison import order
from app.domain.contrasts import Effect, Metric, Pair
from app.domain.fidelity import Pace
from app.domain.recommendation import Recommendation
from app.engine.machine import this_machine
from app.services.reports import Report

_RATIO_DIGITS = 4


class ProgressOut(BaseModel):
    """Checks done, of all that the rounds and the warm-up will make."""

    done: int
    total: int


class PairOut(BaseModel):
    """Two contenders by one metric: ratio is b ÷ a, the geometric mean over the rounds.

    `low` and `high` are its 95 % interval (Student's t on the logarithms, paired by round).
    """

    a: str
    b: str
    size: int
    metric: Metric
    ratio: float
    low: float | None
    high: float | None
    significant: bool | None = Field(
        description="Whether a difference is shown: above 2 %, with Holm's correction over all "
        "pairs of the metric; null under five rounds."
    )
    rounds_to_settle: int | None = Field(
        description="About how many rounds would show the difference, or that it is under 2 %; "
        "null where that is settled."
    )

    @classmethod
    def of(cls, pair: Pair) -> Self:
        return cls(
            a=pair.a,
            b=pair.b,
            size=pair.size,
            metric=pair.metric,
            ratio=round(pair.ratio, _RATIO_DIGITS),
            low=_rounded(pair.low),
            high=_rounded(pair.high),
            significant=pair.significant,
            rounds_to_settle=pair.rounds_to_settle,
        )


class EffectOut(BaseModel):
    """What changing one thing does while the others are held still: a ratio, with its interval."""

    factor: str
    from_: str = Field(serialization_alias="from")
    to: str
    holding: dict[str, str]
    metric: Metric
    ratio: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, effect: Effect) -> Self:
        return cls(
            factor=effect.factor,
            from_=effect.start,
            to=effect.to,
            holding=dict(effect.holding),
            metric=effect.metric,
            ratio=round(effect.ratio, _RATIO_DIGITS),
            low=_rounded(effect.low),
            high=_rounded(effect.high),
        )


class DisagreementOut(BaseModel):
    """A target of which the contenders say different things."""

    seq: int
    url: str
    verdicts: Mapping[str, str]


class RecommendationOut(BaseModel):
    """Who won what, and why; `label` is null while no difference is shown that decides it."""

    label: str | None
    fastest: str | None
    cheapest: str | None
    most_truthful: str | None
    because: list[str]

    @classmethod
    def of(cls, found: Recommendation) -> Self:
        return cls(
            label=found.label,
            fastest=found.fastest,
            cheapest=found.cheapest,
            most_truthful=found.most_truthful,
            because=list(found.because),
        )


class EnvironmentOut(BaseModel):
    """What was measured on."""

    python: str
    cores: int
    platform: str
    versions: dict[str, str]


class SideBySideOut(BaseModel):
    """What a comparison and an experiment have in common."""

    id: str
    name: str | None
    labels: Mapping[str, str]
    status: RunStatus
    error: str | None
    baseline: str | None
    rounds: int
    seed: int
    order: list[list[str]]
    progress: ProgressOut
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    pairs: list[PairOut]
    effects: list[EffectOut]
    disagreements: list[DisagreementOut]
    disagreements_total: int
    unstable: list[int]
    recommendation: RecommendationOut
    environment: EnvironmentOut
    links: dict[str, str]


class ComparisonOut(SideBySideOut):
    """A comparison with everything its rounds have shown so far."""

    pace: Pace
    per_host: int
    scale: list[int] = Field(description="How many targets, each size measured in every round.")
    contenders: list[ContenderOut]

    @classmethod
    def of(cls, report: Report) -> Self:
        comparison = report.comparison
        spreads = {(spread.label, spread.size): spread for spread in report.evidence.spreads}
        return cls(
            **side_by_side(report, "comparisons"),
            pace=comparison.pace,
            per_host=comparison.per_host,
            scale=list(comparison.sizes),
            contenders=[
                ContenderOut.of(summary, spreads.get((summary.contender.label, summary.size)))
                for summary in report.summaries
            ],
        )


class ComparisonPage(BaseModel):
    """Comparisons, newest first."""

    items: list[ComparisonOut]
    next_cursor: str | None


def side_by_side(report: Report, kind: str) -> dict[str, Any]:
    """The fields of `SideBySideOut`."""
    comparison, evidence = report.comparison, report.evidence
    here = f"/api/v1/{kind}/{comparison.id}"
    machine = comparison.machine or this_machine()
    return {
        "id": comparison.id,
        "name": comparison.name,
        "labels": comparison.labels,
        "status": comparison.status,
        "error": comparison.error,
        "baseline": comparison.baseline,
        "rounds": comparison.rounds,
        "seed": comparison.seed,
        "order": order(comparison.labels_in_order, comparison.rounds, comparison.seed),
        "progress": ProgressOut(done=report.done, total=comparison.checks),
        "created_at": comparison.created_at,
        "started_at": comparison.started_at,
        "finished_at": comparison.finished_at,
        "pairs": [PairOut.of(pair) for pair in report.pairs],
        "effects": [EffectOut.of(effect) for effect in report.effects],
        "disagreements": [
            DisagreementOut(seq=seq, url=report.urls.get(seq, ""), verdicts=verdicts)
            for seq, verdicts in evidence.disagreements
        ],
        "disagreements_total": evidence.disagreements_total,
        "unstable": list(evidence.unstable),
        "recommendation": RecommendationOut.of(report.recommendation),
        "environment": EnvironmentOut(
            python=machine.python,
            cores=machine.cores,
            platform=machine.platform,
            versions=dict(machine.versions),
        ),
        "links": {
            "self": here,
            "report": f"{here}/report",
            "page": f"/{kind}/{comparison.id}",
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _RATIO_DIGITS)
