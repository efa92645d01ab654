"""A comparison as one HTML page that needs nothing else: style and charts are inside."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from app.reports import environment, words
from app.services.comparisons import Report

_SHOWN = 200
_ROW_HEIGHT = 26
_LABEL_WIDTH = 125
_BAR_WIDTH = 230
_WRITTEN_WIDTH = 85


class Bar(NamedTuple):
    """One bar of a chart, in the units of its view box."""

    label: str
    written: str
    y: int
    width: float


class Chart(NamedTuple):
    """Bars on one scale that begins at nought."""

    title: str
    height: int
    bars: Sequence[Bar]


def render(report: Report) -> str:
    """The whole report as a page; everything a target said is escaped."""
    comparison = report.comparison
    return (
        _templates()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            title=comparison.name or f"Comparison {comparison.id}",
            answer=words.answer(report),
            because=report.recommendation.because,
            headings=words.CONTENDER_HEADINGS,
            rows=words.contender_rows(report),
            ratio_headings=["", *words.METRICS.values()],
            ratios=words.ratio_rows(report),
            charts=[chart(figure) for figure in words.figures(report) if figure.values],
            disagreements=report.disagreements[:_SHOWN],
            disagreements_total=len(report.disagreements),
            unstable=report.unstable,
            distrust=words.distrust(report),
            machine=environment.describe(),
            label_width=_LABEL_WIDTH,
            width=_LABEL_WIDTH + _BAR_WIDTH + _WRITTEN_WIDTH,
        )
    )


def chart(figure: words.Figure) -> Chart:
    """A figure's values as bars; the longest fills the width."""
    largest = max((value for _, value, _ in figure.values), default=0.0) or 1.0
    bars = [
        Bar(label, written, index * _ROW_HEIGHT, max(value / largest * _BAR_WIDTH, 1.0))
        for index, (label, value, written) in enumerate(figure.values)
    ]
    return Chart(figure.title, len(bars) * _ROW_HEIGHT, bars)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("app.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
