"""The last checks of monitors, as little of each as a picture of them needs."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from app.storage.past import driver

# In the driver's own words: this is read of every monitor of a page.
_LATEST: Final = (
    "SELECT status, started_at, total_us FROM monitor_outcomes "
    "WHERE monitor_id = ? AND missed IS NULL ORDER BY id DESC LIMIT ?"
)


class Glimpse(NamedTuple):
    """How a check ended: when it began and how long it took, in microseconds."""

    status: str
    started_at: int
    total_us: int | None


def latest(session: Session, monitors: Sequence[int], count: int) -> dict[int, list[Glimpse]]:
    """The last checks of each monitor, oldest first."""
    cursor = driver(session)
    found: dict[int, list[Glimpse]] = {}
    for monitor in monitors:
        rows = cursor.execute(_LATEST, (monitor, count)).fetchall()
        found[monitor] = [Glimpse(*row) for row in reversed(rows)]
    return found
