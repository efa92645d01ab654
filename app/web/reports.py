"""A comparison or an experiment as its report shows it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from app.api.headers import html
from app.reports import html as report_html
from app.services import comparisons, experiments
from app.storage.database import Database

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


def _database(request: Request) -> Database:
    database: Database = request.app.state.service.database
    return database


Stored = Annotated[Database, Depends(_database)]


@router.get("/comparisons/{comparison_id}")
async def comparison(database: Stored, comparison_id: str) -> HTMLResponse:
    """A comparison as its report shows it."""
    return html(report_html.render(await comparisons.report(database, comparison_id)))


@router.get("/experiments/{experiment_id}")
async def experiment(database: Stored, experiment_id: str) -> HTMLResponse:
    """An experiment as its report shows it."""
    return html(report_html.render(await experiments.report(database, experiment_id)))
