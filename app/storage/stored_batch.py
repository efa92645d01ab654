"""A batch from its row."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.batch import Batch, Callback, CallbackStatus, RunStatus
from app.domain.fidelity import Pace, judged
from app.storage.figures import choice_of, figures_of
from app.storage.instants import from_column, from_optional, seconds
from app.storage.rows import BatchRow, ComparisonRow
from checkers import ClientName, Reason, Status, StrategyName


def batch_of(session: Session, row: BatchRow) -> Batch:
    """The batch that a row holds."""
    tally: dict[str, dict[str, int]] = json.loads(row.tally)
    figures = figures_of(row.figures)
    return Batch(
        id=row.public_id,
        name=row.name,
        labels=json.loads(row.labels),
        status=RunStatus(row.status),
        strategy=StrategyName(row.strategy),
        client=ClientName(row.client),
        concurrency=row.concurrency,
        per_host=row.per_host,
        pace=Pace(row.pace),
        total=row.total,
        done=row.done,
        counts={status: tally["statuses"].get(status.value, 0) for status in Status},
        reasons={Reason(reason): n for reason, n in tally["reasons"].items()},
        created_at=from_column(row.created_at),
        started_at=from_optional(row.started_at),
        finished_at=from_optional(row.finished_at),
        setup=seconds(row.setup_us),
        wall=seconds(row.wall_us),
        latency=figures.latency,
        phases=figures.phases,
        bound=figures.bound,
        cost=figures.cost if row.interruptions == 0 else None,
        fidelity=judged(Pace(row.pace), figures.measured)
        if figures.measured is not None and row.interruptions == 0
        else None,
        interruptions=row.interruptions,
        error=row.error,
        comparison_id=None if row.comparison_id is None else _name(session, row.comparison_id),
        callback=_callback(row),
        choice=choice_of(row.choice),
    )


def _name(session: Session, comparison_key: int) -> str:
    """A comparison's id, asked once in a session: a report reads hundreds of its rounds."""
    names: dict[int, str] = session.info.setdefault("names of comparisons", {})
    if comparison_key not in names:
        query = select(ComparisonRow.public_id).where(ComparisonRow.id == comparison_key)
        names[comparison_key] = session.execute(query).scalar_one()
    return names[comparison_key]


def _callback(row: BatchRow) -> Callback | None:
    if row.callback_url is None or row.callback_status is None:
        return None
    return Callback(
        url=row.callback_url,
        status=CallbackStatus(row.callback_status),
        tries=row.callback_tries or 0,
        error=row.callback_error,
    )
