"""Monitors, what they remember, their outcomes and incidents."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "monitors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("interval_us", sa.Integer(), nullable=True),
        sa.Column("cron", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("down_after", sa.Integer(), nullable=False),
        sa.Column("up_after", sa.Integer(), nullable=False),
        sa.Column("recheck_us", sa.Integer(), nullable=False),
        sa.Column("depends_on", sa.String(), nullable=False),
        sa.Column("channels", sa.String(), nullable=False),
        sa.Column("slo", sa.String(), nullable=True),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(interval_us IS NULL) <> (cron IS NULL)", name=op.f("ck_monitors_schedule")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitors")),
        sa.UniqueConstraint("key", name=op.f("uq_monitors_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_monitors_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "monitor_labels",
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
            name=op.f("fk_monitor_labels_monitor_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("monitor_id", "name", name=op.f("pk_monitor_labels")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_monitor_labels_name", "monitor_labels", ["name", "value"], unique=False)
    op.create_table(
        "watches",
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("tick_at", sa.Integer(), nullable=True),
        sa.Column("due_at", sa.Integer(), nullable=True),
        sa.Column("health", sa.String(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("downs", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("ups", sa.Integer(), nullable=False),
        sa.Column("not_ups", sa.Integer(), nullable=False),
        sa.Column("turned_at", sa.Integer(), nullable=True),
        sa.Column("recovered_at", sa.Integer(), nullable=True),
        sa.Column("flapping", sa.Boolean(), nullable=False),
        sa.Column("maintenance_since", sa.Integer(), nullable=True),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("unknown_since", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "health IN ('pending', 'up', 'degraded', 'down', 'unknown')",
            name=op.f("ck_watches_health"),
        ),
        sa.ForeignKeyConstraint(
            ["monitor_id"], ["monitors.id"], name=op.f("fk_watches_monitor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("monitor_id", name=op.f("pk_watches")),
    )
    op.create_index(
        "ix_watches_due",
        "watches",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_watches_incident",
        "watches",
        ["incident_id"],
        unique=False,
        sqlite_where=sa.text("incident_id IS NOT NULL"),
    )
    op.create_table(
        "monitor_outcomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("intended_at", sa.Integer(), nullable=False),
        sa.Column("late_us", sa.Integer(), nullable=True),
        sa.Column("missed", sa.Integer(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("http_version", sa.String(), nullable=True),
        sa.Column("final_url", sa.String(), nullable=True),
        sa.Column("redirects", sa.Integer(), nullable=False),
        sa.Column("remote_address", sa.String(), nullable=True),
        sa.Column("started_at", sa.Integer(), nullable=False),
        sa.Column("queued_us", sa.Integer(), nullable=False),
        sa.Column("total_us", sa.Integer(), nullable=True),
        sa.Column("name_lookup_us", sa.Integer(), nullable=True),
        sa.Column("connect_us", sa.Integer(), nullable=True),
        sa.Column("tls_us", sa.Integer(), nullable=True),
        sa.Column("wait_us", sa.Integer(), nullable=True),
        sa.Column("receive_us", sa.Integer(), nullable=True),
        sa.Column("body_bytes", sa.Integer(), nullable=True),
        sa.Column("excerpt", sa.String(), nullable=True),
        sa.Column("tls", sa.String(), nullable=True),
        sa.Column("earlier", sa.String(), nullable=True),
        sa.Column("error_bound_us", sa.Integer(), nullable=True),
        sa.Column("error_bound_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(status = 'up') = (reason IS NULL)", name=op.f("ck_monitor_outcomes_reason")
        ),
        sa.CheckConstraint(
            "status IN ('up', 'degraded', 'down', 'unknown')",
            name=op.f("ck_monitor_outcomes_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor_outcomes")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_monitor_outcomes_monitor", "monitor_outcomes", ["monitor_id", "id"], unique=False
    )
    op.create_table(
        "removed_monitors",
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("monitor_id", name=op.f("pk_removed_monitors")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("monitor_id", sa.Integer(), nullable=True),
        sa.Column("monitor_public_id", sa.String(), nullable=True),
        sa.Column("monitor_key", sa.String(), nullable=True),
        sa.Column("monitor_name", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("flapping", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.Integer(), nullable=False),
        sa.Column("acknowledged_at", sa.Integer(), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("resolved_at", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(status = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("ck_incidents_resolved")
        ),
        sa.CheckConstraint("status IN ('open', 'resolved')", name=op.f("ck_incidents_status")),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
            name=op.f("fk_incidents_monitor_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("public_id", name=op.f("uq_incidents_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_incidents_monitor", "incidents", ["monitor_id", "id"], unique=False)
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["monitor_id"],
        unique=True,
        sqlite_where=sa.text("status = 'open' AND monitor_id IS NOT NULL"),
    )
    op.create_table(
        "transitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("monitor_id", sa.Integer(), nullable=True),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_transitions_incident_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
            name=op.f("fk_transitions_monitor_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transitions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_transitions_incident", "transitions", ["incident_id", "id"], unique=False)
    op.create_index("ix_transitions_monitor", "transitions", ["monitor_id", "id"], unique=False)
    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("monitor_id", sa.Integer(), nullable=True),
        sa.Column("from_at", sa.Integer(), nullable=False),
        sa.Column("to_at", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.CheckConstraint("to_at >= from_at", name=op.f("ck_gaps_order")),
        sa.ForeignKeyConstraint(
            ["monitor_id"], ["monitors.id"], name=op.f("fk_gaps_monitor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
    )
    op.create_index("ix_gaps_monitor", "gaps", ["monitor_id", "to_at"], unique=False)


def downgrade() -> None:
    op.drop_table("gaps")
    op.drop_table("transitions")
    op.drop_table("incidents")
    op.drop_table("removed_monitors")
    op.drop_table("monitor_outcomes")
    op.drop_table("watches")
    op.drop_table("monitor_labels")
    op.drop_table("monitors")
