"""What the page of a monitor tells of its past: uptime, latencies, incidents, outcomes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from app.api.monitor_figures import objective_of, since_birth
from app.api.uptime_out import SloReportOut
from app.api.windows import length_of
from app.domain.batch import Percentiles
from app.domain.incident import Incident
from app.domain.maintenance import Maintenance, active, next_change
from app.domain.monitor import Definition, Monitor
from app.domain.resolution import Source, resolution
from app.domain.uptime import Span, Uptime
from app.storage import (
    counts,
    incident_pages,
    incidents,
    latencies,
    maintenances,
    monitor_outcomes,
    monitor_pages,
    spells,
)
from app.storage.latencies import Point
from app.storage.monitor_outcomes import Wanted
from app.storage.past import Past, past_of
from app.storage.uptimes import uptime_of
from app.web import outcomes, timelines
from app.web.glances import Glances, Strip
from app.web.timelines import Line, Reading, Spans

#: The windows one can choose from, and how they are called.
WINDOWS: Final = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "365d": "365 days"}
_OUTCOMES: Final = 25
_INCIDENTS: Final = 20


class Tile(NamedTuple):
    """A window with what share of it the target was up.

    Attributes:
        known: seconds of which it is known whether it was.
    """

    name: str
    ratio: float | None
    known: float
    down: float
    checks: int
    incidents: int


class Chart(NamedTuple):
    """Latencies through the chosen window.

    Attributes:
        line: what they are drawn on.
        phases: empty where the window is too long for them to be kept.
        whole: percentiles of the window, in seconds.
    """

    line: Line
    readings: Sequence[Reading]
    phases: Sequence[Reading]
    whole: Percentiles | None
    checks: int
    source: Source
    spans: Spans

    @property
    def drawn(self) -> Any:
        return timelines.percentiles(self.line, self.readings, self.spans)

    @property
    def stacked(self) -> Any:
        return timelines.stacked(self.line, self.phases)


class Seen(NamedTuple):
    """A monitor with all that its page shows of it."""

    row: int
    monitor: Monitor
    strip: Strip
    tiles: Sequence[Tile]
    objective: SloReportOut | None
    chart: Chart
    incidents: Sequence[Incident]
    more_incidents: bool
    maintenances: Sequence[tuple[Maintenance, datetime | None]]
    outcomes: Sequence[Mapping[str, Any]]


def read(session: Session, name: str, window: str, now: datetime, glances: Glances) -> Seen:
    """Everything the page of a monitor shows, as of one instant.

    Raises:
        NotFound: there is no such monitor.
    """
    row, monitor = monitor_pages.load(session, name)
    past = past_of(session, row, now)
    slo = monitor.definition.slo
    told, following = incident_pages.brief(
        session, incident_pages.Wanted(monitor=row), _INCIDENTS, None
    )
    last, _ = monitor_outcomes.page(session, Wanted(row), _OUTCOMES)
    return Seen(
        row=row,
        monitor=monitor,
        strip=glances.read(session, [row])[row],
        tiles=[_tile(session, past, each, now) for each in WINDOWS],
        objective=None if slo is None else objective_of(session, past, slo, now),
        chart=_chart(session, past, monitor.definition, Span(now - length_of(window), now)),
        incidents=told,
        more_incidents=following is not None,
        maintenances=_announced(session, monitor.definition, now),
        outcomes=[outcomes.kept(each) for each in last],
    )


def _tile(session: Session, past: Past, name: str, now: datetime) -> Tile:
    span = Span(now - length_of(name), now)
    found: Uptime = uptime_of(session, past, span)
    return Tile(
        name=WINDOWS[name],
        ratio=found.ratio,
        known=found.known,
        down=found.down,
        checks=counts.count(session, past, span).checks,
        incidents=len(incidents.spans(session, past.monitor, *span)),
    )


def _chart(session: Session, past: Past, definition: Definition, asked: Span) -> Chart:
    window = since_birth(asked, past)
    chosen = resolution(window, past.kept, None)
    points = latencies.points(session, past, asked, chosen)
    whole = latencies.whole_of(session, past, asked, chosen, points)
    # A check that is a little late leaves no gap, nor does one that was missed.
    gap = max(chosen.step, definition.schedule.period(past.now)) * 2.5
    broken = incidents.spans(session, past.monitor, *window)
    return Chart(
        line=Line(window, chosen.step, gap),
        readings=[_reading(point) for point in points],
        # Days keep none: what has not become a day yet would stand there alone.
        phases=[]
        if chosen.source is Source.DAYS
        else [_phases(point) for point in points if point.phases],
        whole=whole.percentiles(),
        checks=len(whole),
        source=chosen.source,
        spans=Spans(
            [Span(each.opened_at, each.resolved_at or past.now) for each in broken],
            spells.maintained(session, past.monitor, window),
        ),
    )


def _reading(point: Point) -> Reading:
    found = point.total.percentiles()
    assert found is not None
    return Reading(point.at, {"p50": found.p50, "p95": found.p95, "p99": found.p99})


def _phases(point: Point) -> Reading:
    return Reading(
        point.at, {name: each.value_at(50) for name, each in point.phases.items() if len(each)}
    )


def _announced(
    session: Session, definition: Definition, now: datetime
) -> list[tuple[Maintenance, datetime | None]]:
    """Maintenances of a monitor that go on or are to come, with when that changes next."""
    return [
        (each, change)
        for each in maintenances.all_windows(session)
        if _is_of(each, definition)
        and ((change := next_change(each, now)) is not None or active(each, now))
    ]


def _is_of(window: Maintenance, definition: Definition) -> bool:
    labels = window.labels.items()
    return definition.key in window.keys or bool(labels and labels <= definition.labels.items())
