"""The tables of monitors: what is watched, what is believed of it, and who is told.

Durations are whole microseconds, instants whole microseconds since the epoch (UTC).
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.rows import OutcomeColumns, Row

_STATUSES = "('up', 'degraded', 'down', 'unknown')"
_HEALTHS = "('pending', 'up', 'degraded', 'down', 'unknown')"


class MonitorRow(Row):
    """A target with a schedule, as it was defined; `target`, `depends_on`, `channels`, `slo` JSON.

    Secrets in `target` are sealed.
    """

    __tablename__ = "monitors"
    __table_args__ = (
        CheckConstraint("(interval_us IS NULL) <> (cron IS NULL)", name="schedule"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    url: Mapped[str]
    target: Mapped[str]
    interval_us: Mapped[int | None]
    cron: Mapped[str | None]
    timezone: Mapped[str]
    strategy: Mapped[str]
    client: Mapped[str]
    enabled: Mapped[bool]
    down_after: Mapped[int]
    up_after: Mapped[int]
    recheck_us: Mapped[int]
    depends_on: Mapped[str]
    channels: Mapped[str]
    slo: Mapped[str | None]
    created_at: Mapped[int]
    updated_at: Mapped[int]


class MonitorLabelRow(Row):
    """A label of a monitor."""

    __tablename__ = "monitor_labels"
    __table_args__ = (
        Index("ix_monitor_labels_name", "name", "value"),
        {"sqlite_with_rowid": False},
    )

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitors.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class WatchRow(Row):
    """What is believed of a monitor, and when it is due.

    `tick_at` is its next regular turn, `due_at` that or a re-check before it; both are null while
    it is paused. `incident_id` is its open incident. `unknown_since` is when its outcomes began to
    tell nothing of it.
    """

    __tablename__ = "watches"
    __table_args__ = (
        CheckConstraint(f"health IN {_HEALTHS}", name="health"),
        Index("ix_watches_due", "due_at", sqlite_where=text("due_at IS NOT NULL")),
        Index("ix_watches_incident", "incident_id", sqlite_where=text("incident_id IS NOT NULL")),
    )

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitors.id", ondelete="CASCADE"), primary_key=True
    )
    tick_at: Mapped[int | None]
    due_at: Mapped[int | None]
    health: Mapped[str]
    since: Mapped[int]
    downs: Mapped[int]
    answers: Mapped[int]
    ups: Mapped[int]
    not_ups: Mapped[int]
    turned_at: Mapped[int | None]
    recovered_at: Mapped[int | None]
    flapping: Mapped[bool]
    maintenance_since: Mapped[int | None]
    incident_id: Mapped[int | None]
    unknown_since: Mapped[int | None]


class MonitorOutcomeRow(OutcomeColumns, Row):
    """What one check of a monitor ended in, or which turns were missed and why.

    `url` is null while it is the monitor's present one. `missed` counts turns that no check was
    made in; then there is no more than a reason. They outlive their monitor until they are swept.
    """

    __tablename__ = "monitor_outcomes"
    __table_args__ = (
        CheckConstraint(f"status IN {_STATUSES}", name="status"),
        CheckConstraint("(status = 'up') = (reason IS NULL)", name="reason"),
        Index("ix_monitor_outcomes_monitor", "monitor_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    monitor_id: Mapped[int]
    intended_at: Mapped[int]
    late_us: Mapped[int | None]
    missed: Mapped[int | None]
    url: Mapped[str | None]


class RemovedMonitorRow(Row):
    """A monitor that is gone and whose outcomes are still to be swept."""

    __tablename__ = "removed_monitors"

    monitor_id: Mapped[int] = mapped_column(primary_key=True)


class IncidentRow(Row):
    """A span of trouble. Without a monitor's key it is our own connectivity.

    Who the monitor was is kept, since it may be removed before its incident is read.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'resolved')", name="status"),
        CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name="resolved"),
        Index(
            "uq_incidents_open",
            "monitor_id",
            unique=True,
            sqlite_where=text("status = 'open' AND monitor_id IS NOT NULL"),
        ),
        Index("ix_incidents_open", "id", sqlite_where=text("status = 'open'")),
        Index("ix_incidents_monitor", "monitor_id", "id"),
        Index("ix_incidents_resolved_at", "resolved_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    monitor_id: Mapped[int | None] = mapped_column(ForeignKey("monitors.id", ondelete="SET NULL"))
    monitor_public_id: Mapped[str | None]
    monitor_key: Mapped[str | None]
    monitor_name: Mapped[str | None]
    status: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    flapping: Mapped[bool]
    told: Mapped[bool]
    opened_at: Mapped[int]
    acknowledged_at: Mapped[int | None]
    acknowledged_by: Mapped[str | None]
    resolved_at: Mapped[int | None]


class TransitionRow(Row):
    """One thing that happened to a monitor or in an incident; its id orders the world's events."""

    __tablename__ = "transitions"
    __table_args__ = (
        Index("ix_transitions_monitor", "monitor_id", "id"),
        Index("ix_transitions_incident", "incident_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    monitor_id: Mapped[int | None] = mapped_column(ForeignKey("monitors.id", ondelete="SET NULL"))
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    at: Mapped[int]
    entry: Mapped[str]
    before: Mapped[str | None]
    status: Mapped[str | None]
    reason: Mapped[str | None]
    text: Mapped[str | None]
    author: Mapped[str | None]


class GapRow(Row):
    """A span in which nothing was known: of one monitor, or of all where none is named."""

    __tablename__ = "gaps"
    __table_args__ = (
        CheckConstraint("to_at >= from_at", name="order"),
        Index("ix_gaps_monitor", "monitor_id", "to_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    monitor_id: Mapped[int | None] = mapped_column(ForeignKey("monitors.id", ondelete="CASCADE"))
    from_at: Mapped[int]
    to_at: Mapped[int]
    why: Mapped[str]


class MaintenanceRow(Row):
    """A window in which nobody is alerted: once, or again and again; `keys`, `labels` are JSON."""

    __tablename__ = "maintenances"
    __table_args__ = (
        CheckConstraint("(cron IS NULL) = (ends_at IS NOT NULL)", name="ends"),
        CheckConstraint("(cron IS NULL) = (duration_us IS NULL)", name="duration"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    keys: Mapped[str]
    labels: Mapped[str]
    starts_at: Mapped[int | None]
    ends_at: Mapped[int | None]
    cron: Mapped[str | None]
    duration_us: Mapped[int | None]
    timezone: Mapped[str]
    created_at: Mapped[int]


class ScheduleRow(Row):
    """A batch or a comparison to be made again and again; `draft` is JSON without its targets."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("(interval_us IS NULL) <> (cron IS NULL)", name="schedule"),
        CheckConstraint("kind IN ('batch', 'comparison')", name="kind"),
        CheckConstraint("keep BETWEEN 1 AND 10000", name="keep"),
        UniqueConstraint("list_id"),
        Index("ix_schedules_due", "due_at", sqlite_where=text("due_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    interval_us: Mapped[int | None]
    cron: Mapped[str | None]
    timezone: Mapped[str]
    kind: Mapped[str]
    list_id: Mapped[int] = mapped_column(ForeignKey("target_lists.id"))
    draft: Mapped[str]
    keep: Mapped[int]
    enabled: Mapped[bool]
    due_at: Mapped[int | None]
    last_id: Mapped[str | None]
    last_at: Mapped[int | None]
    missed: Mapped[int]
    created_at: Mapped[int]
