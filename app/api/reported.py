"""Reports in the forms that people and spreadsheets read."""

from typing import Annotated, Any, Final, Literal

from fastapi import Query, Response
from pydantic import BaseModel

from app.api import headers
from app.reports import comparison_csv, html, markdown
from app.services.reports import Report

Format = Annotated[Literal["json", "markdown", "html", "csv"], Query()]
_MEDIA_TYPES: Final = ("text/csv", "text/markdown", "text/html")


def described(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """How the OpenAPI document tells of a report."""
    return {
        200: {
            "model": model,
            "description": "The report; as CSV the measured runs, one a row.",
            "content": {media_type: {} for media_type in _MEDIA_TYPES},
        }
    }


def written(report: Report, form: str) -> Response | None:
    """The report in one of the forms, `None` for JSON."""
    match form:
        case "markdown":
            return Response(markdown.render(report), media_type="text/markdown")
        case "html":
            return headers.html(html.render(report))
        case "csv":
            return Response(comparison_csv.render(report), media_type="text/csv")
        case _:
            return None
