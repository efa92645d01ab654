"""What many monitors came to in one window."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.monitor import Slo
from app.domain.uptime import Span
from app.domain.uptime_report import Figures, Line, UptimeReport
from app.storage.counts import count
from app.storage.instants import to_column
from app.storage.monitor_rows import IncidentRow, MonitorRow
from app.storage.monitors import labelled, labels_of
from app.storage.past import Past, pasts_of
from app.storage.uptimes import uptime_of


def report(
    session: Session, labels: Mapping[str, str], by: str | None, window: Span, now: datetime
) -> UptimeReport:
    """The uptime of every monitor that bears all of these labels, by key."""
    columns: tuple[Any, ...] = (
        MonitorRow.id, MonitorRow.public_id, MonitorRow.key, MonitorRow.name, MonitorRow.slo
    )  # fmt: skip
    rows = session.execute(labelled(select(*columns), labels).order_by(MonitorRow.key)).all()
    keys = [row.id for row in rows]
    own_labels = labels_of(session, keys)
    incidents = _incidents(session, window)
    lines = [
        Line(
            id=row.public_id,
            key=row.key,
            name=row.name,
            labels=own_labels.get(row.id, {}),
            slo=None if row.slo is None else Slo(**json.loads(row.slo)),
            figures=_figures(session, past, window, incidents.get(row.id, [])),
        )
        for row, past in zip(rows, pasts_of(session, keys, now), strict=True)
    ]
    return UptimeReport(window=window, labels=labels, by=by, lines=lines, now=now)


def _figures(session: Session, past: Past, window: Span, incidents: list[float | None]) -> Figures:
    counted = count(session, past, window)
    return Figures(
        uptime_of(session, past, window),
        checks=counted.checks,
        missed=counted.missed,
        incidents=len(incidents),
        lasted=[seconds for seconds in incidents if seconds is not None],
    )


def _incidents(session: Session, window: Span) -> dict[int, list[float | None]]:
    """How long each incident lasted that reaches into a window; `None`: it goes on."""
    columns = (IncidentRow.monitor_id, IncidentRow.opened_at, IncidentRow.resolved_at)
    query = select(*columns).where(
        IncidentRow.opened_at < to_column(window.until),
        IncidentRow.resolved_at.is_(None) | (IncidentRow.resolved_at > to_column(window.since)),
    )
    found: dict[int, list[float | None]] = {}
    for monitor, opened_at, resolved_at in session.execute(query):
        if monitor is not None:
            lasted = None if resolved_at is None else max(resolved_at - opened_at, 0) / 1e6
            found.setdefault(monitor, []).append(lasted)
    return found
