"""What people type into forms, and how it stands there: durations and local times."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

_LONGEST_FIRST: Final = (("d", 86_400), ("h", 3600), ("m", 60))
# What a browser sends of a field for a day and a time (HTML, 4.10.5.1.11), and a blank for its T.
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?\Z")
# Of the others nobody lives by, or they are old names of these.
_NOT_OFFERED: Final = ("Etc/", "SystemV/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")


class BadTyping(ValueError):
    """Something that was typed cannot be understood; its text is a sentence for people."""


def duration_text(seconds: float | None) -> str:
    """A duration as one would type it, in the largest unit of which it is a whole number."""
    if seconds is None:
        return ""
    for unit, factor in _LONGEST_FIRST:
        if seconds >= factor and seconds % factor == 0:
            return f"{seconds / factor:.0f}{unit}"
    return f"{seconds:.0f}s" if seconds == round(seconds) else f"{seconds}s"


def instant_of(typed: str, zone: ZoneInfo) -> datetime:
    """The instant of a local day and time; of two of the same name the first.

    Raises:
        BadTyping: it is none, or the clocks of that zone pass over it.
    """
    if not _LOCAL.match(typed):
        raise BadTyping("is not a day and a time, as in 2027-01-10 20:00")
    try:
        local = datetime.fromisoformat(typed)
        at = local.replace(tzinfo=zone).astimezone(UTC)
        back = at.astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise BadTyping("is no day of any calendar") from error
    if back != local:
        raise BadTyping(f"does not exist in {zone.key}: clocks are put forward over it")
    return at


def local_text(at: datetime | None, zone: ZoneInfo) -> str:
    """An instant as a field for a day and a time holds it."""
    if at is None:
        return ""
    return at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")


@cache
def zones() -> Sequence[str]:
    """The names of time zones to choose from; reads many files the first time."""
    known = available_timezones()
    return ["UTC", *sorted(z for z in known if "/" in z and not z.startswith(_NOT_OFFERED))]
