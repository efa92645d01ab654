"""A monitor: how it stands, what has come of it, and what can be done with it."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from app.api.monitor_out import DefinitionOut
from app.api.wired import Service, Wired
from app.domain.monitor import Monitor
from app.reports.monitor_outcomes import MonitorOutcomeOut
from app.reports.visible import plain
from app.services import clock
from app.services.monitors import named
from app.storage import monitor_pages
from app.web import monitor_past, outcomes
from app.web.expected import sentence
from app.web.forms import Sent
from app.web.frame import fragment, gone_to, render
from app.web.live import Live
from app.web.monitor_past import WINDOWS, Chart, Seen
from app.web.rows import checks_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_WINDOW = "24h"


@router.get("/monitors/{monitor_id}")
async def monitor_page(request: Request, service: Wired, monitor_id: str) -> Response:
    """A monitor, by its id or its key."""
    return await _shown(request, service, monitor_id)


@router.get("/monitors/{monitor_id}/now")
async def now_part(service: Wired, monitor_id: str) -> Response:
    """The part of the page that says how it stands, as it stands by now."""

    def read(session: Session) -> tuple[int, Monitor]:
        return monitor_pages.load(session, monitor_id)

    row, monitor = await service.database.read(read)
    return HTMLResponse(fragment("cells/now", **_now(row, monitor)), headers=_NOT_KEPT)


_NOT_KEPT = {"Cache-Control": "no-store"}


@router.get("/monitors/{monitor_id}/check")
async def not_checked(monitor_id: str) -> Response:
    """Where one arrives who loads again what a check was shown by: nothing is checked."""
    return gone_to(f"/monitors/{monitor_id}")


@router.post("/monitors/{monitor_id}/check")
async def check(request: Request, service: Wired, monitor_id: str, form: Sent) -> Response:  # noqa: ARG001 -- that it was sent by us
    """Check it now, and show what was found of every expectation."""
    outcome, _ = await service.monitors.check_now(service.engine, monitor_id)
    return await _shown(request, service, monitor_id, outcomes.checked(outcome))


@router.post("/monitors/{monitor_id}/pause")
async def pause(service: Wired, monitor_id: str, form: Sent) -> Response:  # noqa: ARG001 -- as above
    """Check it no more until it is resumed."""
    await service.monitors.set_enabled(named(monitor_id), enabled=False)
    return gone_to(f"/monitors/{monitor_id}", "paused")


@router.post("/monitors/{monitor_id}/resume")
async def resume(service: Wired, monitor_id: str, form: Sent) -> Response:  # noqa: ARG001 -- as above
    """Check it again."""
    await service.monitors.set_enabled(named(monitor_id), enabled=True)
    return gone_to(f"/monitors/{monitor_id}", "resumed")


@router.post("/monitors/{monitor_id}/remove")
async def remove(service: Wired, monitor_id: str, form: Sent) -> Response:  # noqa: ARG001 -- as above
    """Remove it with its outcomes; its incidents stay."""
    await service.monitors.remove(named(monitor_id))
    return gone_to("/monitors", "removed")


async def _shown(
    request: Request,
    service: Service,
    name: str,
    checked: Mapping[str, Any] | None = None,
) -> Response:
    asked = request.query_params.get("window", _WINDOW)
    window = asked if asked in WINDOWS else _WINDOW
    hub: Live = request.app.state.live
    found = await service.database.read(
        partial(monitor_past.read, name=name, window=window, now=clock.now(), glances=hub.glances)
    )
    definition = found.monitor.definition
    return render(
        request,
        "monitor",
        status=HTTPStatus.OK,
        title=plain(definition.name or definition.key, 80),
        live_at=f"/live?rows={found.row}&also={outcomes.OUTCOME},{outcomes.LAST}",
        found=found,
        window=window,
        windows=WINDOWS,
        checked=checked,
        checks=checks_of(found.strip),
        spans=_spans(found.chart),
        shown=_definition(found),
        certificate=_certificate(found),
        bound=_bound(found),
        **_now(found.row, found.monitor),
    )


def _now(row: int, monitor: Monitor) -> Mapping[str, Any]:
    last = monitor.last_outcome
    return {
        "row": row,
        "monitor": monitor,
        "last": None if last is None else MonitorOutcomeOut.of_kept(last),
    }


def _definition(found: Seen) -> Mapping[str, Any]:
    shown = DefinitionOut.of_definition(found.monitor.definition)
    document = shown.model_dump(mode="json")
    return {
        **document,
        "expectations": [sentence(each) for each in document["target"]["expect"]],
        "text": msgspec.json.format(msgspec.json.encode(document), indent=2).decode(),
    }


def _certificate(found: Seen) -> Any:
    """Of the newest of the outcomes shown that came with one."""
    told = (each["outcome"].tls for each in found.outcomes)
    return next((each for each in told if each is not None), None)


def _bound(found: Seen) -> float | None:
    """Seconds: the largest error bound of the outcomes shown that were answered."""
    bounds = [
        each["outcome"].error_bound_ms / 1e3
        for each in found.outcomes
        if each["outcome"].error_bound_ms is not None and each["outcome"].http_status is not None
    ]
    return max(bounds, default=None)


def _spans(chart: Chart) -> str:
    """The spans that are drawn on a chart, for its script: seconds since the epoch."""
    return msgspec.json.encode(
        [
            [since.timestamp(), until.timestamp(), kind]
            for kind, some in (
                ("broken", chart.spans.incidents),
                ("maintained", chart.spans.maintenances),
            )
            for since, until in some
        ]
    ).decode()
