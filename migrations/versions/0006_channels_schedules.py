"""Channels and deliveries, maintenances, recurring batches and comparisons.

Columns of batches and comparisons are added in place, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("shown_url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=True),
        sa.Column("events", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("remind_every_us", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "type IN ('webhook', 'email', 'apprise')", name=op.f("ck_channels_type")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("key", name=op.f("uq_channels_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_channels_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("due_first_at", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.Integer(), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(status = 'pending') = (due_at IS NOT NULL)", name=op.f("ck_deliveries_due")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'sent', 'dead')", name=op.f("ck_deliveries_status")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_deliveries_channel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_deliveries_incident_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("public_id", name=op.f("uq_deliveries_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_incident", "deliveries", ["incident_id", "id"], unique=False)
    op.create_index(
        "ix_deliveries_pending",
        "deliveries",
        ["channel_id", "incident_id", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_deliveries_status", "deliveries", ["status", "id"], unique=False)
    op.create_table(
        "maintenances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("keys", sa.String(), nullable=False),
        sa.Column("labels", sa.String(), nullable=False),
        sa.Column("starts_at", sa.Integer(), nullable=True),
        sa.Column("ends_at", sa.Integer(), nullable=True),
        sa.Column("cron", sa.String(), nullable=True),
        sa.Column("duration_us", sa.Integer(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(cron IS NULL) = (duration_us IS NULL)", name=op.f("ck_maintenances_duration")
        ),
        sa.CheckConstraint(
            "(cron IS NULL) = (ends_at IS NOT NULL)", name=op.f("ck_maintenances_ends")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenances")),
        sa.UniqueConstraint("public_id", name=op.f("uq_maintenances_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("interval_us", sa.Integer(), nullable=True),
        sa.Column("cron", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("draft", sa.String(), nullable=False),
        sa.Column("keep", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.Integer(), nullable=True),
        sa.Column("last_id", sa.String(), nullable=True),
        sa.Column("last_at", sa.Integer(), nullable=True),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('batch', 'comparison')", name=op.f("ck_schedules_kind")),
        sa.CheckConstraint(
            "(interval_us IS NULL) <> (cron IS NULL)", name=op.f("ck_schedules_schedule")
        ),
        sa.CheckConstraint("keep BETWEEN 1 AND 10000", name=op.f("ck_schedules_keep")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["target_lists.id"], name=op.f("fk_schedules_list_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint("list_id", name=op.f("uq_schedules_list_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_schedules_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_schedules_due",
        "schedules",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.add_column("batches", sa.Column("schedule_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_batches_schedule",
        "batches",
        ["schedule_id"],
        unique=False,
        sqlite_where=sa.text("schedule_id IS NOT NULL"),
    )
    op.add_column("comparisons", sa.Column("schedule_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_comparisons_schedule",
        "comparisons",
        ["schedule_id"],
        unique=False,
        sqlite_where=sa.text("schedule_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_comparisons_schedule", "comparisons")
    op.drop_column("comparisons", "schedule_id")
    op.drop_index("ix_batches_schedule", "batches")
    op.drop_column("batches", "schedule_id")
    op.drop_table("schedules")
    op.drop_table("maintenances")
    op.drop_table("deliveries")
    op.drop_table("channels")
