"""Monitors as lists show them, and the parts of a line that change while it is looked at."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, NamedTuple

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.domain.uptime import Span
from app.reports.units import duration
from app.storage.glimpses import Glimpse
from app.storage.overview import Entry, Stands
from app.storage.past import pasts_of
from app.storage.uptimes import uptime_of
from app.web import drawn
from app.web.frame import fragment
from app.web.glances import Glances, Strip
from checkers import Outcome

#: The part of a page that shows the last checks of a monitor.
CHECKS: Final = "checks"
_WINDOW: Final = timedelta(days=30)
# A share of thirty days moves by 0.002 % in so many seconds.
_UPTIME_KEPT_SECONDS: Final = 60.0
_MOST_KEPT: Final = 20_000


class Line(NamedTuple):
    """A monitor of a list, with what is drawn of it.

    Attributes:
        checks: the cell of its last checks.
        uptime: of thirty days, `None` while nothing is known.
    """

    entry: Entry
    checks: Markup
    uptime: float | None


class Lines:
    """Makes lines of a list.

    What was drawn is kept until there is one more check, and shares of time for a minute.
    """

    def __init__(self, glances: Glances) -> None:
        self._glances = glances
        self._uptimes: dict[int, tuple[float, float | None]] = {}
        self._cells: dict[int, tuple[Glimpse | None, Markup]] = {}

    def of(self, session: Session, entries: Sequence[Entry], now: datetime) -> list[Line]:
        """The lines of monitors."""
        rows = [entry.row for entry in entries]
        strips = self._glances.read(session, rows)
        uptimes = self._uptime(session, rows, now)
        return [
            Line(entry, self._cell(entry.row, strips[entry.row]), uptimes.get(entry.row))
            for entry in entries
        ]

    def _cell(self, row: int, strip: Strip) -> Markup:
        last = strip.glimpses[-1] if strip.glimpses else None
        kept = self._cells.get(row)
        if kept is None or kept[0] != last:
            if len(self._cells) > _MOST_KEPT:
                self._cells.clear()
            kept = self._cells[row] = (last, checks_of(strip))
        return kept[1]

    def _uptime(
        self, session: Session, rows: Sequence[int], now: datetime
    ) -> Mapping[int, float | None]:
        old = monotonic() - _UPTIME_KEPT_SECONDS
        wanted = [row for row in rows if self._uptimes.get(row, (old, None))[0] <= old]
        for past in pasts_of(session, wanted, now):
            ratio = uptime_of(session, past, Span(max(now - _WINDOW, past.born), now)).ratio
            self._uptimes[past.monitor] = (monotonic(), ratio)
        # Several threads read; what another has just let go of is worth a blank.
        found = {row: kept[1] for row in rows if (kept := self._uptimes.get(row)) is not None}
        if len(self._uptimes) > _MOST_KEPT:
            self._uptimes.clear()
        return found


def checks_of(strip: Strip) -> Markup:
    """The cell of the last checks: their strip, percentiles and the last of them."""
    return fragment("cells/checks", **_seen(strip))


def painted(strip: Strip, _outcome: Outcome) -> str:
    """The cell of the last checks after one more."""
    return checks_of(strip)


def status_of(stands: Stands) -> str:
    """The cell that says how a monitor stands."""
    return fragment("cells/status", status=stands.status, since=stands.since)


def _seen(strip: Strip) -> dict[str, object]:
    found = strip.glimpses
    percentiles = drawn.percentiles(found)
    last = found[-1] if found else None
    return {
        "strip": drawn.strip(found),
        "spark": drawn.lines(found),
        "percentiles": percentiles,
        "last": last,
        "last_at": None if last is None else drawn.instant(last.started_at),
        "last_took": None
        if last is None or last.total_us is None
        else duration(last.total_us / 1e6),
    }
