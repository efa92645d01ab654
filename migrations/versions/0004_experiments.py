"""Experiments of the laboratory; sizes, machine and evidence of comparisons; why a batch chose.

Columns are added in place, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OF_COMPARISONS = ("sizes", "machine", "evidence")


def upgrade() -> None:
    for name in _OF_COMPARISONS:
        op.add_column("comparisons", sa.Column(name, sa.String(), nullable=True))
    op.add_column("batches", sa.Column("choice", sa.String(), nullable=True))
    op.create_table(
        "experiments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("labels", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("workload", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("contenders", sa.String(), nullable=False),
        sa.Column("baseline", sa.String(), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("machine", sa.String(), nullable=True),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.Integer(), nullable=True),
        sa.Column("finished_at", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'completed', 'cancelled', 'failed')",
            name=op.f("ck_experiments_status"),
        ),
        sa.CheckConstraint("rounds BETWEEN 1 AND 100", name=op.f("ck_experiments_rounds")),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (status IN ('queued', 'running'))",
            name=op.f("ck_experiments_finished"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
        sa.UniqueConstraint("public_id", name=op.f("uq_experiments_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_experiments_waiting",
        "experiments",
        ["id"],
        sqlite_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_table(
        "lab_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("contender", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("tally", sa.String(), nullable=False),
        sa.Column("setup_us", sa.Integer(), nullable=False),
        sa.Column("wall_us", sa.Integer(), nullable=False),
        sa.Column("figures", sa.String(), nullable=False),
        sa.Column("metrics", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_lab_runs_experiment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_runs")),
        sa.UniqueConstraint("public_id", name=op.f("uq_lab_runs_public_id")),
        sa.UniqueConstraint(
            "experiment_id", "round", "contender", name=op.f("uq_lab_runs_experiment_id")
        ),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("lab_runs")
    op.drop_index("ix_experiments_waiting", "experiments")
    op.drop_table("experiments")
    op.drop_column("batches", "choice")
    for name in _OF_COMPARISONS:
        op.drop_column("comparisons", name)
