"""A comparison as one HTML page that needs nothing else: style and plots are inside."""

from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from app.reports import markdown, tables, words
from app.reports.charts import charts
from app.reports.visible import plain
from app.services.reports import Report

# So many disagreements are listed; the JSON has them all.
_LISTED: Final = 200


def render(report: Report) -> str:
    """The whole report as a page; everything a target said is escaped."""
    return template("comparison.html.j2").render(title=words.title(report), **_shown(report))


def body(report: Report) -> Markup:
    """The report without its heading, to stand on a page that has one."""
    # A template of ours escaped what is in it.
    return Markup(template("comparison_body.html.j2").render(**_shown(report)))  # noqa: S704


def _shown(report: Report) -> dict[str, Any]:
    comparison, evidence = report.comparison, report.evidence
    return {
        "comparison": comparison,
        "answer": words.answer(report),
        "work": words.work(report),
        "because": report.recommendation.because,
        "lessons": words.lessons(report),
        "charts": charts(report),
        "contenders": tables.contenders(report),
        "ratios": tables.ratios(report),
        "effects": tables.effects(report),
        "metrics": tables.metrics(report),
        "shown": tables.SHOWN,
        "disagreements": [
            (seq, report.urls.get(seq, ""), verdicts)
            for seq, verdicts in evidence.disagreements[:_LISTED]
        ],
        "disagreements_total": evidence.disagreements_total,
        "unstable": evidence.unstable,
        "distrust": words.distrust(report),
        "measured_on": markdown.measured_on(comparison),
        "batches": [run.run.id for run in report.runs if run.measured],
    }


def template(name: str) -> Template:
    """A template of this floor."""
    return _templates().get_template(name)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("app.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    return environment
