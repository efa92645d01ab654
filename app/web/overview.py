"""The overview: what is wrong first, then every monitor there is, fifty at a time."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from sqlalchemy.orm import Session

from app.api import sse
from app.api.monitor_bodies import labels_of
from app.api.wired import Wired
from app.domain.errors import Invalid
from app.domain.incident import Incident
from app.domain.monitor import MonitorStatus
from app.services import clock
from app.storage import incident_pages, overview
from app.storage.incident_pages import Wanted
from app.storage.overview import GRAVITY, Asked, Entry, Order
from app.web.frame import render
from app.web.live import STATUS, Live
from app.web.rows import CHECKS, Line, Lines

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_A_PAGE: Final = 50
_INCIDENTS: Final = 10
_LONGEST_TEXT: Final = 200


class _Listed(NamedTuple):
    """The list as the address asks for it."""

    asked: Asked
    page: int
    label: str
    fault: str | None

    def address(self, **changes: object) -> str:
        """The address of the same list with something else in it."""
        asked = self.asked
        parts: dict[str, object] = {
            "q": asked.text,
            "status": asked.status,
            "label": self.label or None,
            "sort": None if asked.order is Order.GRAVITY else asked.order.value,
            "down": "1" if asked.backwards else None,
            "page": None,
            **changes,
        }
        query = urlencode({name: str(value) for name, value in parts.items() if value is not None})
        return f"?{query}" if query else "?"


class _Seen(NamedTuple):
    lines: list[Line]
    total: int
    incidents: list[Incident]


def asked_for(request: Request) -> _Listed:
    """What an address asks for; what makes no sense in it is told, and passed over."""
    given, fault = request.query_params, None
    label = given.get("label", "").strip()
    labels: Mapping[str, str] = {}
    try:
        labels = labels_of(label.split(",")) if label else {}
    except Invalid as error:
        fault = f"Label: {error.errors[0].detail}." if error.errors else error.detail
    status, order, page = given.get("status", ""), given.get("sort", ""), given.get("page", "")
    asked = Asked(
        text=given.get("q", "").strip()[:_LONGEST_TEXT] or None,
        status=MonitorStatus(status) if status in set(MonitorStatus) else None,
        labels=labels,
        order=Order(order) if order in set(Order) else Order.GRAVITY,
        backwards=given.get("down") == "1",
    )
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    return _Listed(asked, max(number, 1), label, fault)


@router.get("/")
async def overview_page(request: Request, service: Wired) -> Response:
    """How everything stands, and the monitors."""
    return await _shown(request, service, "overview", "Overview")


@router.get("/monitors")
async def monitors_page(request: Request, service: Wired) -> Response:
    """The monitors."""
    return await _shown(request, service, "monitors", "Monitors")


async def _shown(request: Request, service: Wired, name: str, title: str) -> Response:
    listed, now = asked_for(request), clock.now()
    lines: Lines = request.app.state.lines

    def read(session: Session) -> _Seen:
        entries, total = overview.page(session, listed.asked, _A_PAGE, (listed.page - 1) * _A_PAGE)
        open_, _ = incident_pages.brief(session, Wanted(is_open=True), _INCIDENTS, None)
        return _Seen(lines.of(session, entries, now), total, open_)

    found = await service.database.read(read)
    pages = max(-(-found.total // _A_PAGE), 1)
    return render(
        request,
        name,
        title=title,
        now=now,
        listed=listed,
        lines=found.lines,
        total=found.total,
        first=(listed.page - 1) * _A_PAGE + 1,
        pages=pages,
        incidents=found.incidents,
        statuses=GRAVITY,
        live_at=live_address([each.entry for each in found.lines]),
    )


def live_address(entries: Sequence[Entry]) -> str:
    """Where the page hears of what it shows."""
    return "/live?rows=" + ",".join(str(entry.row) for entry in entries)


@router.get("/live", response_class=StreamingResponse)
async def live(
    request: Request,
    rows: Annotated[str, Query(pattern=r"^[0-9]{0,12}(,[0-9]{1,12}){0,199}$")] = "",
    also: Annotated[str, Query(pattern=r"^[a-z,]{0,40}$")] = "",
) -> StreamingResponse:
    """What changes of monitors, given by their rows, as it does.

    Args:
        also: parts that are shown of each besides its status and its checks.
    """
    hub: Live = request.app.state.live
    shown = [int(row) for row in rows.split(",") if row]
    parts = {STATUS, CHECKS, *filter(None, also.split(","))}
    topics = [(part, row) for part in parts for row in shown]
    return sse.told(hub.events(topics))
