"""What has come of a batch: its outcomes by the page or as a stream, its targets, its progress."""

from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app.api.accept import preferred
from app.api.bodies import JSON
from app.api.exported import CSV, KINDS, NDJSON
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.streamed import streamed, under
from app.api.target_out import TargetOut, TargetPage
from app.api.wired import Cursor, Limit, Service, Wired, place_of
from app.reports.outcome_csv import csv_header, csv_rows
from app.reports.outcomes import OutcomeOut, OutcomePage, encode, lines
from app.storage import batches as batch_rows
from app.storage import outcomes as outcome_rows
from app.storage import targets as target_rows
from app.storage.database import Database
from app.storage.outcomes import Wanted
from checkers import Item, Reason, Status

router = APIRouter(prefix="/api/v1", tags=["batches"], responses=RESPONSES, dependencies=[Known])

_PAGE: Final = 100
_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page as JSON, or all of them as NDJSON or CSV.",
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/OutcomePage"}},
            NDJSON: {"schema": {"type": "string"}},
            CSV: {"schema": {"type": "string"}},
        },
    }
}


@router.get("/batches/{batch_id}/outcomes", response_model=None, responses=_DESCRIBED)
async def outcomes(
    request: Request,
    service: Wired,
    batch_id: str,
    limit: Annotated[
        int | None, Query(ge=1, le=1000, description="How many at most; of a stream: all.")
    ] = None,
    cursor: Cursor = None,
    status: Status | None = None,
    reason: Reason | None = None,
    url: Annotated[
        str | None, Query(description="Part of the target's URL.", max_length=8192)
    ] = None,
) -> Response:
    """Outcomes in the order of the request, as far as they have come.

    With `Accept: application/x-ndjson` or `text/csv` all of them are streamed.
    """
    key, list_id = await service.database.read(lambda session: batch_rows.key_of(session, batch_id))
    wanted = Wanted(key, list_id, status=status, reason=reason, url=url)
    kind = preferred(request.headers.getlist("accept"), KINDS)
    after = place_of(cursor)
    if kind == JSON:
        return await _page(service, wanted, limit or _PAGE, after)
    return StreamingResponse(written(service.database, wanted, kind, limit, after), media_type=kind)


def written(
    database: Database,
    wanted: Wanted,
    kind: str,
    limit: int | None = None,
    after: int | None = None,
) -> AsyncIterator[bytes]:
    """Outcomes as NDJSON or CSV, however many there are.

    Args:
        limit: so many at most; `None`: all.
        after: only those behind this place.
    """
    render = csv_rows if kind == CSV else lines
    rows = streamed(database, partial(_rendered, wanted, render), limit, after)
    return under(csv_header() if kind == CSV else b"", rows)


@router.get("/batches/{batch_id}/targets")
async def targets(
    service: Wired, batch_id: str, limit: Limit = 100, cursor: Cursor = None
) -> TargetPage:
    """What was asked, in the order of the request; secrets are read back as `***`."""
    after = place_of(cursor)

    def read(session: Session) -> list[Item]:
        _, list_id = batch_rows.key_of(session, batch_id)
        total = batch_rows.load(session, batch_id).total
        return target_rows.page(session, list_id, total, limit + 1, after)

    found = await service.database.read(read)
    return TargetPage(
        items=[TargetOut.of(item) for item in found[:limit]],
        next_cursor=str(found[limit - 1].seq) if len(found) > limit else None,
    )


async def _page(service: Service, wanted: Wanted, limit: int, after: int | None) -> Response:
    def read(session: Session) -> bytes:
        found, following = outcome_rows.page(session, wanted, limit, after)
        return encode(
            OutcomePage(
                items=[OutcomeOut.of_stored(stored) for stored in found],
                next_cursor=None if following is None else str(following),
            )
        )

    # Encoded in the reader's thread: a thousand outcomes are not for the event loop.
    return Response(await service.database.read(read), media_type=JSON)


def _rendered(
    wanted: Wanted,
    render: Callable[[Iterable[OutcomeOut]], bytes],
    size: int,
    after: int | None,
    session: Session,
) -> tuple[bytes, int | None]:
    found, following = outcome_rows.page(session, wanted, size, after)
    return render(map(OutcomeOut.of_stored, found)), following
