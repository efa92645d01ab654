"""Outcomes: stored by the thousand, read by the page, summed up by the database."""

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.domain.batch import Percentiles
from app.domain.outcome import StoredOutcome
from app.domain.statistics import nearest_rank_index
from app.storage.instants import micros
from app.storage.rows import OutcomeRow
from checkers import Outcome, Reason, Status
from checkers.outcome import BoundBy
from checkers.url import without_surrogates

#: The columns of an outcome, wherever it is kept.
OUTCOME_COLUMNS: Final = (
    "status, reason, detail, http_status, http_version, final_url, redirects, "
    "remote_address, started_at, queued_us, total_us, name_lookup_us, connect_us, tls_us, wait_us, "
    "receive_us, body_bytes, excerpt, tls, earlier, error_bound_us, error_bound_by"
)
_COLUMNS: Final = f"batch_id, seq, {OUTCOME_COLUMNS}"
# A re-run of what is stored already is harmless: a target has one outcome, the first.
_INSERT: Final = (
    f"INSERT INTO outcomes ({_COLUMNS}) VALUES ({', '.join('?' * 24)}) ON CONFLICT DO NOTHING"  # noqa: S608 -- our own constants
)
_TIMED: Final = {
    "name_lookup": OutcomeRow.name_lookup_us,
    "connect": OutcomeRow.connect_us,
    "tls": OutcomeRow.tls_us,
    "wait": OutcomeRow.wait_us,
    "receive": OutcomeRow.receive_us,
}
#: Outcomes `o` with their targets `t`; the list of these is its first parameter.
SELECT_OUTCOMES: Final = (
    f"SELECT t.url, {', '.join(f'o.{name}' for name in _COLUMNS.split(', ')[1:])} FROM outcomes o "  # noqa: S608 -- as above
    "JOIN targets t ON t.list_id = ? AND t.seq = o.seq"
)
_NOT_UP: Final = " AND o.reason IS NOT NULL"
_json = msgspec.json.Encoder().encode


def insert_outcomes(session: Session, batch_key: int, outcomes: Iterable[Outcome]) -> int:
    """Store outcomes in one statement; how many of them were new."""
    rows = [(batch_key, outcome.seq, *columns_of(outcome)) for outcome in outcomes]
    return session.connection().exec_driver_sql(_INSERT, rows).rowcount


def tally(session: Session, batch_key: int) -> tuple[dict[str, int], dict[str, int]]:
    """How many outcomes a batch has, by status and by reason."""
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    counted = session.execute(
        select(OutcomeRow.status, OutcomeRow.reason, func.count())
        .where(OutcomeRow.batch_id == batch_key)
        .group_by(OutcomeRow.status, OutcomeRow.reason)
    )
    for status, reason, number in counted:
        statuses[status] += number
        if reason is not None:
            reasons[reason] += number
    return statuses, reasons


class Wanted(NamedTuple):
    """Which outcomes are asked for.

    Attributes:
        url: only of targets whose URL contains this.
    """

    batch_key: int
    list_id: int
    status: Status | None = None
    reason: Reason | None = None
    url: str | None = None


def page(
    session: Session, wanted: Wanted, limit: int, after: int | None = None
) -> tuple[list[StoredOutcome], int | None]:
    """Outcomes in the order of the request, and where the next page begins."""
    asked = conditions_of(wanted)
    if after is not None:
        asked["o.seq > ?"] = after
    query = f"{SELECT_OUTCOMES} WHERE {' AND '.join(asked)} ORDER BY o.seq LIMIT ?"
    # The driver's own cursor: rows by the thousand, each of which costs half as much this way.
    cursor = session.connection().connection.cursor()
    cursor.execute(query, (wanted.list_id, *asked.values(), limit + 1))
    rows = [StoredOutcome._make(row) for row in cursor.fetchall()]
    found = rows[:limit]
    return found, found[-1].seq if len(rows) > limit else None


def conditions_of(wanted: Wanted) -> dict[str, object]:
    """What must hold of outcomes `o` and their targets `t`, each with the value it asks for."""
    # Of what is not up there is an index of its own, which is asked by the reason.
    of_status = "o.status = ?" + ("" if wanted.status is Status.UP else _NOT_UP)
    conditions: dict[str, object] = {
        "o.batch_id = ?": wanted.batch_key,
        of_status: wanted.status,
        "o.reason = ?": wanted.reason,
        "instr(t.url, ?) > 0": wanted.url,
    }
    return {condition: value for condition, value in conditions.items() if value is not None}


class Latencies(NamedTuple):
    """Percentiles of the total, of each phase and of the error bound."""

    total: Percentiles | None
    phases: dict[str, Percentiles]
    bound: Percentiles | None


def latency(session: Session, batch_key: int) -> Latencies:
    """Percentiles over the outcomes of a batch that have an HTTP status."""
    total = _percentiles(session, batch_key, OutcomeRow.total_us, with_maximum=True)
    phases = {
        phase: found
        for phase, column in _TIMED.items()
        if (found := _percentiles(session, batch_key, column)) is not None
    }
    return Latencies(total, phases, _percentiles(session, batch_key, OutcomeRow.error_bound_us))


def _percentiles(
    session: Session,
    batch_key: int,
    column: InstrumentedAttribute[int | None],
    *,
    with_maximum: bool = False,
) -> Percentiles | None:
    # Sorted by the database: that holds no lock of the interpreter.
    found = session.scalars(
        select(column)
        .where(
            OutcomeRow.batch_id == batch_key,
            OutcomeRow.http_status.is_not(None),
            column.is_not(None),
        )
        .order_by(column)
    ).all()
    sample = [value for value in found if value is not None]
    if not sample:
        return None
    p50, p95, p99 = (sample[nearest_rank_index(len(sample), p)] / 1e6 for p in (50, 95, 99))
    return Percentiles(
        p50=p50, p95=p95, p99=p99, maximum=sample[-1] / 1e6 if with_maximum else None
    )


def columns_of(outcome: Outcome) -> tuple[object, ...]:
    """What the columns of an outcome hold, from `status` on."""
    phases = outcome.phases
    return (
        outcome.status.value,
        None if outcome.reason is None else outcome.reason.value,
        _storable(outcome.detail),
        outcome.http_status,
        outcome.http_version,
        # Most targets answer where they were asked; that is not written twice.
        None if outcome.final_url == outcome.url else outcome.final_url,
        outcome.redirects,
        outcome.remote_address,
        round(outcome.started_at * 1e6),
        micros(outcome.queued),
        micros(outcome.total),
        micros(phases.name_lookup),
        micros(phases.connect),
        micros(phases.tls),
        micros(phases.wait),
        micros(phases.receive),
        outcome.body_bytes,
        _storable(outcome.excerpt),
        None if outcome.tls is None else _json(outcome.tls).decode(),
        _json(outcome.earlier).decode() if outcome.earlier else None,
        micros(outcome.error_bound),
        # What most bounds rest on is not written each time.
        None if outcome.bound_by is BoundBy.CLOCK else outcome.bound_by.value,
    )


def _storable(text: str | None) -> str | None:
    """Without lone surrogates, which no database takes."""
    if text is None or text.isascii():
        return text
    return without_surrogates(text)
