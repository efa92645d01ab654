"""What of a comparison is drawn."""

from collections.abc import Callable

from app.domain.comparison import Summary
from app.domain.contrasts import Metric
from app.domain.evidence import SHARES
from app.domain.statistics import Interval
from app.reports import plots, tables
from app.reports.plots import Axes, Curve, Dot, Plot
from app.reports.units import duration
from app.services.reports import Report

_Value = Callable[[Summary], Interval | None]


def charts(report: Report) -> list[Plot]:
    """Every plot that there are figures for; of several sizes those of the largest."""
    number = max(report.comparison.sizes)
    here = [summary for summary in report.summaries if summary.size == number]
    each = "check" if report.comparison.lab is None else "item"
    drawn = [
        plots.intervals("Wall time, 95 % intervals", _dots(here, _wall, duration), duration),
        plots.intervals(f"Processor time for each {each}", _dots(here, _cpu, duration), duration),
        _ratios(report, number, Metric.WALL, "wall time"),
        _ratios(report, number, Metric.CPU, "processor time"),
        plots.scatter(
            "Cost against speed: below is cheaper, left is faster",
            [
                (x, y)
                for summary in here
                for x in _dots([summary], _wall, duration)
                for y in _dots([summary], _cpu, duration)
            ],
            Axes("wall time", duration, f"processor time for each {each}", duration),
        ),
        plots.curves(
            "Latencies: the share of checks that took at most so long",
            _distributions(report, number),
            Axes("latency", duration, "share of checks", lambda share: f"{share:.0%}"),
            share=True,
        ),
        plots.stacked(
            "Where the time went: the median of each phase",
            [(s.contender.label, {k: v.median for k, v in s.figures.phases.items()}) for s in here],
            duration,
        ),
        plots.intervals("Peak memory", _dots(here, _memory, _mib), _mib),
        _growth(report, "Wall time", _wall, duration),
        _growth(report, "Peak memory", _memory, _mib),
        _growth(report, f"Processor time for each {each}", _cpu, duration),
    ]
    return [plot for plot in drawn if plot is not None]


def _wall(summary: Summary) -> Interval | None:
    return summary.figures.wall


def _cpu(summary: Summary) -> Interval | None:
    return summary.figures.cpu_per_check


def _memory(summary: Summary) -> Interval | None:
    """In MiB, so that the scale has round numbers."""
    found = summary.figures.peak_rss_bytes
    return None if found is None else found.times(1 / 2**20)


def _mib(value: float) -> str:
    return f"{value:,.0f} MiB"


def _dots(summaries: list[Summary], value: _Value, write: Callable[[float], str]) -> list[Dot]:
    return [
        Dot(summary.contender.label, found.median, found.low, found.high, write(found.median))
        for summary in summaries
        if (found := value(summary)) is not None
    ]


def _ratios(report: Report, number: int, metric: Metric, what: str) -> Plot | None:
    against = tables.reference(report)
    pairs = [
        (label, tables.pair_of(report, against, label, number, metric))
        for label in report.comparison.labels_in_order
    ]
    return plots.ratios(
        f"Against {against}: {what}, left of the line is less",
        [
            Dot(
                label, pair.ratio, pair.low, pair.high,
                f"{pair.ratio:.2g} ×{' ' + tables.SHOWN if pair.significant else ''}",
            )
            for label, pair in pairs
            if pair is not None
        ],
    )  # fmt: skip


def _distributions(report: Report, number: int) -> list[Curve]:
    return [
        Curve(
            spread.label,
            [
                (latency, share / 100)
                for latency, share in zip(spread.at_shares, SHARES, strict=True)
                if latency > 0
            ],
        )
        for label in report.comparison.labels_in_order
        for spread in report.evidence.spreads
        if (spread.label, spread.size) == (label, number)
    ]


def _growth(report: Report, of: str, value: _Value, write: Callable[[float], str]) -> Plot | None:
    if len(report.comparison.sizes) < 2:
        return None
    return plots.curves(
        f"{of} as the list grows",
        [
            Curve(
                label,
                [
                    (summary.size, found.median)
                    for summary in report.summaries
                    if summary.contender.label == label and (found := value(summary)) is not None
                ],
            )
            for label in report.comparison.labels_in_order
        ],
        Axes("targets", lambda count: f"{count:,.0f}", of.lower(), write),
    )
