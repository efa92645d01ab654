"""A comparison: strategies side by side over one list of targets, in rounds of shuffled order."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from app.domain.batch import Batch, RunStatus
from app.domain.fidelity import Pace
from app.domain.run_figures import RunFigures, figures_of, latency, peak_rss
from app.domain.statistics import Interval, paired_ratio
from checkers import CATALOGUE, ClientName, StrategyName, Target

#: The round that warms caches, listeners and the processor's clock; it is in no figure.
WARM_UP: Final = 0
DEFAULT_ROUNDS: Final = 5
MAX_ROUNDS: Final = 100


class Metric(StrEnum):
    """What contenders are compared by."""

    WALL = "wall_ms"
    CPU = "cpu_us_per_check"
    MEMORY = "peak_rss_bytes"
    LATENCY_P50 = "latency_p50_ms"
    LATENCY_P99 = "latency_p99_ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way of carrying out the list."""

    label: str
    strategy: StrategyName
    client: ClientName
    concurrency: int
    pace: Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonDraft:
    """A comparison as it was asked for, checked and complete."""

    targets: Sequence[Target]
    contenders: Sequence[Contender]
    baseline: str | None
    rounds: int
    pace: Pace
    per_host: int
    seed: int
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A comparison as it stands; its runs are batches."""

    id: str
    name: str | None
    labels: Mapping[str, str]
    status: RunStatus
    error: str | None
    contenders: Sequence[Contender]
    baseline: str | None
    rounds: int
    pace: Pace
    per_host: int
    seed: int
    total: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RoundRun(NamedTuple):
    """One run of a comparison."""

    number: int
    label: str
    batch: Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one contender came to over its measured rounds."""

    contender: Contender
    figures: RunFigures


class Pair(NamedTuple):
    """Two contenders by one metric: the geometric mean of b ÷ a over the rounds."""

    a: str
    b: str
    metric: Metric
    ratio: float


class Recommendation(NamedTuple):
    """Who won what, and why; nobody is recommended before the differences are known to be real."""

    fastest: str | None
    cheapest: str | None
    because: Sequence[str]


def default_label(strategy: StrategyName, client: ClientName) -> str:
    """The strategy's name, with the client's where it is not its own."""
    own = CATALOGUE[strategy].clients[0]
    return strategy.value if client is own else f"{strategy}+{client}"


def order(labels: Sequence[str], rounds: int, seed: int) -> list[list[str]]:
    """Who runs when: every round in an order of its own, the same for the same seed.

    Shuffling keeps a drift of the machine, or of the target, from falling on one contender.
    """
    shuffler = random.Random(seed)
    drawn = []
    for _ in range(rounds):
        turn = list(labels)
        shuffler.shuffle(turn)
        drawn.append(turn)
    return drawn


def schedule(comparison: Comparison) -> list[tuple[int, list[str]]]:
    """Every round with its order, the warm-up first."""
    labels = [contender.label for contender in comparison.contenders]
    turns = order(labels, comparison.rounds, comparison.seed)
    return [(WARM_UP, labels), *enumerate(turns, start=1)]


def summarise(comparison: Comparison, runs: Sequence[RoundRun]) -> list[Summary]:
    """What each contender came to, in the order they were named."""
    return [_summary(contender, runs) for contender in comparison.contenders]


def pairs(comparison: Comparison, runs: Sequence[RoundRun]) -> list[Pair]:
    """Every two contenders once, by every metric that both have in some round."""
    found = []
    for first, second in itertools.combinations(comparison.contenders, 2):
        for metric in Metric:
            mine, theirs = _series(runs, first.label, metric), _series(runs, second.label, metric)
            both = sorted(mine.keys() & theirs.keys())
            ratio = paired_ratio([mine[n] for n in both], [theirs[n] for n in both])
            if ratio is not None:
                found.append(Pair(first.label, second.label, metric, ratio))
    return found


def recommend(summaries: Sequence[Summary], found: Sequence[Pair]) -> Recommendation:
    """Who had the shortest median wall and the least processor time for each check."""
    fastest = _least(summaries, lambda summary: summary.figures.wall)
    cheapest = _least(summaries, lambda summary: summary.figures.cpu_per_check)
    because = []
    if fastest is not None and fastest.figures.wall is not None:
        because.append(
            f"{fastest.contender.label} had the shortest median wall time, "
            f"{fastest.figures.wall.median * 1e3:,.0f} ms."
        )
    if cheapest is not None and cheapest.figures.cpu_per_check is not None:
        because.append(
            f"{cheapest.contender.label} used the least processor time, "
            f"{cheapest.figures.cpu_per_check.median * 1e6:,.0f} µs for each check."
        )
    if found:
        because.append("These are medians without intervals, so nobody is recommended yet.")
    return Recommendation(
        None if fastest is None else fastest.contender.label,
        None if cheapest is None else cheapest.contender.label,
        because,
    )


def _summary(contender: Contender, runs: Sequence[RoundRun]) -> Summary:
    mine = [
        run.batch
        for run in runs
        if run.label == contender.label
        and run.number != WARM_UP
        and run.batch.status is RunStatus.COMPLETED
    ]
    return Summary(contender=contender, figures=figures_of(mine))


_VALUES: Final[Mapping[Metric, Callable[[Batch], float | None]]] = {
    Metric.WALL: lambda batch: batch.wall,
    Metric.CPU: lambda batch: batch.cpu_per_check,
    Metric.MEMORY: peak_rss,
    Metric.LATENCY_P50: lambda batch: latency(batch, "p50"),
    Metric.LATENCY_P99: lambda batch: latency(batch, "p99"),
}


def _series(runs: Sequence[RoundRun], label: str, metric: Metric) -> dict[int, float]:
    """A contender's value in every measured round that has one."""
    value = _VALUES[metric]
    return {
        run.number: found
        for run in runs
        if run.label == label and run.number != WARM_UP and (found := value(run.batch)) is not None
    }


def _least(
    summaries: Sequence[Summary], value: Callable[[Summary], Interval | None]
) -> Summary | None:
    measured = [
        (found.median, index)
        for index, summary in enumerate(summaries)
        if (found := value(summary)) is not None
    ]
    return summaries[min(measured)[1]] if measured else None
