"""What all finished runs have shown, by strategy, client and size class, as people read it."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from markupsafe import Markup

from app.domain.history import Group, SizeClass
from app.domain.statistics import Interval
from app.reports import plots, tables
from app.reports.csv_text import csv_cell, csv_lines
from app.reports.html import template
from app.reports.markdown import table_lines
from app.reports.plots import Dot, Plot
from app.reports.tables import Table, median
from app.reports.units import duration, milliseconds, size

_CSV = (
    "strategy", "client", "least_targets", "most_targets", "runs", "wall_ms", "setup_ms",
    "checks_per_second", "cpu_us_per_check", "peak_rss_bytes", "latency_p50_ms", "latency_p95_ms",
    "latency_p99_ms", "error_bound_p99_ms",
)  # fmt: skip
_HEADINGS = (
    "Strategy", "Client", "Runs", "Checks/s", "CPU/check", "Peak memory", "p50", "p99",
    "Ours ≤ p99", "Outcomes",
)  # fmt: skip
_NOTE = (
    "Medians over finished runs, which need not have been of the same targets: only inside a "
    "comparison did contenders meet the same ones."
)


def as_csv(groups: Sequence[Group]) -> bytes:
    """A row for each group."""
    return csv_lines([_CSV, *([csv_cell(cell) for cell in _cells(g)] for g in groups)])


def as_markdown(groups: Sequence[Group]) -> str:
    """A table for each size class."""
    parts = [["# What this machine measured"], [_NOTE]]
    for of, members in _by_size(groups):
        table = _table(members)
        parts.append([f"## {_named(of)}", "", *table_lines(table.headings, table.rows)])
    if not groups:
        parts.append(["No run has ended yet."])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def as_html(groups: Sequence[Group]) -> str:
    """A page with plots and a table for each size class."""
    return template("history.html.j2").render(note=_NOTE, classes=_classes(groups))


def body(groups: Sequence[Group]) -> Markup:
    """The same without its heading, to stand on a page that has one."""
    shown = template("history_body.html.j2").render(note=_NOTE, classes=_classes(groups))
    return Markup(shown)  # noqa: S704 -- a template of ours escaped what is in it


def _classes(groups: Sequence[Group]) -> list[tuple[str, Table, list[Plot]]]:
    return [(_named(of), _table(members), _drawn(members)) for of, members in _by_size(groups)]


def _by_size(groups: Sequence[Group]) -> Iterator[tuple[SizeClass, list[Group]]]:
    ordered = sorted(groups, key=lambda group: group.size)
    for of, members in groupby(ordered, key=lambda group: group.size):
        yield of, list(members)


def _named(of: SizeClass) -> str:
    return f"{of.least:,} to {of.most:,} targets"


def _table(groups: Sequence[Group]) -> Table:
    return Table(
        _HEADINGS,
        [
            [
                group.strategy.value,
                group.client.value,
                f"{len(group.figures.batches):,}",
                tables.rate(median(group.figures.checks_per_second)),
                duration(median(group.figures.cpu_per_check)),
                size(median(group.figures.peak_rss_bytes)),
                duration(median(group.figures.latency_p50)),
                duration(median(group.figures.latency_p99)),
                duration(median(group.figures.bound_p99)),
                tables.counts(group.figures.counts),
            ]
            for group in groups
        ],
    )


def _drawn(groups: Sequence[Group]) -> list[Plot]:
    drawn = [
        _plot("Checks per second", groups, lambda g: g.figures.checks_per_second, tables.rate),
        _plot("Processor time for each check", groups, lambda g: g.figures.cpu_per_check, duration),
    ]
    return [plot for plot in drawn if plot is not None]


def _plot(
    title: str,
    groups: Sequence[Group],
    value: Callable[[Group], Interval | None],
    write: Callable[[float], str],
) -> Plot | None:
    dots = [
        Dot(f"{g.strategy}+{g.client}", found.median, found.low, found.high, write(found.median))
        for g in groups
        if (found := value(g)) is not None
    ]
    return plots.intervals(f"{title}, 95 % intervals", dots, write)


def _cells(group: Group) -> Iterator[object]:
    figures = group.figures
    cpu = median(figures.cpu_per_check)
    yield from (group.strategy, group.client, group.size.least, group.size.most)
    yield len(figures.batches)
    yield from (milliseconds(median(figures.wall)), milliseconds(median(figures.setup)))
    yield median(figures.checks_per_second)
    yield None if cpu is None else round(cpu * 1e6, 1)
    yield median(figures.peak_rss_bytes)
    for latency in (figures.latency_p50, figures.latency_p95, figures.latency_p99):
        yield milliseconds(median(latency))
    yield milliseconds(median(figures.bound_p99))
