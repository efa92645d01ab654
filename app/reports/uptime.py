"""The report on uptime as people and spreadsheets read it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from app.domain.monitor import MonitorStatus
from app.domain.uptime import TOLD
from app.domain.uptime_report import Figures, Group, Line, UptimeReport
from app.reports.csv_text import csv_cell, csv_lines
from app.reports.html import template
from app.reports.markdown import table_lines
from app.reports.tables import Table

_CSV: Final = (
    "key", "name", "labels", "ratio", *(f"{status.value}_seconds" for status in TOLD), "checks",
    "missed", "incidents", "mttr_seconds", "slo_target", "slo_met", "budget_left_ratio",
)  # fmt: skip
_HEADINGS: Final = (
    "Monitor", "Uptime", "Down", "Maintenance", "Unknown", "Incidents", "MTTR", "Objective",
    "Budget left",
)  # fmt: skip
_GROUP_HEADINGS: Final = ("Monitors", "Uptime", "Down", "Incidents", "MTTR")
_NOTE: Final = (
    "Uptime is the time up or degraded over the time of which something is known; maintenance, "
    "pauses and what is unknown weigh nothing. Times are UTC."
)


def as_csv(report: UptimeReport) -> bytes:
    """A row for each monitor."""
    rows = ([csv_cell(cell) for cell in _cells(line)] for line in report.lines)
    return csv_lines([_CSV, *rows])


def as_markdown(report: UptimeReport) -> str:
    """The whole as text with tables."""
    parts = [[f"# {_title(report)}"], [_answer(report)]]
    if report.groups:
        table = _grouped(report)
        parts.append([f"## By {report.by}", "", *table_lines(table.headings, table.rows)])
    table = _table(report.lines)
    parts += [["## Monitors", "", *table_lines(table.headings, table.rows)], [_NOTE]]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def as_html(report: UptimeReport) -> str:
    """A page that needs nothing else."""
    return template("uptime.html.j2").render(
        title=_title(report),
        answer=_answer(report),
        note=_NOTE,
        by=report.by,
        groups=_grouped(report) if report.groups else None,
        monitors=_table(report.lines),
        count=len(report.lines),
        now=_at(report.now),
    )


def percent(ratio: float | None) -> str:
    """A share as people read it; what is not whole is never rounded up to 100 %."""
    if ratio is None:
        return "–"
    shown = f"{ratio * 100:.3f} %"
    return "99.999 %" if ratio < 1 and shown == "100.000 %" else shown


def span(seconds: float | None) -> str:
    """Seconds in days, hours and minutes, the two largest of them."""
    if seconds is None:
        return "–"
    if 0 < seconds < 1:
        return "< 1 s"
    left, parts = round(seconds), list[str]()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0"


def _title(report: UptimeReport) -> str:
    chosen = ", ".join(f"{name}={value}" for name, value in report.labels.items())
    of = f" of {chosen}" if chosen else ""
    return f"Uptime{of}, {_at(report.window.since)} to {_at(report.window.until)}"


def _answer(report: UptimeReport) -> str:
    total = report.total
    if not report.lines:
        return "There is no monitor to tell of."
    missed = sum(1 for line in report.lines if line.budget is not None and line.budget.met is False)
    told = f"{len(report.lines):,} monitors were up {percent(total.uptime.ratio)} of the time"
    told += f", with {total.incidents:,} incidents"
    told += "" if total.mttr is None else f" that took {span(total.mttr)} to mend on average"
    return told + (f"; {missed:,} missed their objective." if missed else ".")


def _table(lines: Sequence[Line]) -> Table:
    return Table(_HEADINGS, [list(_row(line)) for line in lines])


def _row(line: Line) -> Iterator[str]:
    figures, budget = line.figures, line.budget
    yield line.name or line.key
    yield percent(figures.uptime.ratio)
    for status in (MonitorStatus.DOWN, MonitorStatus.MAINTENANCE, MonitorStatus.UNKNOWN):
        yield span(figures.uptime.seconds[status])
    yield f"{figures.incidents:,}"
    yield span(figures.mttr)
    if line.slo is None or budget is None:
        yield from ("–", "–")
        return
    met = {True: "met", False: "missed", None: "unknown"}[budget.met]
    yield f"{line.slo.target * 100:g} % {met}"
    yield "–" if budget.left_ratio is None else f"{budget.left_ratio * 100:.0f} %"


def _grouped(report: UptimeReport) -> Table:
    return Table((report.by or "", *_GROUP_HEADINGS), [_group(group) for group in report.groups])


def _group(group: Group) -> list[str]:
    figures = group.figures
    return [
        "(without)" if group.value is None else group.value,
        f"{group.monitors:,}",
        percent(figures.uptime.ratio),
        span(figures.uptime.seconds[MonitorStatus.DOWN]),
        f"{figures.incidents:,}",
        span(figures.mttr),
    ]


def _cells(line: Line) -> Iterator[object]:
    figures, budget = line.figures, line.budget
    yield from (line.key, line.name, " ".join(f"{k}={v}" for k, v in sorted(line.labels.items())))
    yield from _measured(figures)
    if line.slo is None or budget is None:
        yield from (None, None, None)
        return
    yield from (line.slo.target, None if budget.met is None else str(budget.met).lower())
    yield None if budget.left_ratio is None else round(budget.left_ratio, 6)


def _measured(figures: Figures) -> Iterator[object]:
    ratio, mttr = figures.uptime.ratio, figures.mttr
    yield None if ratio is None else round(ratio, 6)
    for status in TOLD:
        yield round(figures.uptime.seconds[status], 3)
    yield from (figures.checks, figures.missed, figures.incidents)
    yield None if mttr is None else round(mttr, 3)


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
