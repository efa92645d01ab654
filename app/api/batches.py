"""Batches over REST."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.api.batch_in import AgainQuery, BatchIn, BatchQuery, read_batch
from app.api.batch_out import BatchOut, BatchPage
from app.api.bodies import Body, body_of
from app.api.exported import Items, described, exported
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.wired import (
    Cursor,
    KeyIn,
    Limit,
    PreferIn,
    Service,
    Wired,
    once_of,
    preferred_wait,
    told_of,
)
from app.domain.batch import Batch
from app.domain.errors import Conflict, FieldError, Invalid
from app.services import batches
from app.storage import batches as batch_rows

router = APIRouter(prefix="/api/v1", tags=["batches"], responses=RESPONSES, dependencies=[Known])

_ROWS = {
    "text/plain": "https://example.org/\n# a comment\nhttps://example.com/\n",
    "text/csv": "url,timeout_seconds\nhttps://example.org/,5\n",
    "application/x-ndjson": '{"url": "https://example.org/", "method": "HEAD"}\n',
}
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    200: {"model": BatchOut, "description": "With Prefer: wait, once it has ended."}
}
_EXAMPLE = {
    "urls": ["https://example.org/", "https://example.com/"],
    "defaults": {"timeout_seconds": 5},
    "strategy": "async",
    "name": "nightly",
    "labels": {"team": "web"},
}


@router.post(
    "/batches",
    status_code=202,
    response_model=BatchOut,
    openapi_extra=body_of(BatchIn, _EXAMPLE, others=_ROWS),
    responses=_ACCEPTED,
)
async def submit(
    request: Request,
    response: Response,
    service: Wired,
    query: Annotated[BatchQuery, Query()],
    key: KeyIn = None,
    prefer: PreferIn = None,
) -> BatchOut:
    """Check a list of URLs. `Prefer: wait=N` answers once the batch has ended, or after N s.

    As rows (a URL a line, CSV, or a JSON object a line), what a JSON body says beside its targets
    stands in the query. With an `Idempotency-Key` a request can be repeated without harm.
    """
    body = Body(request)
    draft = await read_batch(body, query)
    batch = await batches.submit(
        service.database, service.notices, draft, once_of(request, key, body.digest)
    )
    return await _accepted(prefer, response, service, batch)


@router.post(
    "/batches/{batch_id}/rerun",
    status_code=202,
    response_model=BatchOut,
    responses=_ACCEPTED,
)
async def rerun(
    request: Request,
    response: Response,
    service: Wired,
    batch_id: str,
    query: Annotated[AgainQuery, Query()],
    key: KeyIn = None,
    prefer: PreferIn = None,
) -> BatchOut:
    """Check the targets of an ended batch again, all or those not up, in a batch of its own."""
    body = Body(request)
    async for chunk in body.chunks():
        if chunk:
            told = "What is to be different stands in the query; there is no body."
            raise Invalid(told, [FieldError("", told)])
    batch = await batches.rerun(
        service.database,
        service.notices,
        batch_id,
        query.draft,
        only_not_up=query.only == "not_up",
        once=once_of(request, key, body.digest),
    )
    return await _accepted(prefer, response, service, batch)


async def _accepted(
    prefer: list[str] | None, response: Response, service: Wired, batch: Batch
) -> BatchOut:
    wait = preferred_wait(prefer)
    if wait is not None:
        batch = await batches.wait_until_ended(service.database, service.notices, batch.id, wait)
    told_of(response, f"/api/v1/batches/{batch.id}", wait, ended=batch.ended)
    return BatchOut.of(batch)


@router.get("/batches", response_model=None, responses=described(BatchPage))
async def listed(
    request: Request, service: Wired, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Batches, newest first; those that are rounds of a comparison are listed there.

    As NDJSON or CSV, all of them.
    """

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = batch_rows.page(session, size, place)
        return [BatchOut.of(batch) for batch in found], following

    return await exported(request, service, BatchOut, page, limit, cursor)


@router.get("/batches/{batch_id}")
async def one(service: Wired, batch_id: str) -> BatchOut:
    """A batch as it stands."""
    return BatchOut.of(await batches.load(service.database, batch_id))


@router.delete(
    "/batches/{batch_id}",
    response_model=None,
    responses={
        200: {"model": BatchOut, "description": "It had not ended; now it is cancelled."},
        204: {"description": "It had ended; now it is removed."},
    },
)
async def delete(service: Wired, batch_id: str) -> BatchOut | Response:
    """Cancel a batch that has not ended: no check starts any more. Remove one that has."""
    if await cancel(service, batch_id):
        return BatchOut.of(await batches.load(service.database, batch_id))
    await batches.remove(service.database, batch_id)
    return Response(status_code=204)


async def cancel(service: Service, batch_id: str) -> bool:
    """Let no check of a batch start any more; false when it had ended already.

    Raises:
        NotFound: there is no such batch.
        Conflict: it is a round of a comparison.
    """
    batch = await batches.load(service.database, batch_id)
    if batch.comparison_id is not None:
        raise Conflict(f"The batch is a round of comparison {batch.comparison_id}; delete that.")
    if not await batches.cancel(service.database, batch_id):
        return False
    await service.dispatcher.stop_run(batch_id)
    service.notices.ended(batch_id)
    return True
