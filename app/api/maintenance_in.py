"""Maintenance windows as they are asked for: of which monitors, and when."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from app.api.asked import Asked, Faults, Instant
from app.api.bodies import checked
from app.api.patch import patched
from app.api.recurring import Cron, Timezone, fires
from app.api.selections import SelectionIn, SelectionPatch
from app.api.targets import seconds_of
from app.domain.maintenance import MAX_DURATION_SECONDS, MIN_DURATION_SECONDS, Maintenance

_UTC: Final = "UTC"
# What lies outside is a slip of the pen, and calendars end somewhere.
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_PATCHED: Final = "null takes it away"

_Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Length = Annotated[
    float,
    BeforeValidator(seconds_of, json_schema_input_type=float | str),
    Field(ge=MIN_DURATION_SECONDS, le=MAX_DURATION_SECONDS),
]


class MaintenanceIn(Asked):
    """A window in which nobody is alerted: up to `ends_at`, or after whatever `cron` names."""

    title: _Title
    selection: SelectionIn
    starts_at: Instant | None = Field(
        default=None, description="Null: now; with cron: nothing is named before it."
    )
    ends_at: Instant | None = Field(default=None, description="Or cron.")
    cron: Cron | None = None
    duration_seconds: _Length | None = Field(default=None, description="With cron.")
    timezone: Timezone = _UTC

    def window(self, public_id: str, now: datetime) -> Maintenance:
        """The window, complete; raises `Invalid`."""
        faults = Faults()
        self.selection.check(faults)
        if (self.ends_at is None) == (self.cron is None):
            faults.invalid(("ends_at",), "one of ends_at and cron has to be given, not both")
        elif self.cron is None:
            self._check_once(now, faults)
        elif self.duration_seconds is None:
            faults.invalid(("duration_seconds",), "has to be given with cron")
        if self._lies_in_sight(faults):
            fires(self.cron, self.timezone, self.starts_at or now, faults)
        if faults:
            raise faults.error()
        return self._window(public_id, now)

    def _lies_in_sight(self, faults: Faults) -> bool:
        good = True
        for name, at in (("starts_at", self.starts_at), ("ends_at", self.ends_at)):
            if at is not None and not _FIRST_YEAR <= at.year <= _LAST_YEAR:
                faults.invalid((name,), f"lies outside of {_FIRST_YEAR} to {_LAST_YEAR}")
                good = False
        return good

    def _check_once(self, now: datetime, faults: Faults) -> None:
        if self.duration_seconds is not None:
            faults.invalid(("duration_seconds",), "belongs to cron; ends_at says how long it lasts")
        if self.ends_at is not None and self.ends_at <= (self.starts_at or now):
            faults.invalid(("ends_at",), "is not after the beginning")

    def _window(self, public_id: str, now: datetime) -> Maintenance:
        starts_at = self.starts_at
        if starts_at is None and self.cron is None:
            starts_at = now
        return Maintenance(
            id=public_id,
            title=self.title,
            keys=tuple(dict.fromkeys(self.selection.keys)),
            labels=self.selection.labels,
            starts_at=_in_utc(starts_at),
            ends_at=_in_utc(self.ends_at),
            cron=self.cron,
            duration=self.duration_seconds,
            timezone=self.timezone,
            created_at=now,
        )


class MaintenancePatch(Asked):
    """What is to be different (RFC 7396)."""

    title: _Title | None = None
    selection: SelectionPatch | None = None
    starts_at: Instant | None = Field(default=None, description=_PATCHED)
    ends_at: Instant | None = Field(default=None, description="Takes the place of cron.")
    cron: Cron | None = Field(default=None, description="Takes the place of ends_at.")
    duration_seconds: _Length | None = Field(default=None, description=_PATCHED)
    timezone: Timezone | None = Field(default=None, description="null: UTC")

    def merged_into(self, window: Maintenance, now: datetime) -> Maintenance:
        """The window with these changes; raises `Invalid`."""
        patch = self.model_dump(mode="json", exclude_unset=True)
        # Who gives one of the two means it to take the other's place.
        if self.cron is not None:
            patch.setdefault("ends_at", None)
        if self.ends_at is not None:
            patch.setdefault("cron", None)
            patch.setdefault("duration_seconds", None)
        asked = checked(json.dumps(patched(_document(window), patch)).encode(), MaintenanceIn)
        return asked.window(window.id, now)


def _document(window: Maintenance) -> dict[str, Any]:
    """A window as it would be asked for."""
    asked = MaintenanceIn(
        title=window.title,
        selection=SelectionIn(keys=list(window.keys), labels=dict(window.labels)),
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        cron=window.cron,
        duration_seconds=window.duration,
        timezone=window.timezone,
    )
    document: dict[str, Any] = asked.model_dump(mode="json", exclude_none=True)
    return document


def _in_utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
