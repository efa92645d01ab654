"""The tables of public status pages: which monitors each shows, and what people wrote for it."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.rows import Row


class StatusPageRow(Row):
    """A public page; `keys` and `labels` are JSON, as of a maintenance."""

    __tablename__ = "status_pages"
    __table_args__ = (
        CheckConstraint("length(slug) BETWEEN 1 AND 64", name="slug"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    description: Mapped[str]
    keys: Mapped[str]
    labels: Mapped[str]
    created_at: Mapped[int]
    updated_at: Mapped[int]


class StatusUpdateRow(Row):
    """What a person wrote for a page; `matter` is what it belongs to, `keys` are JSON."""

    __tablename__ = "status_updates"
    __table_args__ = (
        CheckConstraint(
            "status IN "
            "('investigating', 'identified', 'monitoring', 'resolved', 'scheduled', 'note')",
            name="status",
        ),
        Index("ix_status_updates_page", "page_id", "at", "id"),
        Index("ix_status_updates_matter", "page_id", "matter"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("status_pages.id", ondelete="CASCADE"))
    matter: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    status: Mapped[str]
    keys: Mapped[str]
    at: Mapped[int]
