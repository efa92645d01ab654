"""Lists of targets. A row holds its URL, and the rest only where it differs from the list's."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.storage.rows import BatchRow, ComparisonRow, OutcomeRow, TargetListRow, TargetRow
from checkers import Item, Target

_INSERT: Final = "INSERT INTO targets (list_id, seq, url, spec) VALUES (?, ?, ?, ?)"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Target)


def insert_list(session: Session, targets: Sequence[Target]) -> int:
    """Store a list and answer its id."""
    specs = [_spec(target) for target in targets]
    (defaults, _), *_rest = Counter(specs).most_common(1)
    result = session.execute(
        insert(TargetListRow)
        .values(total=len(targets), defaults=defaults)
        .returning(TargetListRow.id)
    )
    list_id = result.scalar_one()
    rows = [
        (list_id, seq, target.url, None if spec == defaults else spec)
        for seq, (target, spec) in enumerate(zip(targets, specs, strict=True))
    ]
    session.connection().exec_driver_sql(_INSERT, rows)
    return list_id


def load_items(session: Session, list_id: int, without_outcome_in: int | None = None) -> list[Item]:
    """The targets of a list in order, or those of them that a batch has no outcome of yet."""
    encoded = session.execute(
        select(TargetListRow.defaults).where(TargetListRow.id == list_id)
    ).scalar_one()
    defaults = _decoder.decode(encoded)
    query = select(TargetRow.seq, TargetRow.url, TargetRow.spec).where(TargetRow.list_id == list_id)
    if without_outcome_in is not None:
        done = select(OutcomeRow.seq).where(OutcomeRow.batch_id == without_outcome_in)
        query = query.where(TargetRow.seq.not_in(done))
    return [
        Item(seq, _target(url, defaults if spec is None else _decoder.decode(spec)))
        for seq, url, spec in session.execute(query.order_by(TargetRow.seq))
    ]


def remove_unused_list(session: Session, list_id: int) -> None:
    """Remove a list that neither a batch nor a comparison uses any more."""
    used = (
        select(BatchRow.id).where(BatchRow.list_id == list_id).limit(1),
        select(ComparisonRow.id).where(ComparisonRow.list_id == list_id).limit(1),
    )
    if all(session.execute(query).first() is None for query in used):
        session.execute(delete(TargetListRow).where(TargetListRow.id == list_id))


def _spec(target: Target) -> str:
    return _encoder.encode(msgspec.structs.replace(target, url="")).decode()


def _target(url: str, spec: Target) -> Target:
    return msgspec.structs.replace(spec, url=url)
