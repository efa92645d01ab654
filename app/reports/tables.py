"""The tables of a comparison, the same in Markdown, HTML and on a terminal."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from app.domain.comparison import Summary
from app.domain.contrasts import Effect, Metric, Pair
from app.domain.statistics import Interval
from app.reports.units import duration, size
from app.services.reports import Report
from checkers import Status

METRICS: Final = {
    Metric.WALL: "Wall time",
    Metric.CPU: "CPU each",
    Metric.MEMORY: "Peak memory",
    Metric.LATENCY_P50: "Latency p50",
    Metric.LATENCY_P99: "Latency p99",
}
#: Set after a ratio whose difference is shown.
SHOWN: Final = "✓"


class Table(NamedTuple):
    """Headings and rows of text; the first column says what a row is about."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


class _Column(NamedTuple):
    heading: str
    write: Callable[[Summary], str]


def contenders(report: Report) -> Table:
    """What each contender came to: the typical value over the rounds, no interval."""
    columns = [
        _Column("Contender", lambda s: s.contender.label),
        *([_Column("Size", lambda s: f"{s.size:,}")] if len(report.comparison.sizes) > 1 else []),
        _Column("In flight", lambda s: str(s.contender.concurrency)),
        _Column("Wall", lambda s: duration(median(s.figures.wall))),
        _Column("Set-up", lambda s: duration(median(s.figures.setup))),
        _Column(f"{_each(report)}s/s", lambda s: rate(median(s.figures.checks_per_second))),
        _Column(
            f"CPU/{_each(report).lower()}", lambda s: duration(median(s.figures.cpu_per_check))
        ),
        _Column("Peak memory", lambda s: size(median(s.figures.peak_rss_bytes))),
        _Column("p50", lambda s: duration(median(s.figures.latency_p50))),
        _Column("p99", lambda s: duration(median(s.figures.latency_p99))),
        *_of_latencies(report),
        _Column("Outcomes", lambda s: counts(s.figures.counts)),
    ]
    return Table(
        [column.heading for column in columns],
        [[column.write(summary) for column in columns] for summary in report.summaries],
    )


def _of_latencies(report: Report) -> list[_Column]:
    """How much of the latencies is not the targets', where that is known."""
    found: list[_Column] = []
    spreads = {(spread.label, spread.size): spread for spread in report.evidence.spreads}

    def excess(summary: Summary) -> str:
        spread = spreads.get((summary.contender.label, summary.size))
        return "–" if spread is None else _signed(spread.excess_p50)

    if any(spread.excess_p50 is not None for spread in spreads.values()):
        found.append(_Column("Excess p50", excess))
    if any(summary.figures.bound_p99 is not None for summary in report.summaries):
        found.append(_Column("Ours ≤ p99", lambda s: duration(median(s.figures.bound_p99))))
    return found


def ratios(report: Report) -> Table:
    """Every contender against the baseline, or against the first one named."""
    against = reference(report)
    rows = []
    for number in report.comparison.sizes:
        for label in report.comparison.labels_in_order:
            if label != against:
                name = f"{label} ÷ {against}"
                if len(report.comparison.sizes) > 1:
                    name += f", {number:,}"
                found = [pair_of(report, against, label, number, metric) for metric in Metric]
                rows.append([name, *map(_ratio, found)])
    return Table(["", *METRICS.values()], [row for row in rows if set(row[1:]) != {"–"}])


def reference(report: Report) -> str:
    """Whom the others are shown against."""
    labels = report.comparison.labels_in_order
    baseline = report.comparison.baseline
    return baseline if baseline in labels and baseline is not None else labels[0]


def pair_of(report: Report, base: str, other: str, number: int, metric: Metric) -> Pair | None:
    """The pair of two contenders, turned so that its ratio is other ÷ base."""
    for pair in report.pairs:
        if pair.size == number and pair.metric is metric:
            if (pair.a, pair.b) == (base, other):
                return pair
            if (pair.a, pair.b) == (other, base):
                return _turned(pair)
    return None


def effects(report: Report) -> Table:
    """What changing one thing does, the others held still."""
    rows: dict[tuple[str, ...], dict[Metric, Effect]] = {}
    for effect in report.effects:
        held = ", ".join(f"{name} {value}" for name, value in effect.holding.items())
        key = (effect.factor, f"{effect.start} → {effect.to}", held)
        rows.setdefault(key, {})[effect.metric] = effect
    return Table(
        ["What changes", "From → to", "Held still", *METRICS.values()],
        [
            [*key, *(_interval(by_metric.get(metric)) for metric in Metric)]
            for key, by_metric in rows.items()
        ],
    )


def metrics(report: Report) -> Table:
    """What the workload itself measures; nothing of checks."""
    names = list(dict.fromkeys(name for s in report.summaries for name in s.figures.metrics))
    return Table(
        ["Contender", *names],
        [
            [s.contender.label, *(_number(median(s.figures.metrics.get(name))) for name in names)]
            for s in report.summaries
        ]
        if names
        else [],
    )


def counts(by_status: Mapping[Status, int]) -> str:
    """Outcomes by status, those that are none left out."""
    return ", ".join(f"{n:,} {status.value}" for status, n in by_status.items() if n) or "–"


def median(interval: Interval | None) -> float | None:
    """The middle of an interval, if there is one."""
    return None if interval is None else interval.median


def _each(report: Report) -> str:
    return "Check" if report.comparison.lab is None else "Item"


def _turned(pair: Pair) -> Pair:
    return Pair(
        a=pair.b, b=pair.a, size=pair.size, metric=pair.metric, ratio=1 / pair.ratio,
        low=None if pair.high is None else 1 / pair.high,
        high=None if pair.low is None else 1 / pair.low,
        significant=pair.significant, rounds_to_settle=pair.rounds_to_settle,
    )  # fmt: skip


def _ratio(pair: Pair | None) -> str:
    if pair is None:
        return "–"
    return f"{_interval(pair)} {SHOWN}" if pair.significant else _interval(pair)


def _interval(found: Pair | Effect | None) -> str:
    if found is None:
        return "–"
    ratio = f"{found.ratio:.3g} ×"
    if found.low is None or found.high is None:
        return ratio
    return f"{ratio} ({found.low:.3g}–{found.high:.3g})"


def rate(value: float | None) -> str:
    """How many a second."""
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:,.3g}"


def _signed(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{'−' if value < 0 else '+'}{duration(abs(value))}"
