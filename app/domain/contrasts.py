"""Contenders against each other: who differs by how much, and whether that may be chance.

Every ratio is taken inside a round, where both met the same machine and the same targets, and the
rounds are what is counted: ten thousand checks of one round are one observation of a contender.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from app.domain.comparison import Comparison, Contender, RoundRun
from app.domain.run_figures import Run, cpu_per_check, latency, peak_rss
from app.domain.statistics import Ratio, holm, paired_ratio, pairs_needed
from checkers import CATALOGUE

#: Fewer rounds than this show nothing.
LEAST_ROUNDS: Final = 5
#: A smaller difference, as a ratio, is nobody's reason to choose.
SMALLEST_EFFECT: Final = 1.02
#: What more rounds are planned to show, where no less was seen: few rounds overrate an effect.
_PLANNED_EFFECT: Final = 1.1
_ALPHA: Final = 0.05


class Metric(StrEnum):
    """What contenders are compared by."""

    WALL = "wall_ms"
    CPU = "cpu_us_per_check"
    MEMORY = "peak_rss_bytes"
    LATENCY_P50 = "latency_p50_ms"
    LATENCY_P99 = "latency_p99_ms"


#: What is looked at together: of twenty ratios one would seem to differ by chance. Wall and
#: processor time decide between them who is recommended, so a false winner by either is one.
FAMILIES: Final = (
    (Metric.WALL, Metric.CPU), (Metric.MEMORY,), (Metric.LATENCY_P50,), (Metric.LATENCY_P99,),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two contenders by one metric at one size: the geometric mean of b ÷ a over the rounds.

    Attributes:
        low, high: the 95 % interval; `None` of a single round.
        significant: whether a difference is shown, all pairs of its family looked at together;
            `None` under five rounds.
        rounds_to_settle: about how many rounds would show a difference of 10 %, or of what was
            seen if that is less, or that it is too small to matter; `None` where either is shown
            already, or nothing can be said yet.
    """

    a: str
    b: str
    size: int
    metric: Metric
    ratio: float
    low: float | None
    high: float | None
    significant: bool | None
    rounds_to_settle: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What changing one thing does while the others are held still.

    Attributes:
        holding: what stayed the same, by name.
    """

    factor: str
    start: str
    to: str
    holding: Mapping[str, str]
    metric: Metric
    ratio: float
    low: float | None
    high: float | None


_VALUES: Final[Mapping[Metric, Callable[[Run], float | None]]] = {
    Metric.WALL: lambda run: run.wall,
    Metric.CPU: cpu_per_check,
    Metric.MEMORY: peak_rss,
    Metric.LATENCY_P50: lambda run: latency(run, "p50"),
    Metric.LATENCY_P99: lambda run: latency(run, "p99"),
}
_Key = tuple[str, int]
_Series = Mapping[tuple[_Key, Metric], Mapping[int, float]]


def pairs(comparison: Comparison, runs: Sequence[RoundRun]) -> list[Pair]:
    """Every two contenders once at each size, by every metric that both have in some round."""
    series = _series(runs)
    found: list[Pair] = []
    for family in FAMILIES:
        met = [one for metric in family for one in _met(comparison, series, metric)]
        judged = holm([1.0 if one.ratio.p is None else one.ratio.p for one in met])
        found += [_pair(one, chance, len(met)) for one, chance in zip(met, judged, strict=True)]
    return found


def effects(
    comparison: Comparison, runs: Sequence[RoundRun], found: Sequence[Pair]
) -> list[Effect]:
    """What strategy, client, concurrency, pace and size do, each with the others held still.

    Args:
        found: the pairs of the same runs; two that differ in one thing are its effect.
    """
    by_key: dict[tuple[str, str, int], list[Pair]] = {}
    for pair in found:
        by_key.setdefault((pair.a, pair.b, pair.size), []).append(pair)
    told = []
    for size, first, second in _couples(comparison):
        factor = _single_difference(first, second)
        if factor is not None:
            ends = (_value(first, factor), _value(second, factor))
            holding = _held(first, second, factor, size, comparison)
            told += [
                _effect(factor, ends, holding, pair.metric, pair)
                for pair in by_key.get((first.label, second.label, size), ())
            ]
    return told + _growth(comparison, _series(runs))


def _growth(comparison: Comparison, series: _Series) -> list[Effect]:
    """What the next size does to each contender."""
    return [
        _effect("size", (str(few), str(many)), {"label": contender.label}, metric, ratio)
        for contender in comparison.contenders
        for few, many in itertools.pairwise(comparison.sizes)
        for metric in Metric
        if (ratio := _ratio(series, (contender.label, few), (contender.label, many), metric))
        is not None
    ]


def _series(runs: Sequence[RoundRun]) -> _Series:
    """The value of every measured round, by contender, size and metric."""
    series: dict[tuple[_Key, Metric], dict[int, float]] = {}
    for run in runs:
        if run.measured:
            for metric, value in _VALUES.items():
                if (found := value(run.run)) is not None:
                    key = ((run.label, run.size), metric)
                    series.setdefault(key, {})[run.number] = found
    return series


def _couples(comparison: Comparison) -> Iterator[tuple[int, Contender, Contender]]:
    for size in comparison.sizes:
        for first, second in itertools.combinations(comparison.contenders, 2):
            yield size, first, second


class _Met(NamedTuple):
    """Two contenders that have a value of a metric in some round both."""

    a: str
    b: str
    size: int
    metric: Metric
    ratio: Ratio


def _met(comparison: Comparison, series: _Series, metric: Metric) -> Iterator[_Met]:
    for size, first, second in _couples(comparison):
        ratio = _ratio(series, (first.label, size), (second.label, size), metric)
        if ratio is not None:
            yield _Met(first.label, second.label, size, metric, ratio)


def _ratio(series: _Series, a: _Key, b: _Key, metric: Metric) -> Ratio | None:
    mine, theirs = series.get((a, metric), {}), series.get((b, metric), {})
    both = sorted(mine.keys() & theirs.keys())
    return paired_ratio([mine[number] for number in both], [theirs[number] for number in both])


def _pair(met: _Met, chance: float, family: int) -> Pair:
    found = met.ratio
    effect = max(found.ratio, 1 / found.ratio)
    enough = found.pairs >= LEAST_ROUNDS
    shown = enough and chance < _ALPHA and effect > SMALLEST_EFFECT
    return Pair(
        a=met.a,
        b=met.b,
        size=met.size,
        metric=met.metric,
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        significant=shown if enough else None,
        rounds_to_settle=None if shown else _rounds_to_settle(found, effect, family),
    )


def _rounds_to_settle(found: Ratio, effect: float, family: int) -> int | None:
    if found.low is None or found.high is None:
        return None
    enough = found.pairs >= LEAST_ROUNDS
    if enough and found.low > 1 / SMALLEST_EFFECT and found.high < SMALLEST_EFFECT:
        # Shown to be alike, as far as anybody would care.
        return None
    planned = min(max(effect, SMALLEST_EFFECT), _PLANNED_EFFECT)
    needed = pairs_needed(found, planned, _ALPHA / family)
    return max(needed, LEAST_ROUNDS, found.pairs + 1 if enough else 0)


def _effect(
    factor: str,
    ends: tuple[str, str],
    holding: Mapping[str, str],
    metric: Metric,
    found: Pair | Ratio,
) -> Effect:
    return Effect(
        factor=factor, start=ends[0], to=ends[1], holding=holding, metric=metric,
        ratio=found.ratio, low=found.low, high=found.high,
    )  # fmt: skip


def _value(contender: Contender, factor: str) -> str:
    return str(getattr(contender, factor))


def _own_concurrency(contender: Contender) -> bool:
    return contender.concurrency == CATALOGUE[contender.strategy].concurrency


def _single_difference(first: Contender, second: Contender) -> str | None:
    """The one thing in which two contenders differ; `None` if there are more.

    How many a strategy has in flight by itself is part of what it is, not a second difference.
    """
    names = ("strategy", "client", "concurrency", "pace")
    differ = [name for name in names if getattr(first, name) != getattr(second, name)]
    if differ == ["strategy", "concurrency"] and _both_own(first, second):
        return "strategy"
    return differ[0] if len(differ) == 1 else None


def _both_own(first: Contender, second: Contender) -> bool:
    return _own_concurrency(first) and _own_concurrency(second)


def _held(
    first: Contender, second: Contender, factor: str, size: int, comparison: Comparison
) -> dict[str, str]:
    held = {
        name: str(getattr(first, name))
        for name in ("strategy", "client")
        if name != factor and getattr(first, name) is not None
    }
    if factor != "concurrency":
        alike = first.concurrency == second.concurrency
        held["concurrency"] = str(first.concurrency) if alike else "each strategy's own"
    if len({contender.pace for contender in comparison.contenders}) > 1 and factor != "pace":
        held["pace"] = str(first.pace)
    if len(comparison.sizes) > 1:
        held["size"] = str(size)
    return held
