"""Days and hours of a monitor, as they were rolled up."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from sqlalchemy.orm import Session

from app.domain.histogram import Histogram, merged
from app.domain.rollup import DAY, HOUR, SLOTS, instant
from app.domain.uptime import TOLD, Uptime
from app.storage.past import driver
from app.storage.rollups import key_of
from checkers import Status

_COLUMNS: Final = (
    *(f"{status.value}_us" for status in TOLD),
    "ups", "degradeds", "downs", "unknowns", "missed", "reasons", "total",
)  # fmt: skip
_TABLES: Final[dict[timedelta, str]] = {DAY: "monitor_days", HOUR: "monitor_hours"}
_decode: Final = msgspec.json.Decoder(dict[str, int]).decode


class SlotFigures(NamedTuple):
    """What a day or an hour came to, as far as it is rolled up."""

    at: datetime
    uptime: Uptime
    statuses: dict[str, int]
    missed: int
    reasons: dict[str, int]
    latency: Histogram


def page(
    session: Session, monitor: int, size: timedelta, limit: int, before: int | None
) -> tuple[list[SlotFigures], int | None]:
    """Days or hours of a monitor, newest first, and where the next page begins.

    Args:
        size: a day or an hour.
    """
    cursor = driver(session)
    end = SLOTS if before is None else min(before, SLOTS)
    cursor.execute(
        f"SELECT id, {', '.join(_COLUMNS)} FROM {_TABLES[size]} "  # noqa: S608 -- our own constants
        "WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?",
        (key_of(monitor, 0), monitor * SLOTS + end, limit + 1),
    )
    rows = cursor.fetchall()
    found = [_figures(row, size) for row in rows[:limit]]
    return found, rows[limit - 1][0] % SLOTS if len(rows) > limit else None


def _figures(row: tuple[int, ...], size: timedelta) -> SlotFigures:
    key, values = row[0], dict(zip(_COLUMNS, row[1:], strict=True))
    reasons: object = values["reasons"]
    total: object = values["total"]
    assert reasons is None or isinstance(reasons, str)
    assert total is None or isinstance(total, bytes)
    return SlotFigures(
        at=instant(key % SLOTS, size),
        uptime=Uptime(seconds={status: values[f"{status.value}_us"] / 1e6 for status in TOLD}),
        statuses={status.value: values[f"{status.value}s"] for status in Status},
        missed=values["missed"],
        reasons={} if reasons is None else _decode(reasons),
        latency=merged([total]),
    )
