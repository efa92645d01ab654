"""Quantities and sentences as people read them; the same in Markdown, HTML and on a terminal."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from app.domain.comparison import Metric, Pair
from app.domain.statistics import Interval
from app.reports.units import duration, size
from app.services.comparisons import Report
from checkers import Status

METRICS: Final = {
    Metric.WALL: "Wall time",
    Metric.CPU: "CPU per check",
    Metric.MEMORY: "Peak memory",
    Metric.LATENCY_P50: "Latency p50",
    Metric.LATENCY_P99: "Latency p99",
}


# Outcomes that say something of a target, and so of who looked at it.
_SEEN: Final = frozenset({Status.UP, Status.DEGRADED, Status.DOWN})


class Figure(NamedTuple):
    """One kind of figure with its value for every contender, where it has one."""

    title: str
    values: Sequence[tuple[str, float, str]]


def median(interval: Interval | None) -> float | None:
    """The middle of an interval, if there is one."""
    return None if interval is None else interval.median


def contender_rows(report: Report) -> list[list[str]]:
    """A line for each contender."""
    return [
        [
            summary.contender.label,
            str(summary.contender.concurrency),
            duration(median(summary.figures.wall)),
            duration(median(summary.figures.setup)),
            _rate(median(summary.figures.checks_per_second)),
            duration(median(summary.figures.cpu_per_check)),
            size(median(summary.figures.peak_rss_bytes)),
            duration(median(summary.figures.latency_p50)),
            duration(median(summary.figures.latency_p99)),
            counts(summary.figures.counts),
        ]
        for summary in report.summaries
    ]


CONTENDER_HEADINGS: Final = (
    "Contender", "In flight", "Wall", "Set-up", "Checks/s", "CPU/check", "Peak memory", "p50",
    "p99", "Outcomes",
)  # fmt: skip


def ratio_rows(report: Report) -> list[list[str]]:
    """Every contender against the baseline, or against the first one named."""
    labels = [summary.contender.label for summary in report.summaries]
    against = report.comparison.baseline if report.comparison.baseline in labels else labels[0]
    rows = []
    for label in labels:
        if label != against:
            ratios = [_ratio(report.pairs, against, label, metric) for metric in Metric]
            rows.append([f"{label} ÷ {against}", *ratios])
    return rows


def counts(by_status: Mapping[Status, int]) -> str:
    """Outcomes by status, those that are none left out."""
    return ", ".join(f"{n} {status.value}" for status, n in by_status.items() if n) or "–"


def answer(report: Report) -> str:
    """What the comparison says, in one sentence."""
    comparison, recommendation = report.comparison, report.recommendation
    if not any(summary.figures.batches for summary in report.summaries):
        return f"The comparison is {comparison.status.value}; no round has been measured yet."
    if not any(n for s in report.summaries for k, n in s.figures.counts.items() if k in _SEEN):
        return "No target could be checked, so nobody was measured."
    fastest, cheapest = recommendation.fastest, recommendation.cheapest
    rounds = f"{comparison.rounds} round{'s' if comparison.rounds != 1 else ''}"
    of = f"over {comparison.total:,} target{'s' if comparison.total != 1 else ''} in {rounds}"
    if fastest == cheapest:
        return f"{fastest} was both the fastest and the cheapest {of}."
    return f"{fastest} was the fastest and {cheapest} the cheapest {of}."


def figures(report: Report) -> list[Figure]:
    """What is drawn: a bar for each contender."""

    def of(title: str, attribute: str, write: Callable[[float], str]) -> Figure:
        found = [
            (summary.contender.label, value, write(value))
            for summary in report.summaries
            if (value := median(getattr(summary.figures, attribute))) is not None
        ]
        return Figure(title, found)

    return [
        of("Wall time, median over the rounds", "wall", duration),
        of("CPU per check, median", "cpu_per_check", duration),
        of("Latency p50, median", "latency_p50", duration),
        of("Latency p99, median", "latency_p99", duration),
        of("Peak memory, median", "peak_rss_bytes", size),
    ]


def distrust(report: Report) -> list[str]:
    """What a reader should not take from the figures."""
    notes = [
        "Medians stand without intervals, so a small difference may be chance.",
        "Latencies were measured at full speed: they hold this machine's own queueing too.",
    ]
    if report.comparison.rounds < 5:
        notes.append("Fewer than five rounds cannot tell a difference from chance.")
    if report.unstable:
        notes.append(f"{len(report.unstable)} targets changed their verdict between rounds.")
    return notes


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def _ratio(pairs: Sequence[Pair], base: str, other: str, metric: Metric) -> str:
    for pair in pairs:
        if pair.metric is metric and {pair.a, pair.b} == {base, other}:
            ratio = pair.ratio if pair.a == base else 1 / pair.ratio
            return f"{ratio:.3g} ×"
    return "–"
