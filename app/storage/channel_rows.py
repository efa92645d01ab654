"""The tables of those who are told, and of what they are told.

Durations are whole microseconds, instants whole microseconds since the epoch (UTC).
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.rows import Row


class ChannelRow(Row):
    """Where people are told; `url`, `shown_url` and `secret` are sealed, `events` is JSON.

    `shown_url` is the address with `***` for what is secret in it.
    """

    __tablename__ = "channels"
    __table_args__ = (
        CheckConstraint("type IN ('webhook', 'email', 'apprise')", name="type"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    type: Mapped[str]
    url: Mapped[str]
    shown_url: Mapped[str]
    secret: Mapped[str | None]
    events: Mapped[str]
    enabled: Mapped[bool]
    remind_every_us: Mapped[int | None]
    created_at: Mapped[int]


class DeliveryRow(Row):
    """One message for one channel, written in the commit that made it necessary; `body` is JSON.

    `due_first_at` is when it was tried first, or is to be; `due_at` when it is tried next.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'sent', 'dead')", name="status"),
        CheckConstraint("(status = 'pending') = (due_at IS NOT NULL)", name="due"),
        Index(
            "ix_deliveries_pending",
            "channel_id",
            "incident_id",
            "id",
            sqlite_where=text("status = 'pending'"),
        ),
        Index("ix_deliveries_incident", "incident_id", "id"),
        Index("ix_deliveries_status", "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    type: Mapped[str]
    status: Mapped[str]
    tries: Mapped[int]
    error: Mapped[str | None]
    created_at: Mapped[int]
    due_first_at: Mapped[int]
    due_at: Mapped[int | None]
    sent_at: Mapped[int | None]
    body: Mapped[str]
