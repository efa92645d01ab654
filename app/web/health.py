"""How well the service itself is, in figures and in plain words."""

import asyncio

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.exc import OperationalError

from app.api.wired import Service, Wired
from app.engine.machine import this_machine
from app.engine.occupied import machine
from app.services import clock
from app.storage import vitals
from app.web.findings import Parts, groups
from app.web.frame import render

logger = structlog.get_logger(__name__)

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/health")
async def health_page(request: Request, service: Wired) -> Response:
    """The service as it is now."""
    found = groups(await _parts(service))
    amiss = [each for group in found for each in group.findings if each.good is False]
    return render(
        request,
        "health",
        title="Health of Tercet",
        groups=found,
        amiss=amiss,
        machine=await asyncio.to_thread(this_machine),
        at=clock.now(),
    )


async def _parts(service: Service) -> Parts:
    now = clock.now()
    try:
        gauges = await service.database.read(lambda session: vitals.gauges(session, now))
    except OperationalError as error:
        # What the page is for: it tells this too, and all that it knows without the database.
        logger.warning("health_not_read", error=str(error.orig))
        gauges = None
    engine = service.engine
    pids = {slot.value: pid for slot, pid in engine.pids.items()}
    return Parts(
        now=now,
        machine=await asyncio.to_thread(machine, pids),
        pulse=service.meters.pulse(),
        in_flight=service.meters.in_flight,
        writes_waiting=service.database.writes_waiting,
        trouble=service.database.trouble,
        cut_off_since=service.guard.cut_off_since,
        stuck=service.guard.stuck,
        dispatching=service.dispatcher.serving,
        restarts={slot.value: times for slot, times in engine.restarts.items()},
        gauges=gauges,
    )
