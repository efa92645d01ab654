"""Lists of targets. A row holds its URL, and the rest only where it differs from the list's."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm import Session

from app.storage.database import vault_of
from app.storage.monitor_rows import ScheduleRow
from app.storage.rows import BatchRow, ComparisonRow, OutcomeRow, TargetListRow, TargetRow
from checkers import Item, Status, Target
from checkers.target import SECRET_HEADERS
from checkers.url import without_surrogates

_INSERT: Final = "INSERT INTO targets (list_id, seq, url, spec) VALUES (?, ?, ?, ?)"
# Different targets of one list that are kept decoded while it is read.
_SPECS: Final = 1024
# Places that one query names at most.
_AT_ONCE: Final = 1000
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Target)


class ScheduledList(NamedTuple):
    """What a schedule makes now is over this list of so many targets, which others use too."""

    schedule_key: int
    list_id: int
    total: int


def insert_list(session: Session, targets: Sequence[Target]) -> int:
    """Store a list and answer its id."""
    specs = [_spec(target) for target in targets]
    (defaults, _), *_rest = Counter(specs).most_common(1)
    # Sealed once for all that are alike: no two sealings of a text are.
    sealed = {spec: sealed_spec(session, spec) for spec in set(specs)}
    result = session.execute(
        insert(TargetListRow)
        .values(total=len(targets), defaults=sealed[defaults])
        .returning(TargetListRow.id)
    )
    list_id = result.scalar_one()
    rows = [
        (list_id, seq, storable_url(target.url), None if spec == defaults else sealed[spec])
        for seq, (target, spec) in enumerate(zip(targets, specs, strict=True))
    ]
    session.connection().exec_driver_sql(_INSERT, rows)
    return list_id


def load_items(
    session: Session,
    list_id: int,
    *,
    first: int | None = None,
    without_outcome_in: int | None = None,
    not_up_in: int | None = None,
) -> list[Item]:
    """The targets of a list in order.

    Args:
        first: only so many, from the beginning.
        without_outcome_in: only those that this batch has no outcome of yet.
        not_up_in: only those that were not seen up in this batch.
    """
    query = _of_list(list_id, first)
    if without_outcome_in is not None:
        done = select(OutcomeRow.seq).where(OutcomeRow.batch_id == without_outcome_in)
        query = query.where(TargetRow.seq.not_in(done))
    if not_up_in is not None:
        up = select(OutcomeRow.seq).where(
            OutcomeRow.batch_id == not_up_in, OutcomeRow.status == Status.UP.value
        )
        query = query.where(TargetRow.seq.not_in(up))
    return _items(session, list_id, query)


def count(session: Session, list_id: int) -> int:
    """How many targets a list has."""
    return session.execute(
        select(TargetListRow.total).where(TargetListRow.id == list_id)
    ).scalar_one()


def chosen(session: Session, list_id: int, places: Sequence[int]) -> list[Item]:
    """The targets of a list at some places, in order."""
    query = _of_list(list_id, None)
    found: list[Item] = []
    for begin in range(0, len(places), _AT_ONCE):
        some = places[begin : begin + _AT_ONCE]
        found += _items(session, list_id, query.where(TargetRow.seq.in_(some)))
    return found


def most_of(session: Session, list_id: int) -> Target:
    """What most targets of a list are like, without a URL."""
    return opened_spec(session, _defaults(session, list_id))


def page(session: Session, list_id: int, first: int, limit: int, after: int | None) -> list[Item]:
    """Some of the first so many targets of a list in order, after a place."""
    query = _of_list(list_id, first).limit(limit)
    return _items(session, list_id, query if after is None else query.where(TargetRow.seq > after))


def _of_list(list_id: int, first: int | None) -> Select[int, str, str | None]:
    query = (
        select(TargetRow.seq, TargetRow.url, TargetRow.spec)
        .where(TargetRow.list_id == list_id)
        .order_by(TargetRow.seq)
    )
    # Places count from 0 without a gap.
    return query if first is None else query.where(TargetRow.seq < first)


def _items(session: Session, list_id: int, query: Select[int, str, str | None]) -> list[Item]:
    encoded = _defaults(session, list_id)
    opened = lru_cache(maxsize=_SPECS)(partial(opened_spec, session))
    defaults = opened(encoded)
    return [
        Item(seq, _target(url, defaults if spec is None else opened(spec)))
        for seq, url, spec in session.execute(query)
    ]


def _defaults(session: Session, list_id: int) -> str:
    return session.execute(
        select(TargetListRow.defaults).where(TargetListRow.id == list_id)
    ).scalar_one()


def remove_unused_list(session: Session, list_id: int) -> None:
    """Remove a list that no batch, comparison or schedule uses any more."""
    used = (
        select(ScheduleRow.id).where(ScheduleRow.list_id == list_id).limit(1),
        select(BatchRow.id).where(BatchRow.list_id == list_id).limit(1),
        select(ComparisonRow.id).where(ComparisonRow.list_id == list_id).limit(1),
    )
    if all(session.execute(query).first() is None for query in used):
        session.execute(delete(TargetListRow).where(TargetListRow.id == list_id))


def sealed_spec(session: Session, spec: str) -> str:
    """A target's JSON with its secrets sealed."""
    return _with_secrets(spec, vault_of(session).seal)


def opened_spec(session: Session, spec: str) -> Target:
    """The target again; raises `WrongKey`."""
    return _decoder.decode(_with_secrets(spec, vault_of(session).open))


def _with_secrets(spec: str, change: Callable[[str], str]) -> str:
    target = _decoder.decode(spec)
    if not target.has_secrets:
        return spec
    authorization = target.authorization
    changed = msgspec.structs.replace(
        target,
        authorization=None if authorization is None else change(authorization),
        headers=tuple(
            (name, change(value) if name.lower() in SECRET_HEADERS else value)
            for name, value in target.headers
        ),
    )
    return _encoder.encode(changed).decode()


def storable_url(url: str) -> str:
    """Without lone surrogates, which no database takes; what stands for them is as invalid."""
    return url if url.isascii() else without_surrogates(url)


def _spec(target: Target) -> str:
    return _encoder.encode(msgspec.structs.replace(target, url="")).decode()


def _target(url: str, spec: Target) -> Target:
    return msgspec.structs.replace(spec, url=url)
