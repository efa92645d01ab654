"""`/metrics`: everything Prometheus asks for, in its text format or OpenMetrics'."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from sqlalchemy.orm import Session

from app.api.accept import preferred
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.wired import Service, Wired
from app.domain.reading import Reading
from app.reports import exposition
from app.services import clock
from app.services.meters import Meters, Together, by_status
from app.storage import standings, vitals

router = APIRouter(tags=["metrics"], responses=RESPONSES, dependencies=[Known])

_TEXT: Final = "text/plain"
_OPENMETRICS: Final = "application/openmetrics-text"
_TYPES: Final = {
    _TEXT: "text/plain; version=0.0.4; charset=utf-8",
    _OPENMETRICS: "application/openmetrics-text; version=1.0.0; charset=utf-8",
}
_END: Final = b"# EOF\n"
# Monitors whose names and labels are read at once.
_AT_ONCE: Final = 400
_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "All metrics, as text.",
        "content": {kind: {"schema": {"type": "string"}} for kind in _TYPES},
    }
}


@router.get("/metrics", response_class=StreamingResponse, responses=_DESCRIBED)
async def metrics(request: Request, service: Wired) -> StreamingResponse:
    """What Prometheus scrapes: every monitor, every strategy, and the service's own health.

    Text format 0.0.4, or OpenMetrics 1.0 where the client would rather have that.
    """
    kind = preferred(_speakable(request.headers.getlist("accept")), (_TEXT, _OPENMETRICS))
    openmetrics = kind == _OPENMETRICS
    readings = await service.board.look()
    parts = [by_status(readings), *service.meters.parts()]
    own = await service.database.scan(partial(_own, service.meters, parts, openmetrics))
    chunks = _chunks(service, own, readings, openmetrics=openmetrics)
    return StreamingResponse(chunks, headers={"Content-Type": _TYPES[kind]})


def _speakable(fields: Sequence[str]) -> list[str]:
    """What is accepted, without versions of OpenMetrics that are not spoken here."""
    asked = [part for field in fields for part in field.split(",")]
    return [p for p in asked if _OPENMETRICS not in p or "version" not in p or "1.0.0" in p]


def _own(meters: Meters, parts: list[Metric], openmetrics: bool, session: Session) -> bytes:  # noqa: FBT001 -- called through an executor
    """What is not of single monitors; some milliseconds, so it is written in a thread."""
    together = Together(meters, parts, vitals.gauges(session, clock.now()))
    if openmetrics:
        text: bytes = generate_openmetrics(together)  # type: ignore[no-untyped-call]
        return text.removesuffix(_END)
    return generate_latest(together)


async def _chunks(
    service: Service, own: bytes, readings: Sequence[Reading], *, openmetrics: bool
) -> AsyncIterator[bytes]:
    yield own
    for chunk in exposition.families(readings):
        yield chunk
        # A quick reader takes a chunk at once, and nobody else would have a turn.
        await asyncio.sleep(0)
    yield exposition.info_head(openmetrics=openmetrics)
    place: int | None = 0
    while place is not None:
        page, place = await service.database.scan(partial(_info, place))
        yield page
    if openmetrics:
        yield _END


def _info(after: int, session: Session) -> tuple[bytes, int | None]:
    found, place = standings.described(session, after, _AT_ONCE)
    return exposition.info(found), place
