"""What has come of a monitor, check by check."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app.api.accept import preferred
from app.api.asked import Instant
from app.api.bodies import JSON
from app.api.exported import CSV, KINDS, NDJSON
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.streamed import streamed, under
from app.api.wired import Cursor, Limit, Wired, place_of
from app.reports.monitor_outcomes import MonitorOutcomeOut, MonitorOutcomePage
from app.reports.outcome_csv import csv_header, csv_rows
from app.reports.outcomes import OutcomeOut, encode, lines
from app.storage import monitor_outcomes, monitors
from app.storage.monitor_outcomes import Wanted
from checkers import Reason, Status

router = APIRouter(prefix="/api/v1", tags=["monitors"], responses=RESPONSES, dependencies=[Known])

_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page as JSON, or all of them as NDJSON or CSV.",
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/MonitorOutcomePage"}},
            NDJSON: {"schema": {"type": "string"}},
            CSV: {"schema": {"type": "string"}},
        },
    }
}


@router.get("/monitors/{monitor_id}/outcomes", response_model=None, responses=_DESCRIBED)
async def outcomes(  # noqa: PLR0913, PLR0917 -- a query parameter each
    request: Request,
    service: Wired,
    monitor_id: str,
    limit: Limit = 100,
    cursor: Cursor = None,
    status: Status | None = None,
    reason: Reason | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> Response:
    """Outcomes, newest first; as NDJSON or CSV, all of them that are kept."""

    def find(session: Session) -> Wanted:
        row = monitors.row_of(session, monitor_id)
        return Wanted(row, status=status, reason=reason, since=since, until=until)

    wanted = await service.database.read(find)
    kind = preferred(request.headers.getlist("accept"), KINDS)
    if kind != JSON:
        render = csv_rows if kind == CSV else lines
        rows = streamed(service.database, partial(_rendered, wanted, render))
        header = csv_header(MonitorOutcomeOut) if kind == CSV else b""
        return StreamingResponse(under(header, rows), media_type=kind)

    def read(session: Session) -> bytes:
        found, following = monitor_outcomes.page(session, wanted, limit, place_of(cursor))
        return encode(
            MonitorOutcomePage(
                items=[MonitorOutcomeOut.of_kept(kept) for kept in found],
                next_cursor=None if following is None else str(following),
            )
        )

    return Response(await service.database.read(read), media_type=JSON)


def _rendered(
    wanted: Wanted,
    render: Callable[[Iterable[OutcomeOut]], bytes],
    size: int,
    before: int | None,
    session: Session,
) -> tuple[bytes, int | None]:
    found, following = monitor_outcomes.page(session, wanted, size, before)
    return render(map(MonitorOutcomeOut.of_kept, found)), following
