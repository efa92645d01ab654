"""Outcomes of monitors as they are answered."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from app.domain.monitor import MonitorOutcome
from app.reports.outcomes import CheckOut, OutcomeOut
from checkers import Outcome


class MonitorOutcomeOut(OutcomeOut, frozen=True):
    """What a check of a monitor ended in, and how punctual it was.

    `lateness_ms` is from `intended_at` to its beginning, by a clock that nobody moves. Where turns
    were missed, `missed` says how many, and there is no more than the reason.
    """

    intended_at: datetime
    lateness_ms: float | None
    missed: int | None

    @classmethod
    def of_kept(cls, kept: MonitorOutcome) -> "MonitorOutcomeOut":
        plain = OutcomeOut.of_stored(kept.stored)
        return cls(
            **{name: getattr(plain, name) for name in OutcomeOut.__struct_fields__},
            intended_at=datetime.fromtimestamp(kept.intended_at / 1e6, UTC),
            lateness_ms=None if kept.late_us is None else kept.late_us / 1e3,
            missed=kept.missed,
        )


class MonitorOutcomePage(msgspec.Struct, frozen=True):
    """Outcomes of a monitor, newest first."""

    items: list[MonitorOutcomeOut]
    next_cursor: str | None


class MonitorCheckOut(CheckOut, frozen=True):
    """What a check by hand ended in, with every expectation."""

    intended_at: datetime
    lateness_ms: float | None
    missed: int | None

    @classmethod
    def by_hand(cls, outcome: Outcome, intended_at: datetime) -> "MonitorCheckOut":
        plain = CheckOut.with_findings(outcome)
        return cls(
            **{name: getattr(plain, name) for name in CheckOut.__struct_fields__},
            intended_at=intended_at,
            lateness_ms=round(outcome.queued * 1e3, 3),
            missed=None,
        )


def schemas() -> dict[str, Any]:
    """What the OpenAPI document says of all this."""
    _, components = msgspec.json.schema_components(
        [MonitorOutcomePage, MonitorCheckOut], ref_template="#/components/schemas/{name}"
    )
    return components
