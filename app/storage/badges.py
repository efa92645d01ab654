"""What badges tell of one monitor; `None` where nothing is known, or it is gone."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.domain.uptime import Span
from app.storage import standings
from app.storage.latencies import latencies
from app.storage.past import Past, pasts_of
from app.storage.uptimes import uptime_of


def uptime(session: Session, monitor: int, length: timedelta, now: datetime) -> float | None:
    """The share of a window that ends now in which it was up."""
    past = _past(session, monitor, now)
    return None if past is None else uptime_of(session, past, Span(now - length, now)).ratio


def p95(session: Session, monitor: int, length: timedelta, now: datetime) -> float | None:
    """Seconds in which 95 of a hundred checks of a window that ends now were answered."""
    past = _past(session, monitor, now)
    if past is None:
        return None
    found = latencies(session, past, Span(now - length, now)).percentiles()
    return None if found is None else found.p95


def certificate_days(session: Session, monitor: int, now: datetime) -> float | None:
    """Days until the certificate runs out that was seen last; below nought once it has."""
    for read in reversed(standings.last_reads(session, [monitor])[monitor]):
        if read.not_after is not None:
            return (read.not_after - now.timestamp()) / 86_400
    return None


def _past(session: Session, monitor: int, now: datetime) -> Past | None:
    return next(pasts_of(session, [monitor], now), None)
