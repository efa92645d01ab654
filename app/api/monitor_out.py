"""Monitors as they are answered."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel, Field

from app.api.incident_out import BriefIncidentOut
from app.api.target_out import PlainTargetOut
from app.domain.monitor import Definition, Monitor, MonitorStatus, Result
from app.reports.monitor_outcomes import MonitorOutcomeOut
from app.services.placing import Placed
from checkers import ClientName, StrategyName


class ThresholdsOut(BaseModel):
    """How often something is seen in a row before it is believed."""

    down_after: int
    up_after: int
    recheck_seconds: float


class SloOut(BaseModel):
    """What share of the time it is to be up."""

    target: float
    window: str


class DefinitionOut(BaseModel):
    """A monitor as it was defined, defaults filled in, secrets masked."""

    key: str
    name: str | None
    labels: dict[str, str]
    target: PlainTargetOut
    interval_seconds: float | None
    cron: str | None
    timezone: str
    strategy: StrategyName
    client: ClientName
    enabled: bool
    thresholds: ThresholdsOut
    depends_on: list[str]
    channels: list[str]
    slo: SloOut | None

    @classmethod
    def of_definition(cls, definition: Definition) -> "DefinitionOut":
        return DefinitionOut(**_defined(definition))


class MonitorLinks(BaseModel):
    """Where more is to be read."""

    self: str
    outcomes: str
    uptime: str
    latency: str
    slo: str
    days: str
    incidents: str


class MonitorOut(DefinitionOut):
    """A monitor as it stands."""

    id: str
    status: MonitorStatus
    since: datetime
    suspect: bool = Field(description="It has failed, and is not believed to be down yet.")
    flapping: bool = Field(description="It fell again soon after a recovery.")
    next_due_at: datetime | None
    last_outcome: dict[str, Any] | None = Field(description="As of /monitors/{id}/outcomes.")
    open_incident: BriefIncidentOut | None
    created_at: datetime
    updated_at: datetime
    links: MonitorLinks

    @classmethod
    def of(cls, monitor: Monitor) -> "MonitorOut":
        last, incident, here = (
            monitor.last_outcome, monitor.open_incident, f"/api/v1/monitors/{monitor.id}",
        )  # fmt: skip
        outcome = None if last is None else msgspec.to_builtins(MonitorOutcomeOut.of_kept(last))
        return cls(
            **_defined(monitor.definition),
            id=monitor.id,
            status=monitor.status,
            since=monitor.since,
            suspect=monitor.watch.suspect,
            flapping=monitor.watch.flapping,
            next_due_at=monitor.next_due_at,
            last_outcome=outcome,
            open_incident=None if incident is None else BriefIncidentOut.brief(incident),
            created_at=monitor.created_at,
            updated_at=monitor.updated_at,
            links=MonitorLinks(
                self=here,
                outcomes=f"{here}/outcomes",
                uptime=f"{here}/uptime",
                latency=f"{here}/latency",
                slo=f"{here}/slo",
                days=f"{here}/days",
                incidents=f"/api/v1/incidents?monitor={monitor.id}",
            ),
        )


class MonitorPage(BaseModel):
    """Monitors in the order they were made."""

    items: list[MonitorOut]
    next_cursor: str | None


class RowProblem(BaseModel):
    """One thing wrong with a row; the pointer leads into the request."""

    pointer: str
    detail: str


class PlacedOut(BaseModel):
    """What became of one row. With dry_run, also what it would be and what its check ended in."""

    index: int
    key: str | None
    id: str | None
    result: Result
    errors: list[RowProblem]
    monitor: DefinitionOut | None = Field(default=None, description="With dry_run.")
    outcome: dict[str, Any] | None = Field(default=None, description="With dry_run.")

    @classmethod
    def of(cls, placed: Placed, at: str = "") -> "PlacedOut":
        return cls(
            index=placed.index,
            key=placed.key,
            id=placed.id,
            result=placed.result,
            errors=[
                RowProblem(pointer=at + error.pointer, detail=error.detail)
                for error in placed.errors
            ],
        )


class ManyPlacedOut(BaseModel):
    """What became of many: each row for itself."""

    created: int
    changed: int
    unchanged: int
    refused: int
    items: list[PlacedOut]

    @classmethod
    def of(cls, items: list[PlacedOut]) -> "ManyPlacedOut":
        counts = {result.value: 0 for result in Result}
        for item in items:
            counts[item.result.value] += 1
        return cls(**counts, items=items)


class SelectedOut(BaseModel):
    """What was done to a selection."""

    matched: int
    changed: int


def _defined(definition: Definition) -> dict[str, Any]:
    limits, slo = definition.thresholds, definition.slo
    return {
        "key": definition.key,
        "name": definition.name,
        "labels": dict(definition.labels),
        "target": PlainTargetOut.of_target(definition.target),
        "interval_seconds": definition.schedule.interval,
        "cron": definition.schedule.cron,
        "timezone": definition.schedule.timezone,
        "strategy": definition.strategy,
        "client": definition.client,
        "enabled": definition.enabled,
        "thresholds": ThresholdsOut(
            down_after=limits.down_after,
            up_after=limits.up_after,
            recheck_seconds=limits.recheck,
        ),
        "depends_on": list(definition.depends_on),
        "channels": list(definition.channels),
        "slo": None if slo is None else SloOut(target=slo.target, window=slo.window),
    }
