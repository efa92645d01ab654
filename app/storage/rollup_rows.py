"""The tables of roll-ups: what hours and days of a monitor came to.

The id of an hour's or a day's row is made of its monitor and its number since the epoch, so that
what is read together lies together. Durations are whole microseconds.
"""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.rows import Row


class RollRow(Row):
    """How far the history of a monitor has been rolled up.

    Attributes:
        rolled_until: seconds by status are, until this instant; always a full hour.
        outcome_id: outcomes are, up to this one.
        status: what was shown at `rolled_until`; `hidden`: because of a maintenance.
        through: the last transition that `status` knows of.
    """

    __tablename__ = "rolls"
    __table_args__ = (CheckConstraint("rolled_until % 3600000000 = 0", name="hour"),)

    monitor_id: Mapped[int] = mapped_column(
        ForeignKey("monitors.id", ondelete="CASCADE"), primary_key=True
    )
    rolled_until: Mapped[int]
    outcome_id: Mapped[int]
    status: Mapped[str]
    hidden: Mapped[bool]
    through: Mapped[int]


class SlotColumns:
    """What is known of a span of time of one monitor.

    Attributes:
        status, hidden, through: as of `RollRow`, at its beginning; null until its seconds are
            known.
        reasons: JSON, how many outcomes by reason.
        total: a histogram of the latencies of what was answered.
    """

    status: Mapped[str | None]
    hidden: Mapped[bool | None]
    through: Mapped[int | None]
    up_us: Mapped[int]
    degraded_us: Mapped[int]
    down_us: Mapped[int]
    unknown_us: Mapped[int]
    maintenance_us: Mapped[int]
    paused_us: Mapped[int]
    ups: Mapped[int]
    degradeds: Mapped[int]
    downs: Mapped[int]
    unknowns: Mapped[int]
    missed: Mapped[int]
    reasons: Mapped[str | None]
    total: Mapped[bytes | None]


class DayRow(SlotColumns, Row):
    """A day of a monitor, kept as long as the monitor is."""

    __tablename__ = "monitor_days"

    id: Mapped[int] = mapped_column(primary_key=True)


class HourRow(SlotColumns, Row):
    """An hour of a monitor, with a histogram of each phase.

    Attributes:
        first_outcome, last_outcome: between them lie the outcomes it was made of.
    """

    __tablename__ = "monitor_hours"

    id: Mapped[int] = mapped_column(primary_key=True)
    name_lookup: Mapped[bytes | None]
    connect: Mapped[bytes | None]
    tls: Mapped[bytes | None]
    wait: Mapped[bytes | None]
    receive: Mapped[bytes | None]
    first_outcome: Mapped[int | None]
    last_outcome: Mapped[int | None]
