"""Server-Sent Events: how a batch or a comparison goes on, until it has ended."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from app.api.batch_out import BatchOut
from app.api.comparison_out import ComparisonOut, SideBySideOut
from app.api.contender_out import ContenderOut
from app.api.experiments import ExperimentOut
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.sse import SILENCE_SECONDS, STILL_HERE, described, told
from app.api.wired import Service, Wired
from app.domain.errors import NotFound
from app.services import batches, comparisons, experiments
from app.services.notices import heard

router = APIRouter(prefix="/api/v1", tags=["events"], responses=RESPONSES, dependencies=[Known])

# At most so often is progress told.
_BETWEEN_SECONDS: Final = 0.25
_DESCRIBED: Final = described(
    "`progress` events, then one `completed` with the whole thing.",
    ["progress", "completed"],
    "How many are done.",
)


class _Seen(NamedTuple):
    """How far a thing has come; `whole` is there once it has ended, in any way."""

    done: int
    total: int
    counts: dict[str, int]
    whole: str | None


Look = Callable[[], Awaitable[_Seen]]


@router.get("/batches/{batch_id}/events", response_model=None, responses=_DESCRIBED)
async def of_batch(service: Wired, batch_id: str) -> StreamingResponse:
    """How a batch goes on: `progress` with `done` as its id, then `completed` with the batch."""

    async def look() -> _Seen:
        batch = await batches.load(service.database, batch_id)
        whole = BatchOut.of(batch).model_dump_json() if batch.ended else None
        counts = {status.value: number for status, number in batch.counts.items()}
        return _Seen(batch.done, batch.total, counts, whole)

    return await _told(service, batch_id, look)


@router.get("/comparisons/{comparison_id}/events", response_model=None, responses=_DESCRIBED)
async def of_comparison(service: Wired, comparison_id: str) -> StreamingResponse:
    """How a comparison goes on, as for a batch; the rounds' checks are counted together."""

    async def look() -> _Seen:
        shown = ComparisonOut.of(await comparisons.report(service.database, comparison_id))
        return _seen(shown, shown.contenders)

    return await _told(service, comparison_id, look)


@router.get("/experiments/{experiment_id}/events", response_model=None, responses=_DESCRIBED)
async def of_experiment(service: Wired, experiment_id: str) -> StreamingResponse:
    """How an experiment goes on, as for a batch; the items of all rounds are counted together."""

    async def look() -> _Seen:
        shown = ExperimentOut.of(await experiments.report(service.database, experiment_id))
        return _seen(shown, shown.contenders)

    return await _told(service, experiment_id, look)


def _seen(shown: SideBySideOut, contenders: Sequence[ContenderOut]) -> _Seen:
    counts: dict[str, int] = {}
    for contender in contenders:
        for status, number in contender.counts.items():
            counts[status.value] = counts.get(status.value, 0) + number
    whole = None if shown.finished_at is None else shown.model_dump_json(by_alias=True)
    return _Seen(shown.progress.done, shown.progress.total, counts, whole)


async def _told(service: Service, public_id: str, look: Look) -> StreamingResponse:
    # Looked at before the answer begins: what is not there is 404.
    await look()
    return told(_events(service, public_id, look))


async def _events(service: Service, public_id: str, look: Look) -> AsyncIterator[bytes]:
    last: int | None = None
    with service.notices.watching(public_id) as news:
        while True:
            news.clear()
            try:
                seen = await look()
            except NotFound:
                # Removed while we watched: there is nothing to tell any more.
                return
            if seen.done != last:
                last = seen.done
                yield _progress(seen)
            if seen.whole is not None:
                yield format_sse_event(event="completed", data_str=seen.whole, id=str(seen.done))
                return
            if service.notices.closed:
                # Whoever comes again after the restart gets a snapshot at once.
                return
            await asyncio.sleep(_BETWEEN_SECONDS)
            if not await heard(news, SILENCE_SECONDS - _BETWEEN_SECONDS):
                yield STILL_HERE


def _progress(seen: _Seen) -> bytes:
    data = {"done": seen.done, "total": seen.total, "counts": seen.counts}
    return format_sse_event(event="progress", data_str=json.dumps(data), id=str(seen.done))
