"""A report on a terminal, and in the files that were asked for."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table as Grid

from app.cli.check import Misused, unwritten
from app.cli.screen import console
from app.reports import html, markdown, tables, words
from app.reports.tables import Table
from app.services.reports import Report

_DISAGREEMENTS = 20


class Files(NamedTuple):
    """Where the report is to be written as well."""

    html: Path | None
    markdown: Path | None

    def check(self) -> None:
        """Before the rounds, not after them; raises `Misused`."""
        for path in self:
            if path is not None and not path.resolve().parent.is_dir():
                raise Misused(f"there is no folder {path.resolve().parent}")

    def write(self, report: Report) -> None:
        """Write what was asked for; raises `OSError`."""
        if self.html is not None:
            self.html.write_text(html.render(report), encoding="utf-8")
        if self.markdown is not None:
            self.markdown.write_text(markdown.render(report), encoding="utf-8")

    def tell(self) -> None:
        """Say where it is."""
        for path in self:
            if path is not None:
                sys.stderr.write(f"The report is in {path}.\n")


def deliver(command: str, report: Report, files: Files, *, interrupted: bool) -> int:
    """Write and show a report; the exit code of the command."""
    try:
        files.write(report)
        show(report)
    except OSError as error:
        return unwritten(command, error)
    files.tell()
    return 130 if interrupted else 0


def show(report: Report) -> None:
    """The answer first, then what it rests on."""
    screen = console(sys.stdout)
    screen.print(words.answer(report))
    for sentence in (*report.recommendation.because, *words.lessons(report)):
        screen.print(f"- {sentence}")
    _table(screen, tables.contenders(report))
    _table(screen, tables.metrics(report))
    ratios = tables.ratios(report)
    if ratios.rows:
        _table(screen, Table(["ratio", *ratios.headings[1:]], ratios.rows))
        screen.print(f"{tables.SHOWN}: a difference is shown; in brackets the 95 % interval.")
    if report.comparison.lab is None:
        _disagreements(screen, report)


def _disagreements(screen: Console, report: Report) -> None:
    screen.print()
    found = report.evidence.disagreements
    for seq, verdicts in found[:_DISAGREEMENTS]:
        said = ", ".join(f"{label}: {verdict}" for label, verdict in verdicts.items())
        screen.print(f"disagreement on {report.urls[seq]}: {said}")
    if not found:
        screen.print("Every contender said the same of every target.")


def _table(screen: Console, table: Table) -> None:
    if table.rows:
        screen.print()
        screen.print(_grid(table.headings, table.rows))


def _grid(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Grid:
    grid = Grid(box=None, pad_edge=False)
    for index, heading in enumerate(headings):
        grid.add_column(heading, justify="right" if index else "left", overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid
