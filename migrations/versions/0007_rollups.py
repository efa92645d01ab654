"""Roll-ups of what monitors' outcomes came to, by the hour and by the day."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rolls",
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("rolled_until", sa.Integer(), nullable=False),
        sa.Column("outcome_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.CheckConstraint("rolled_until % 3600000000 = 0", name=op.f("ck_rolls_hour")),
        sa.ForeignKeyConstraint(
            ["monitor_id"],
            ["monitors.id"],
            name=op.f("fk_rolls_monitor_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("monitor_id", name=op.f("pk_rolls")),
    )
    op.create_table("monitor_days", *_slot("monitor_days"))
    op.create_table(
        "monitor_hours",
        *_slot("monitor_hours"),
        *(
            sa.Column(name, sa.LargeBinary(), nullable=True)
            for name in ("name_lookup", "connect", "tls", "wait", "receive")
        ),
        sa.Column("first_outcome", sa.Integer(), nullable=True),
        sa.Column("last_outcome", sa.Integer(), nullable=True),
    )
    # The month's report asks for what was open in the month.
    op.create_index("ix_incidents_resolved_at", "incidents", ["resolved_at"])


def _slot(table: str) -> list[sa.schema.SchemaItem]:
    seconds = ("up_us", "degraded_us", "down_us", "unknown_us", "maintenance_us", "paused_us")
    counts = ("ups", "degradeds", "downs", "unknowns", "missed")
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("hidden", sa.Boolean(), nullable=True),
        sa.Column("through", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in (*seconds, *counts)),
        sa.Column("reasons", sa.String(), nullable=True),
        sa.Column("total", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def downgrade() -> None:
    op.drop_index("ix_incidents_resolved_at", "incidents")
    op.drop_table("monitor_hours")
    op.drop_table("monitor_days")
    op.drop_table("rolls")
