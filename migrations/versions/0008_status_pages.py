"""Public status pages, and what people write for them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "status_pages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("keys", sa.String(), nullable=False),
        sa.Column("labels", sa.String(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(slug) BETWEEN 1 AND 64", name=op.f("ck_status_pages_slug")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_pages")),
        sa.UniqueConstraint("public_id", name=op.f("uq_status_pages_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_status_pages_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "status_updates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("keys", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN "
            "('investigating', 'identified', 'monitoring', 'resolved', 'scheduled', 'note')",
            name=op.f("ck_status_updates_status"),
        ),
        sa.ForeignKeyConstraint(
            ["page_id"],
            ["status_pages.id"],
            name=op.f("fk_status_updates_page_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_updates")),
        sa.UniqueConstraint("public_id", name=op.f("uq_status_updates_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_status_updates_page", "status_updates", ["page_id", "at", "id"])
    op.create_index("ix_status_updates_matter", "status_updates", ["page_id", "matter"])


def downgrade() -> None:
    op.drop_table("status_updates")
    op.drop_table("status_pages")
