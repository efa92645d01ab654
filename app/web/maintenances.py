"""Maintenances: those that are announced, and those that are over."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.api.wired import Wired
from app.domain.maintenance import Maintenance, active, occurrences
from app.services import clock, maintenances
from app.storage import maintenances as maintenance_rows
from app.storage import monitors
from app.web.asked import Listing, listing
from app.web.forms import Sent
from app.web.frame import gone_to, render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_A_PAGE: Final = 50
_SHOWN: Final = 3


class _Window(NamedTuple):
    """A window as the list shows it.

    Attributes:
        fits: how many monitors it is of now.
        times: when it is open next, from when to when.
    """

    window: Maintenance
    active: bool
    fits: int
    times: Sequence[tuple[datetime, datetime]]


@router.get("/maintenances")
async def maintenances_page(request: Request, service: Wired) -> Response:
    """The maintenances, newest first."""
    asked, now = listing(request), clock.now()
    windows, following = await service.database.read(partial(_read, asked=asked, now=now))
    return render(
        request,
        "maintenances",
        title="Maintenances",
        listing=asked,
        windows=windows,
        following_at=following,
        now=now,
    )


def _read(session: Session, asked: Listing, now: datetime) -> tuple[list[_Window], int | None]:
    found, following = maintenance_rows.page(session, _A_PAGE, asked.before)
    return [_seen(session, window, now) for window in found], following


def _seen(session: Session, window: Maintenance, now: datetime) -> _Window:
    fits = len(monitors.matching(session, window.keys, window.labels))
    return _Window(window, active(window, now), fits, occurrences(window, now, _SHOWN))


@router.post("/maintenances/{maintenance_id}/remove")
async def remove(service: Wired, maintenance_id: str, form: Sent) -> Response:  # noqa: ARG001 -- that it was sent by us
    """Call a maintenance off."""
    await maintenances.remove(service.database, service.notices, maintenance_id)
    return gone_to("/maintenances", "removed")
