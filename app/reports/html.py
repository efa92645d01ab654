"""A comparison as one HTML page that needs nothing else: style and plots are inside."""

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from app.reports import markdown, tables, words
from app.reports.charts import charts
from app.services.reports import Report

_SHOWN: Final = 200


def render(report: Report) -> str:
    """The whole report as a page; everything a target said is escaped."""
    comparison, evidence = report.comparison, report.evidence
    return template("comparison.html.j2").render(
        comparison=comparison,
        title=words.title(report),
        answer=words.answer(report),
        work=words.work(report),
        because=report.recommendation.because,
        lessons=words.lessons(report),
        charts=charts(report),
        contenders=tables.contenders(report),
        ratios=tables.ratios(report),
        effects=tables.effects(report),
        metrics=tables.metrics(report),
        shown=tables.SHOWN,
        disagreements=[
            (seq, report.urls.get(seq, ""), verdicts)
            for seq, verdicts in evidence.disagreements[:_SHOWN]
        ],
        disagreements_total=evidence.disagreements_total,
        unstable=evidence.unstable,
        distrust=words.distrust(report),
        measured_on=markdown.measured_on(comparison),
        batches=[run.run.id for run in report.runs if run.measured],
    )


def template(name: str) -> Template:
    """A template of this floor."""
    return _templates().get_template(name)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("app.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
