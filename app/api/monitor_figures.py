"""What monitors came to: uptime, latency, objectives."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.api.accept import preferred
from app.api.bodies import JSON
from app.api.exported import CSV, KINDS, csv_of, described, lines_of
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.uptime_out import LatencyPointsOut, PointOut, SloReportOut, UptimeOut
from app.api.windows import WindowIn, length_of, step_of, window_of
from app.api.wired import Wired
from app.domain.errors import FieldError, Invalid
from app.domain.monitor import Slo
from app.domain.resolution import StepNotKept, resolution
from app.domain.rollup import HOUR
from app.domain.slo import BURN_WINDOWS, budget, burn_rates
from app.domain.uptime import Span
from app.services import clock
from app.storage import counts, incidents, latencies, monitors
from app.storage.past import Past, past_of
from app.storage.uptimes import uptime_of

router = APIRouter(prefix="/api/v1", tags=["monitors"], responses=RESPONSES, dependencies=[Known])


@router.get("/monitors/{monitor_id}/uptime")
async def uptime(service: Wired, monitor_id: str, window: WindowIn = "24h") -> UptimeOut:
    """What share of a window the target was up, weighed by time.

    Maintenance, pauses and what was not known are told apart, and weigh nothing. Checks of an hour
    that is not kept any more count in the window their day begins in.
    """
    now = clock.now()
    span = window_of(window, now)

    def read(session: Session) -> UptimeOut:
        past = past_of(session, monitors.row_of(session, monitor_id), now)
        return UptimeOut.of(
            span,
            uptime_of(session, past, span),
            counts.count(session, past, span),
            incidents.spans(session, past.monitor, *span),
        )

    return await service.database.read(read)


@router.get(
    "/monitors/{monitor_id}/latency", response_model=None, responses=described(LatencyPointsOut)
)
async def latency(
    request: Request,
    service: Wired,
    monitor_id: str,
    window: WindowIn = "24h",
    step: Annotated[
        str | None,
        Query(
            description="Such as 5m, 1h, 1d; some hundred points unless given. Of less than an "
            "hour as long as single outcomes are kept, of less than a day for 14 days.",
            max_length=20,
        ),
    ] = None,
) -> Response:
    """Percentiles of the latency, of the window and step by step through it.

    As NDJSON or CSV, the points alone.
    """
    now = clock.now()
    span, wanted = window_of(window, now), step_of(step)
    kind = preferred(request.headers.getlist("accept"), KINDS)

    def read(session: Session) -> Response:
        past = past_of(session, monitors.row_of(session, monitor_id), now)
        try:
            chosen = resolution(since_birth(span, past), past.kept, wanted)
        except StepNotKept as error:
            told = FieldError("/step", f"query: {error}")
            raise Invalid("The step is not valid.", [told]) from error
        points = latencies.points(session, past, span, chosen)
        if kind != JSON:
            listed = [PointOut.of(point) for point in points]
            written = csv_of(PointOut, listed) if kind == CSV else lines_of(listed)
            return Response(written, media_type=kind)
        whole = latencies.whole_of(session, past, span, chosen, points)
        found = LatencyPointsOut.of(span, chosen, whole, points)
        return Response(found.model_dump_json(by_alias=True), media_type=JSON)

    return await service.database.read(read)


@router.get("/monitors/{monitor_id}/slo")
async def slo(
    service: Wired,
    monitor_id: str,
    target: Annotated[
        float | None, Query(gt=0, lt=1, description="Instead of the monitor's own.")
    ] = None,
    window: Annotated[
        Literal["24h", "7d", "30d", "365d"] | None,
        Query(description="Instead of the monitor's own; 30d where it has none."),
    ] = None,
) -> SloReportOut:
    """How the monitor stands to its objective: error budget, and how fast it is used up."""
    now = clock.now()

    def read(session: Session) -> SloReportOut:
        found = monitors.load(session, monitor_id)
        asked = _asked(found.definition.slo, target, window)
        return objective_of(session, past_of(session, found.key, now), asked, now)

    return await service.database.read(read)


def objective_of(session: Session, past: Past, slo: Slo, now: datetime) -> SloReportOut:
    """How a monitor stands to an objective."""
    span = Span(now - length_of(slo.window), now)
    burning = {
        name: uptime_of(session, past, Span(now - length, now))
        for name, length in BURN_WINDOWS.items()
        if now - length >= span.since
    }
    return SloReportOut.of(
        slo,
        span,
        budget(uptime_of(session, past, span), slo.target),
        burn_rates(burning, slo.target),
        incidents.spans(session, past.monitor, *span),
    )


def _asked(own: Slo | None, target: float | None, window: str | None) -> Slo:
    target = target or (None if own is None else own.target)
    if target is None:
        told = "query: is needed, since the monitor has no objective (slo) of its own"
        raise Invalid("There is no objective.", [FieldError("/target", told)])
    return Slo(target=target, window=window or ("30d" if own is None else own.window))


def since_birth(window: Span, past: Past) -> Span:
    """A window without what lies before the monitor was made, which needs no step."""
    return Span(min(max(window.since, past.born), window.until - HOUR / 3600), window.until)
