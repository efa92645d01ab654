"""Callbacks of batches, idempotency keys, and facts about the database itself.

Columns are added in place: making a table anew would copy it, and break off what refers to it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXTS = ("callback_url", "callback_status", "callback_error")
_NUMBERS = ("callback_tries", "callback_due_at")


def upgrade() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made", sa.String(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    for name in _TEXTS:
        op.add_column("batches", sa.Column(name, sa.String(), nullable=True))
    for name in _NUMBERS:
        op.add_column("batches", sa.Column(name, sa.Integer(), nullable=True))
    op.create_index(
        "ix_batches_finished",
        "batches",
        ["finished_at"],
        sqlite_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_batches_due",
        "batches",
        ["callback_due_at"],
        sqlite_where=sa.text("callback_status = 'due'"),
    )


def downgrade() -> None:
    op.drop_index("ix_batches_due", "batches")
    op.drop_index("ix_batches_finished", "batches")
    for name in (*_TEXTS, *_NUMBERS):
        op.drop_column("batches", name)
    op.drop_table("idempotency_keys")
    op.drop_table("meta")
