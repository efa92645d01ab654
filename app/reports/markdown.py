"""A comparison as Markdown."""

from collections.abc import Sequence

from app.reports import environment, words
from app.services.comparisons import Report

_SHOWN = 50


def render(report: Report) -> str:
    """The whole report, readable as it stands."""
    comparison = report.comparison
    lines = [
        f"# {_plain(comparison.name or 'Comparison ' + comparison.id)}",
        "",
        words.answer(report),
        "",
        *_table(words.CONTENDER_HEADINGS, words.contender_rows(report)),
        "",
        "## Ratios",
        "",
        "Geometric means over the rounds; below 1 is less.",
        "",
        *_table(["", *words.METRICS.values()], words.ratio_rows(report)),
        "",
        "## Disagreements",
        "",
        *_disagreements(report),
        "",
        "## What to distrust",
        "",
        *(f"- {note}" for note in words.distrust(report)),
        "",
        "## Measured on",
        "",
        *_environment(),
    ]
    return "\n".join(lines) + "\n"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(_plain(cell) for cell in cells) + " |"

    return [line(headings), "|" + " --- |" * len(headings), *map(line, rows)]


def _disagreements(report: Report) -> list[str]:
    if not report.disagreements:
        return ["Every contender said the same of every target."]
    rows = [
        [str(found.seq), found.url, ", ".join(f"{k}: {v}" for k, v in found.verdicts.items())]
        for found in report.disagreements[:_SHOWN]
    ]
    more = len(report.disagreements) - len(rows)
    return [
        *_table(("Seq", "URL", "Verdicts"), rows),
        *(["", f"… and {more} more."] if more else []),
    ]


def _environment() -> list[str]:
    machine = environment.describe()
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    return [f"Python {machine.python}, {machine.cores} cores, {machine.platform}; {versions}."]


def _plain(text: str) -> str:
    """Text that no Markdown reader takes for markup."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())
