"""When something recurs, as it is asked for: an interval, or a cron text in a time zone."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from app.api.asked import Faults
from app.domain.schedule import MAX_CRON_CHARACTERS, NeverFires, Schedule, check_cron, zone

_ONE: Final = "one of interval_seconds and cron has to be given"
Cron = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_CRON_CHARACTERS,
        description="Five fields, or six with seconds first.",
    ),
]
Timezone = Annotated[
    str, Field(max_length=100, description="Of the IANA database; what cron is read in.")
]


def schedule_of(
    interval: float | None, cron: str | None, timezone: str, now: datetime, faults: Faults
) -> Schedule | None:
    """The recurrence that was asked for; `None` when a fault was told."""
    if (interval is None) == (cron is None):
        faults.invalid(("interval_seconds",), _ONE if cron is None else f"{_ONE}, not both")
        return None
    if not fires(cron, timezone, now, faults):
        return None
    return Schedule(interval=interval, cron=cron, timezone=timezone)


def fires(cron: str | None, timezone: str, now: datetime, faults: Faults) -> bool:
    """Whether a cron text names an instant in a time zone; what is wrong goes to `faults`."""
    try:
        zone(timezone)
    except NeverFires as error:
        faults.invalid(("timezone",), str(error))
        return False
    try:
        if cron is not None:
            check_cron(cron, timezone, now)
    except NeverFires as error:
        faults.invalid(("cron",), str(error))
        return False
    return True
