"""How a batch goes on, as its open page is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from fastapi.sse import format_sse_event

from app.api.sse import STILL_HERE
from app.api.wired import Service
from app.domain.batch import Batch
from app.domain.errors import NotFound
from app.reports.tables import counts
from app.services import batches, clock
from app.services.notices import heard
from app.web.frame import fragment
from app.web.live import Standing

# At most so often is progress told.
_BETWEEN_SECONDS: Final = 0.25
# A run that has begun tells of itself with its first outcome, which may take a while.
_LOOK_SECONDS: Final = 2.0
# What is left cannot be told from less.
_LEAST_SECONDS: Final = 1.0
_END: Final = format_sse_event(event="ended", data_str="")


def left(batch: Batch, now: datetime) -> float | None:
    """In how many seconds it will have ended, if it goes on as until now; `None`: who knows."""
    if batch.started_at is None or batch.ended or not batch.done or batch.interruptions:
        return None
    passed = (now - batch.started_at).total_seconds()
    if passed < _LEAST_SECONDS:
        return None
    return passed / batch.done * (batch.total - batch.done)


async def told(service: Service, batch_id: str, standing: Standing) -> AsyncIterator[bytes]:
    """Progress and counts as they change; `ended` last, however it ended."""
    last: Batch | None = None
    with service.notices.watching(batch_id) as news:
        while True:
            news.clear()
            batch = await _find(service, batch_id)
            if batch is None:
                yield _END
                return
            for message in _parts(batch, last):
                yield message
            last = batch
            if batch.ended:
                yield _said(batch, standing)
                yield _END
            if batch.ended or service.notices.closed:
                # Whoever comes again after a restart is told at once.
                return
            await asyncio.sleep(_BETWEEN_SECONDS)
            await heard(news, _LOOK_SECONDS)


async def _find(service: Service, batch_id: str) -> Batch | None:
    """The batch; `None` when it was removed while we watched."""
    try:
        return await batches.load(service.database, batch_id)
    except NotFound:
        return None


def _parts(batch: Batch, last: Batch | None) -> list[bytes]:
    """What has changed since it was looked at last; that we are still here, if nothing has."""
    if last is not None and (last.done, last.status) == (batch.done, batch.status):
        return [STILL_HERE]
    shown = {"batch": batch, "left": left(batch, clock.now())}
    return [
        format_sse_event(event=name, data_str=fragment(f"cells/batch_{name}", **shown))
        for name in ("progress", "counts")
    ]


def _said(batch: Batch, standing: Standing) -> bytes:
    """The end as a sentence for those who listen."""
    said = f"The batch is {batch.status.value}: {counts(batch.counts)}."
    state = {"worst": standing.worst, "sign": standing.sign, "said": [said]}
    return format_sse_event(event="state", data_str=json.dumps(state))
