"""The tables. What must hold of the data, the database states itself.

Durations are whole microseconds, instants whole microseconds since the epoch (UTC).
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, MetaData, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_STATUSES = "('up', 'degraded', 'down', 'unknown')"
_RUN_STATUSES = "('queued', 'running', 'completed', 'cancelled', 'failed')"


class Row(DeclarativeBase):
    """Names every constraint, so that a migration can speak of it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class MetaRow(Row):
    """A fact about the database itself."""

    __tablename__ = "meta"
    __table_args__ = ({"sqlite_with_rowid": False},)

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class IdempotencyRow(Row):
    """What a request with an Idempotency-Key made; written in the commit that made it.

    `scope` is method and path, `digest` the SHA-256 of what was sent.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index("ix_idempotency_keys_created_at", "created_at"),
        {"sqlite_with_rowid": False},
    )

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    made: Mapped[str]
    created_at: Mapped[int]


class TargetListRow(Row):
    """Targets asked together; the rounds of a comparison share one list."""

    __tablename__ = "target_lists"
    __table_args__ = (CheckConstraint("total > 0", name="total"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[int]
    defaults: Mapped[str]


class TargetRow(Row):
    """One target: its URL, and all of it as JSON where it differs from the list's defaults."""

    __tablename__ = "targets"
    __table_args__ = (CheckConstraint("seq >= 0", name="seq"), {"sqlite_with_rowid": False})

    list_id: Mapped[int] = mapped_column(
        ForeignKey("target_lists.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]
    spec: Mapped[str | None]


class ComparisonRow(Row):
    """Strategies side by side over one list of targets.

    `sizes` is JSON: how many of the targets; all of them where it is not there. `evidence` is JSON:
    what its outcomes say, written once it has ended.
    """

    __tablename__ = "comparisons"
    __table_args__ = (
        CheckConstraint(f"status IN {_RUN_STATUSES}", name="status"),
        CheckConstraint("rounds BETWEEN 1 AND 100", name="rounds"),
        CheckConstraint(
            "(finished_at IS NULL) = (status IN ('queued', 'running'))", name="finished"
        ),
        Index("ix_comparisons_waiting", "id", sqlite_where=text("status IN ('queued', 'running')")),
        Index(
            "ix_comparisons_schedule", "schedule_id", sqlite_where=text("schedule_id IS NOT NULL")
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("target_lists.id"), index=True)
    name: Mapped[str | None]
    labels: Mapped[str]
    status: Mapped[str]
    error: Mapped[str | None]
    contenders: Mapped[str]
    baseline: Mapped[str | None]
    rounds: Mapped[int]
    pace: Mapped[str]
    per_host: Mapped[int]
    seed: Mapped[int]
    created_at: Mapped[int]
    started_at: Mapped[int | None]
    finished_at: Mapped[int | None]
    sizes: Mapped[str | None]
    machine: Mapped[str | None]
    evidence: Mapped[str | None]
    schedule_id: Mapped[int | None]


class ExperimentRow(Row):
    """Strategies side by side over a workload of the laboratory."""

    __tablename__ = "experiments"
    __table_args__ = (
        CheckConstraint(f"status IN {_RUN_STATUSES}", name="status"),
        CheckConstraint("rounds BETWEEN 1 AND 100", name="rounds"),
        CheckConstraint(
            "(finished_at IS NULL) = (status IN ('queued', 'running'))", name="finished"
        ),
        Index("ix_experiments_waiting", "id", sqlite_where=text("status IN ('queued', 'running')")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    labels: Mapped[str]
    status: Mapped[str]
    error: Mapped[str | None]
    workload: Mapped[str]
    url: Mapped[str | None]
    items: Mapped[int]
    size: Mapped[int | None]
    contenders: Mapped[str]
    baseline: Mapped[str | None]
    rounds: Mapped[int]
    seed: Mapped[int]
    machine: Mapped[str | None]
    created_at: Mapped[int]
    started_at: Mapped[int | None]
    finished_at: Mapped[int | None]


class LabRunRow(Row):
    """One run of an experiment that came to its end; `tally`, `figures`, `metrics` are JSON."""

    __tablename__ = "lab_runs"
    __table_args__ = (
        UniqueConstraint("experiment_id", "round", "contender"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    round: Mapped[int]
    contender: Mapped[str]
    done: Mapped[int]
    tally: Mapped[str]
    setup_us: Mapped[int]
    wall_us: Mapped[int]
    figures: Mapped[str]
    metrics: Mapped[str]


class BatchRow(Row):
    """A list of targets to be checked with one strategy, and how far that has come.

    `tally` is JSON: outcomes by status and by reason, written with the outcomes it counts.
    `figures` is JSON: percentiles and cost, written once, when the run completes.
    `round` counts the rounds of all sizes one after the other, from 1; what is not above 0 is a
    warm-up. `choice` is JSON: why it has its strategy, where that was left to us.
    `callback_status` is `pending` until the batch has ended, then `due`, `sent` or `dead`.
    """

    __tablename__ = "batches"
    __table_args__ = (
        CheckConstraint(f"status IN {_RUN_STATUSES}", name="status"),
        CheckConstraint("done BETWEEN 0 AND total", name="done"),
        CheckConstraint("status <> 'completed' OR done = total", name="completed"),
        CheckConstraint(
            "(finished_at IS NULL) = (status IN ('queued', 'running'))", name="finished"
        ),
        CheckConstraint("(comparison_id IS NULL) = (round IS NULL)", name="round"),
        UniqueConstraint("comparison_id", "round", "contender"),
        Index("ix_batches_waiting", "id", sqlite_where=text("status IN ('queued', 'running')")),
        Index("ix_batches_listed", "id", sqlite_where=text("comparison_id IS NULL")),
        Index("ix_batches_schedule", "schedule_id", sqlite_where=text("schedule_id IS NOT NULL")),
        Index("ix_batches_finished", "finished_at", sqlite_where=text("finished_at IS NOT NULL")),
        Index(
            "ix_batches_due",
            "callback_due_at",
            sqlite_where=text("callback_status = 'due'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("target_lists.id"), index=True)
    name: Mapped[str | None]
    labels: Mapped[str]
    status: Mapped[str]
    strategy: Mapped[str]
    client: Mapped[str]
    concurrency: Mapped[int]
    per_host: Mapped[int]
    pace: Mapped[str]
    total: Mapped[int]
    done: Mapped[int]
    tally: Mapped[str]
    created_at: Mapped[int]
    started_at: Mapped[int | None]
    finished_at: Mapped[int | None]
    setup_us: Mapped[int | None]
    wall_us: Mapped[int | None]
    figures: Mapped[str | None]
    interruptions: Mapped[int]
    error: Mapped[str | None]
    comparison_id: Mapped[int | None] = mapped_column(
        ForeignKey("comparisons.id", ondelete="CASCADE")
    )
    round: Mapped[int | None]
    contender: Mapped[str | None]
    callback_url: Mapped[str | None]
    callback_status: Mapped[str | None]
    callback_tries: Mapped[int | None]
    callback_due_at: Mapped[int | None]
    callback_error: Mapped[str | None]
    choice: Mapped[str | None]
    schedule_id: Mapped[int | None]


class OutcomeColumns:
    """What a check ended in, wherever it is kept."""

    status: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    http_status: Mapped[int | None]
    http_version: Mapped[str | None]
    final_url: Mapped[str | None]
    redirects: Mapped[int]
    remote_address: Mapped[str | None]
    started_at: Mapped[int]
    queued_us: Mapped[int]
    total_us: Mapped[int | None]
    name_lookup_us: Mapped[int | None]
    connect_us: Mapped[int | None]
    tls_us: Mapped[int | None]
    wait_us: Mapped[int | None]
    receive_us: Mapped[int | None]
    body_bytes: Mapped[int | None]
    excerpt: Mapped[str | None]
    tls: Mapped[str | None]
    earlier: Mapped[str | None]
    error_bound_us: Mapped[int | None]
    error_bound_by: Mapped[str | None]


class OutcomeRow(OutcomeColumns, Row):
    """What the check of one target ended in; there is never a second one."""

    __tablename__ = "outcomes"
    __table_args__ = (
        CheckConstraint(f"status IN {_STATUSES}", name="status"),
        CheckConstraint("(status = 'up') = (reason IS NULL)", name="reason"),
        Index("ix_outcomes_not_up", "batch_id", "seq", sqlite_where=text("reason IS NOT NULL")),
        {"sqlite_with_rowid": False},
    )

    batch_id: Mapped[int] = mapped_column(
        ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True)
