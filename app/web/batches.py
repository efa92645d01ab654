"""Batches as a list, the newest first."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from app.api.wired import Cursor, Wired, place_of
from app.domain.batch import Batch
from app.storage import batches as batch_rows
from app.web.frame import render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_A_PAGE: Final = 50


@router.get("/batches")
async def listed(request: Request, service: Wired, cursor: Cursor = None) -> HTMLResponse:
    """Batches that were asked for on their own; rounds are on the page of their comparison."""

    def read(session: Session) -> tuple[list[Batch], int | None]:
        return batch_rows.page(session, _A_PAGE, place_of(cursor))

    found, following = await service.database.read(read)
    return render(
        request,
        "batches",
        title="Batches",
        batches=found,
        following=following,
        first=cursor is None,
        moving=any(not batch.ended for batch in found),
    )
