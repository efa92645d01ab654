"""What has come of a monitor: its outcomes, and how long it was what."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app.api.accept import preferred
from app.api.asked import Instant
from app.api.known import Known
from app.api.monitor_out import UptimeOut
from app.api.problems import RESPONSES
from app.api.streamed import streamed
from app.api.wired import Cursor, Limit, Wired, place_of
from app.domain.errors import FieldError, Invalid
from app.domain.uptime import Span, uptime
from app.reports.monitor_outcomes import MonitorOutcomeOut, MonitorOutcomePage
from app.reports.outcomes import encode, lines
from app.services import clock
from app.storage import incidents, monitor_outcomes, monitor_pages, monitors, spells
from app.storage.monitor_outcomes import Wanted
from checkers import Reason, Status

router = APIRouter(prefix="/api/v1", tags=["monitors"], responses=RESPONSES, dependencies=[Known])

_JSON: Final = "application/json"
_NDJSON: Final = "application/x-ndjson"
_WINDOWS: Final = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "365d": timedelta(days=365),
}
_BETWEEN = re.compile(r"(?P<since>[^,]+),(?P<until>[^,]+)\Z")
_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page as JSON, or all of them as NDJSON.",
        "content": {
            _JSON: {"schema": {"$ref": "#/components/schemas/MonitorOutcomePage"}},
            _NDJSON: {"schema": {"type": "string"}},
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
    """Outcomes, newest first; with `Accept: application/x-ndjson` all of them are streamed."""

    def find(session: Session) -> Wanted:
        row = monitors.load(session, monitor_id).key
        return Wanted(row, status=status, reason=reason, since=since, until=until)

    wanted = await service.database.read(find)
    if preferred(request.headers.getlist("accept"), (_JSON, _NDJSON)) == _NDJSON:
        rows = streamed(service.database, partial(_lines, wanted))
        return StreamingResponse(rows, media_type=_NDJSON)

    def read(session: Session) -> bytes:
        found, following = monitor_outcomes.page(session, wanted, limit, place_of(cursor))
        return encode(
            MonitorOutcomePage(
                items=[MonitorOutcomeOut.of_kept(kept) for kept in found],
                next_cursor=None if following is None else str(following),
            )
        )

    return Response(await service.database.read(read), media_type=_JSON)


@router.get("/monitors/{monitor_id}/uptime")
async def uptime_of(
    service: Wired,
    monitor_id: str,
    window: Annotated[
        str, Query(description="24h, 7d, 30d, 365d, or two instants: from,to.", max_length=100)
    ] = "24h",
) -> UptimeOut:
    """What share of a window the target was up, weighed by time.

    Maintenance, pauses and what was not known are told apart, and weigh nothing.
    """
    now = clock.now()
    span = _window(window, now)

    def read(session: Session) -> UptimeOut:
        row, monitor = monitor_pages.load(session, monitor_id)
        gaps = spells.gaps(session, row, *span)
        if (unknown_since := monitor.unknown_since) is not None:
            gaps.append(Span(unknown_since, now))
        found = uptime(span, monitor.created_at, spells.changes(session, row, span.until), gaps)
        over = incidents.spans(session, row, *span)
        lasted = [each.lasted(now) for each in over if each.resolved_at is not None]
        return UptimeOut.of(
            *span,
            found,
            checks=monitor_outcomes.count(session, row, *span),
            incidents=len(over),
            mttr=sum(lasted) / len(lasted) if lasted else None,
        )

    return await service.database.read(read)


def _window(text: str, now: datetime) -> Span:
    """The window that a text names; it ends now at the latest.

    Raises:
        Invalid: it names none, or one that has not begun.
    """
    if text in _WINDOWS:
        return Span(now - _WINDOWS[text], now)
    span, wrong = _between(text), None
    if span is None:
        wrong = "is 24h, 7d, 30d, 365d, or two instants with a comma between them"
    elif span.since >= span.until:
        wrong = "ends before it begins"
    elif span.since >= now:
        wrong = "has not begun"
    if span is None or wrong is not None:
        raise Invalid("The window is not valid.", [FieldError("/window", f"query: {wrong}")])
    return Span(span.since, min(span.until, now))


def _between(text: str) -> Span | None:
    found = _BETWEEN.match(text)
    try:
        return None if found is None else Span(_instant(found["since"]), _instant(found["until"]))
    except (ValueError, OverflowError):
        return None


def _instant(text: str) -> datetime:
    # In a query a plus sign stands for a space, so an offset arrives with one.
    at = datetime.fromisoformat(text.strip().replace(" ", "+"))
    if at.tzinfo is None:
        raise ValueError("an instant is written as in 2026-11-24T08:00:00Z (RFC 3339)")
    return at.astimezone(UTC)


def _lines(
    wanted: Wanted, size: int, before: int | None, session: Session
) -> tuple[bytes, int | None]:
    found, following = monitor_outcomes.page(session, wanted, size, before)
    return lines(map(MonitorOutcomeOut.of_kept, found)), following
