"""Who is recommended, and because of what: only what the rounds have shown to be real."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from app.domain.comparison import Comparison, Summary
from app.domain.contrasts import LEAST_ROUNDS, Metric, Pair
from app.domain.statistics import Interval
from checkers import Status

_SEEN: Final = (Status.UP, Status.DEGRADED, Status.DOWN)


class Recommendation(NamedTuple):
    """Who won what, and why.

    Attributes:
        label: whom to take; `None` while no difference is shown that would decide it.
        fastest, cheapest: the least typical wall and processor time, shown to be real or not.
        most_truthful: whose latencies hold least that may be ours.
        because: sentences.
        level: with the fastest, those that are not shown to be slower.
    """

    label: str | None
    fastest: str | None
    cheapest: str | None
    most_truthful: str | None
    because: Sequence[str]
    level: Sequence[str] = ()


def recommend(
    comparison: Comparison,
    summaries: Sequence[Summary],
    found: Sequence[Pair],
) -> Recommendation:
    """Weigh contenders at the largest size: first by wall time, then by processor time.

    Who is not shown to be slower than anybody is as fast as the fastest; of those, who is shown to
    cost less than all the others is recommended. Who could not check what others could is not in
    question.
    """
    size = max(comparison.sizes)
    here = [summary for summary in summaries if summary.size == size]
    fit, because = _fit(here)
    field = _Field(measured_rounds(here), [pair for pair in found if pair.size == size])
    fastest = _least(fit, lambda summary: summary.figures.wall)
    cheapest = _least(fit, lambda summary: summary.figures.cpu_per_check)
    truthful = _least(fit, lambda summary: summary.figures.bound_p99)
    label, level = None, list[str]()
    if fastest is not None:
        level = field.as_fast_as(fastest, fit)
        label, reasons = field.decide(fit, fastest, level)
        because += reasons
    if cheapest is not None and cheapest.figures.cpu_per_check is not None:
        because.append(
            f"{cheapest.contender.label} used the least processor time, "
            f"{_duration(cheapest.figures.cpu_per_check.median)} for each "
            f"{'item' if comparison.lab else 'check'}{field.doubt(fit, cheapest, Metric.CPU)}."
        )
    if truthful is not None and truthful.figures.bound_p99 is not None:
        because.append(
            f"{truthful.contender.label} told latencies most truthfully: of 99 in 100 at most "
            f"{truthful.figures.bound_p99.median * 1e3:,.1f} ms may be this machine's own."
        )
    return Recommendation(
        label, _label(fastest), _label(cheapest), _label(truthful), because, level
    )


def measured_rounds(summaries: Sequence[Summary]) -> int:
    """How many rounds everybody has been measured in; fewer than were asked for until the end."""
    return min((len(summary.figures.batches) for summary in summaries), default=0)


def _fit(summaries: Sequence[Summary]) -> tuple[list[Summary], list[str]]:
    """Those that saw what there was to see, and a sentence on those that did not."""
    measured = [summary for summary in summaries if summary.figures.wall is not None]
    blind = [summary for summary in measured if summary.figures.counts[Status.UNKNOWN]]
    fit = [summary for summary in measured if summary not in blind]
    if not blind or not fit:
        return [summary for summary in measured if _saw(summary)], []
    return fit, [
        f"{summary.contender.label} is left out: it could not check "
        f"{summary.figures.counts[Status.UNKNOWN]:,} targets that others could."
        for summary in blind
    ]


def _saw(summary: Summary) -> bool:
    return any(summary.figures.counts[status] for status in _SEEN)


class _Field:
    """The contenders at one size, and what is shown between any two of them."""

    def __init__(self, rounds: int, found: Sequence[Pair]) -> None:
        self._rounds = rounds
        self._pairs = {(pair.a, pair.b, pair.metric): pair for pair in found}

    def decide(
        self, fit: Sequence[Summary], fastest: Summary, level: Sequence[str]
    ) -> tuple[str | None, list[str]]:
        """Who is recommended, if anybody, and the sentences that say why."""
        first = fastest.contender.label
        assert fastest.figures.wall is not None
        told = f"{first} took the least time, {_duration(fastest.figures.wall.median)}"
        if len(fit) == 1:
            return None, [f"{told}; there is nobody to compare it with."]
        if self._rounds < LEAST_ROUNDS:
            few = f"{self._rounds} round{'s' if self._rounds != 1 else ''}"
            return None, [
                f"{told}, but {few} cannot tell a difference from chance, so nobody is "
                f"recommended: ask for {LEAST_ROUNDS} or more."
            ]
        others = level[1:]
        if not others:
            return first, [f"{told}; each of the others was shown to be slower."]
        as_fast = [s for s in fit if s.contender.label in level]
        sentences = [
            f"{told}; between it and {listed(others)} no difference is shown"
            f"{self._settled_by(first, others)}."
        ]
        cheap = _least(as_fast, lambda summary: summary.figures.cpu_per_check)
        if cheap is None:
            return None, sentences
        rest = [s.contender.label for s in as_fast if s is not cheap]
        best = cheap.contender.label
        if all(self._shown_worse(label, best, Metric.CPU) for label in rest):
            sentences.append(f"Of these {best} was shown to use the least processor time.")
            return best, sentences
        sentences.append("Nor did one of them use less processor time than all the others.")
        return None, sentences

    def as_fast_as(self, fastest: Summary, fit: Sequence[Summary]) -> list[str]:
        """The fastest, then those that are not shown to be slower than anybody."""
        first, everybody = fastest.contender.label, [s.contender.label for s in fit]
        return [first] + [
            label
            for label in everybody
            if label != first
            and not any(self._shown_worse(label, than, Metric.WALL) for than in everybody)
        ]

    def doubt(self, fit: Sequence[Summary], best: Summary, metric: Metric) -> str:
        """What follows "the least" where it may be chance."""
        others = [s.contender.label for s in fit if s is not best]
        label = best.contender.label
        level = [other for other in others if not self._shown_worse(other, label, metric)]
        if not others or not level:
            return ""
        return f", though no difference to {listed(level)} is shown"

    def _settled_by(self, first: str, level: Sequence[str]) -> str:
        needed = [
            pair.rounds_to_settle
            for label in level
            if (pair := self._pair(first, label, Metric.WALL)) is not None
            and pair.rounds_to_settle is not None
        ]
        return f" (about {max(needed):,} rounds would settle it)" if needed else ""

    def _shown_worse(self, label: str, than: str, metric: Metric) -> bool:
        pair = self._pair(than, label, metric)
        if pair is None or not pair.significant:
            return False
        return (pair.ratio > 1) == (pair.a == than)

    def _pair(self, one: str, other: str, metric: Metric) -> Pair | None:
        return self._pairs.get((one, other, metric)) or self._pairs.get((other, one, metric))


def _least(
    summaries: Sequence[Summary], value: Callable[[Summary], Interval | None]
) -> Summary | None:
    measured = [
        (found.median, index)
        for index, summary in enumerate(summaries)
        if (found := value(summary)) is not None
    ]
    return summaries[min(measured)[1]] if measured else None


def _label(summary: Summary | None) -> str | None:
    return None if summary is None else summary.contender.label


def listed(labels: Sequence[str]) -> str:
    """Labels as a sentence names them."""
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def _duration(seconds: float) -> str:
    if seconds >= 10:
        return f"{seconds:,.1f} s"
    return f"{seconds * 1e3:,.0f} ms" if seconds >= 0.01 else f"{seconds * 1e6:,.0f} µs"
