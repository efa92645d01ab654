"""The outcomes of a batch as its page lists them: what the address asks for, and each line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode

from fastapi import Request
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.domain.batch import Batch
from app.domain.outcome import StoredOutcome, attempts_of, certificate_of
from app.storage import batches as batch_rows
from app.storage import outcome_pages
from app.storage.outcome_pages import Listing, Order, Place, Sheet
from app.storage.outcomes import Wanted
from app.web import waterfalls
from app.web.drawn import instant
from app.web.waterfalls import Bar
from checkers import Attempt, Phases, Reason, Status
from checkers.outcome import Certificate

_A_PAGE: Final = 50
_LONGEST_TEXT: Final = 8192
_MOST_DIGITS: Final = 15


class Asked(NamedTuple):
    """Which outcomes of a batch an address asks for.

    Attributes:
        batch: its id.
        url: a part of the target's URL.
        at: behind which place the page begins, or, going back, before which it ends.
    """

    batch: str
    status: Status | None = None
    reason: Reason | None = None
    url: str | None = None
    order: Order = Order.PLACE
    backwards: bool = False
    at: Place | None = None
    back: bool = False

    @property
    def filters(self) -> bool:
        return any((self.status, self.reason, self.url))

    def wanted(self, batch_key: int, list_id: int) -> Wanted:
        """The same as the database is asked for it."""
        return Wanted(batch_key, list_id, self.status, self.reason, self.url)

    def query(self, **changes: object) -> str:
        """The query of the same list with something else in it, on its first page."""
        parts: dict[str, object] = {
            "q": self.url,
            "status": self.status,
            "reason": self.reason,
            "sort": None if self.order is Order.PLACE else self.order.value,
            "down": "1" if self.backwards else None,
            **changes,
        }
        return urlencode({name: str(value) for name, value in parts.items() if value is not None})

    def address(self, **changes: object) -> str:
        """As `query`, as a link."""
        return f"/batches/{self.batch}?{self.query(**changes)}#results"

    def sorted_by(self, order: str) -> str:
        """The address of the same list in another order; the other way round, if it is in it."""
        # Whoever asks for totals looks for the longest.
        first = order == Order.TOTAL.value
        falls = (not self.backwards) if self.order.value == order else first
        sort = None if order == Order.PLACE.value else order
        return self.address(sort=sort, down="1" if falls else None)


def asked_for(request: Request, batch_id: str) -> Asked:
    """What an address asks for; what makes no sense in it is passed over."""
    given = request.query_params
    status, reason, order = (given.get(name, "") for name in ("status", "reason", "sort"))
    after, before = _place(given.get("after", "")), _place(given.get("before", ""))
    return Asked(
        batch=batch_id,
        status=Status(status) if status in set(Status) else None,
        reason=Reason(reason) if reason in set(Reason) else None,
        url=given.get("q", "").strip()[:_LONGEST_TEXT] or None,
        order=Order(order) if order in set(Order) else Order.PLACE,
        backwards=given.get("down") == "1",
        at=after or before,
        back=after is None and before is not None,
    )


def _place(text: str) -> Place | None:
    parts = text.removeprefix("-").split(".")
    if len(parts) != 2 or not all(p.isascii() and p.isdigit() for p in parts):
        return None
    if max(map(len, parts)) > _MOST_DIGITS:
        return None
    value, seq = map(int, parts)
    return Place(-value if text.startswith("-") else value, seq)


class Line(NamedTuple):
    """An outcome with what is drawn of it; durations in seconds."""

    seen: StoredOutcome
    status: Status
    total: float | None
    bound: float | None
    queued: float
    started_at: datetime
    bar: Markup
    attempts: Sequence[tuple[Attempt, Markup]]
    certificate: Certificate | None


class Results(NamedTuple):
    """A page of outcomes.

    Attributes:
        number: how many fit in all.
        before, after: the addresses of the pages to either side.
    """

    lines: Sequence[Line]
    number: int
    before: str | None
    after: str | None


def read(session: Session, batch: Batch, asked: Asked) -> Results:
    """The outcomes that an address asks for."""
    wanted = asked.wanted(*batch_rows.key_of(session, batch.id))
    listing = Listing(wanted, asked.order, asked.backwards)
    sheet = outcome_pages.sheet(session, listing, _A_PAGE, asked.at, back=asked.back)
    return Results(
        lines=_lines(sheet),
        number=_number(session, batch, wanted, sheet),
        before=None if sheet.before is None else asked.address(before=_written(sheet.before)),
        after=None if sheet.after is None else asked.address(after=_written(sheet.after)),
    )


def _written(place: Place) -> str:
    return f"{place.value}.{place.seq}"


def _number(session: Session, batch: Batch, wanted: Wanted, sheet: Sheet) -> int:
    """How many there are: what was counted as it came is not counted again."""
    if sheet.outcomes and sheet.before is None and sheet.after is None:
        return len(sheet.outcomes)
    if wanted.url is None and wanted.reason is None:
        return batch.done if wanted.status is None else batch.counts.get(wanted.status, 0)
    if wanted.url is None and wanted.status is None and wanted.reason is not None:
        return batch.reasons.get(wanted.reason, 0)
    return outcome_pages.number_of(session, wanted)


def _lines(sheet: Sheet) -> list[Line]:
    tries = [_attempts(stored) for stored in sheet.outcomes]
    bars = [Bar(0.0, made[-1].total, waterfalls.phases_of(made[-1])) for made in tries]
    answered = [stored.http_status is not None for stored in sheet.outcomes]
    scale = waterfalls.scale_of(bars, answered)
    return [
        Line(
            seen=stored,
            status=Status(stored.status),
            total=_seconds(stored.total_us),
            bound=_seconds(stored.error_bound_us),
            queued=stored.queued_us / 1e6,
            started_at=instant(stored.started_at),
            bar=waterfalls.drawn(bar, scale),
            attempts=waterfalls.of_attempts(made),
            certificate=None if stored.tls is None else certificate_of(stored.tls),
        )
        for stored, made, bar in zip(sheet.outcomes, tries, bars, strict=True)
    ]


def _attempts(stored: StoredOutcome) -> list[Attempt]:
    """Every attempt in order; the last is the one that the outcome was judged by."""
    last = Attempt(
        status=Status(stored.status),
        reason=None if stored.reason is None else Reason(stored.reason),
        detail=stored.detail,
        http_status=stored.http_status,
        started_at=stored.started_at / 1e6,
        total=_seconds(stored.total_us),
        phases=Phases(
            _seconds(stored.name_lookup_us),
            _seconds(stored.connect_us),
            _seconds(stored.tls_us),
            _seconds(stored.wait_us),
            _seconds(stored.receive_us),
        ),
    )
    return [*(() if stored.earlier is None else attempts_of(stored.earlier)), last]


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / 1e6
