"""Outcomes keep how much of their total may be ours, and what that was told by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place, at the end of each row: outcomes of before have none.
    op.add_column("outcomes", sa.Column("error_bound_us", sa.Integer(), nullable=True))
    op.add_column("outcomes", sa.Column("error_bound_by", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("outcomes", "error_bound_by")
    op.drop_column("outcomes", "error_bound_us")
