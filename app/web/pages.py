"""The pages of this version: an overview, and a comparison with its report."""

from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from sqlalchemy.orm import Session

from app import __version__
from app.domain.batch import Batch
from app.domain.comparison import Comparison
from app.reports import html, tables, units
from app.services import comparisons, experiments
from app.storage import batches as batch_rows
from app.storage import comparisons as comparison_rows
from app.storage import experiments as experiment_rows
from app.storage.database import Database

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_SHOWN = 20


def _database(request: Request) -> Database:
    database: Database = request.app.state.service.database
    return database


Stored = Annotated[Database, Depends(_database)]


@router.get("/")
async def overview(database: Stored) -> str:
    """What was asked last, and where to go from here."""

    def read(session: Session) -> tuple[list[Batch], list[Comparison], list[Comparison]]:
        return (
            batch_rows.page(session, _SHOWN, None)[0],
            comparison_rows.page(session, _SHOWN, None)[0],
            experiment_rows.page(session, _SHOWN, None)[0],
        )

    batches, compared, experimented = await database.read(read)
    return (
        _templates()
        .get_template("pages/overview.html.j2")
        .render(
            version=__version__,
            batches=batches,
            comparisons=compared,
            experiments=experimented,
            duration=units.duration,
            counts=tables.counts,
        )
    )


@router.get("/comparisons/{comparison_id}")
async def comparison(database: Stored, comparison_id: str) -> str:
    """A comparison as its report shows it."""
    return html.render(await comparisons.report(database, comparison_id))


@router.get("/experiments/{experiment_id}")
async def experiment(database: Stored, experiment_id: str) -> str:
    """An experiment as its report shows it."""
    return html.render(await experiments.report(database, experiment_id))


@cache
def _templates() -> Environment:
    return Environment(
        loader=PrefixLoader(
            {"pages": PackageLoader("app.web"), "reports": PackageLoader("app.reports")}
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
