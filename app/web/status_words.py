"""What a status page says in words; no status is told by its colour alone."""

from datetime import datetime
from typing import Final

from app.domain.public_failure import Failure
from app.domain.status_page import GOING_ON, ComponentStatus, MatterStatus
from app.domain.status_report import Matter

#: Of a component, or of a day of one; `None`: nothing is known.
STATUS: Final[dict[ComponentStatus | None, str]] = {
    ComponentStatus.OPERATIONAL: "Operational",
    ComponentStatus.UNDER_MAINTENANCE: "Under maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "Degraded performance",
    ComponentStatus.PARTIAL_OUTAGE: "Partial outage",
    ComponentStatus.MAJOR_OUTAGE: "Major outage",
    None: "No data",
}
#: Of a whole page.
OVERALL: Final[dict[ComponentStatus | None, str]] = {
    ComponentStatus.OPERATIONAL: "All systems operational",
    ComponentStatus.UNDER_MAINTENANCE: "Maintenance under way",
    ComponentStatus.DEGRADED_PERFORMANCE: "Degraded performance",
    ComponentStatus.PARTIAL_OUTAGE: "Partial outage",
    ComponentStatus.MAJOR_OUTAGE: "Major outage",
    None: "Nothing is known yet",
}
MATTER: Final[dict[MatterStatus, str]] = {
    MatterStatus.INVESTIGATING: "Investigating",
    MatterStatus.IDENTIFIED: "Identified",
    MatterStatus.MONITORING: "Monitoring",
    MatterStatus.RESOLVED: "Resolved",
    MatterStatus.SCHEDULED: "Scheduled",
    MatterStatus.NOTE: "Note",
}
_FAILED: Final[dict[Failure | None, str]] = {
    Failure.UNREACHABLE: "could not be reached",
    Failure.NO_ANSWER: "did not answer",
    Failure.INSECURE: "could not be reached securely",
    Failure.WRONG_ANSWER: "did not answer as it should",
    Failure.SLOW: "was too slow",
    None: "was not available",
}


def title_of(matter: Matter) -> str:
    """What a matter is called: as people named it, or by what failed."""
    if matter.title is not None:
        return matter.title
    return f"{', '.join(matter.components) or 'A component'} {_FAILED[matter.failure]}"


def state_of(matter: Matter) -> str:
    """How a matter stands: as people said last, unless a check knows that it is over."""
    said = matter.updates[0].status if matter.updates else None
    if matter.incident and (said is None or (said in GOING_ON) != (matter.ended_at is None)):
        return "Resolved" if matter.ended_at is not None else "Going on"
    return MATTER[said] if said is not None else ""


def instant(at: datetime) -> str:
    """An instant as RFC 3339 has it, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def minute(at: datetime) -> str:
    """An instant as people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
