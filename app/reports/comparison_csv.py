"""A comparison as CSV: every measured run in a row, which is what all its figures rest on."""

from collections.abc import Iterator
from typing import Final

from app.domain.comparison import Contender, RoundRun
from app.domain.run_figures import checks_per_second, cpu_per_check, latency, peak_rss
from app.reports.csv_text import csv_cell, csv_lines
from app.reports.units import milliseconds
from app.services.reports import Report
from checkers import Status

_HEADINGS: Final = (
    "round", "label", "size", "strategy", "client", "concurrency", "pace", "run", "setup_ms",
    "wall_ms", "checks_per_second", "cpu_us_per_check", "peak_rss_bytes", "latency_p50_ms",
    "latency_p95_ms", "latency_p99_ms", "fidelity",
)  # fmt: skip


def render(report: Report) -> bytes:
    """A header, then the runs in the order in which they were made."""
    metrics = list(dict.fromkeys(name for run in report.runs for name in run.run.metrics))
    contenders = {contender.label: contender for contender in report.comparison.contenders}
    header = [*_HEADINGS, *(f"outcomes_{status}" for status in Status), *metrics]
    rows = (
        [csv_cell(cell) for cell in _cells(run, contenders[run.label], metrics)]
        for run in report.runs
        if run.measured
    )
    return csv_lines([header]) + csv_lines(rows)


def _cells(run: RoundRun, contender: Contender, metrics: list[str]) -> Iterator[object]:
    found = run.run
    cpu = cpu_per_check(found)
    yield from (run.number, run.label, run.size, contender.strategy, contender.client)
    yield from (contender.concurrency, contender.pace, found.id)
    yield from (milliseconds(found.setup), milliseconds(found.wall))
    yield checks_per_second(found)
    yield None if cpu is None else round(cpu * 1e6, 1)
    yield peak_rss(found)
    yield milliseconds(latency(found, "p50"))
    yield milliseconds(latency(found, "p95"))
    yield milliseconds(latency(found, "p99"))
    yield None if found.fidelity is None else found.fidelity.verdict
    yield from (found.counts.get(status, 0) for status in Status)
    yield from (found.metrics.get(name) for name in metrics)
