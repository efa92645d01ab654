"""A comparison as Markdown."""

from collections.abc import Sequence
from typing import Final

from app.domain.comparison import Comparison
from app.engine.machine import this_machine
from app.reports import tables, words
from app.reports.tables import Table
from app.services.reports import Report

_SHOWN: Final = 50
_UNDER_RATIOS: Final = (
    f"Geometric means over the rounds with 95 % intervals; below 1 is less. {tables.SHOWN}: a "
    "difference is shown."
)


def render(report: Report) -> str:
    """The whole report, readable as it stands."""
    parts: list[list[str]] = [
        [f"# {_plain(words.title(report))}"],
        [f"**{_plain(words.answer(report))}**"],
        [_plain(words.work(report) or "")],
        _bullets(report.recommendation.because),
        _table("Contenders", tables.contenders(report)),
        _table("Ratios", tables.ratios(report), _UNDER_RATIOS),
        _table("One thing at a time", tables.effects(report)),
        _table("What the workload measures", tables.metrics(report)),
        _section("What this shows", words.lessons(report)),
        _disagreements(report),
        _section("What to distrust", words.distrust(report)),
        ["## Measured on", "", measured_on(report.comparison)],
    ]
    return "\n\n".join("\n".join(part) for part in parts if any(part)) + "\n"


def measured_on(comparison: Comparison) -> str:
    """The machine, and how the rounds were made."""
    machine = comparison.machine or this_machine()
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    return (
        f"Python {machine.python}, {machine.cores} cores, {machine.platform}; {versions}. "
        f"{comparison.rounds} rounds after a warm-up, order drawn from seed {comparison.seed}, a "
        "fresh process for each run."
    )


def _table(heading: str, table: Table, note: str = "") -> list[str]:
    if not table.rows:
        return []
    head = [f"## {heading}", "", *([note, ""] if note else [])]
    return [*head, *table_lines(table.headings, table.rows)]


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table, line by line."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(_plain(cell) for cell in cells) + " |"

    return [line(headings), "|" + " --- |" * len(headings), *map(line, rows)]


def _section(heading: str, sentences: Sequence[str]) -> list[str]:
    return [f"## {heading}", "", *_bullets(sentences)] if sentences else []


def _bullets(sentences: Sequence[str]) -> list[str]:
    return [f"- {_plain(sentence)}" for sentence in sentences]


def _disagreements(report: Report) -> list[str]:
    if report.comparison.lab is not None:
        return []
    found = report.evidence.disagreements[:_SHOWN]
    if not found:
        return ["## Disagreements", "", "Every contender said the same of every target."]
    rows = [
        [str(seq), report.urls.get(seq, ""), ", ".join(f"{k}: {v}" for k, v in verdicts.items())]
        for seq, verdicts in found
    ]
    more = report.evidence.disagreements_total - len(rows)
    return [
        "## Disagreements",
        "",
        *table_lines(("Seq", "URL", "Verdicts"), rows),
        *(["", f"… and {more:,} more."] if more else []),
    ]


def _plain(text: str) -> str:
    """Text that no Markdown reader takes for markup."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())
