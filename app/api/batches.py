"""Batches over REST."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, JsonValue

from app.api.asked import Faults
from app.api.batch_out import BatchOut, BatchPage
from app.api.bodies import body_of, read_json
from app.api.listed import ClientIn, Listed, StrategyIn, choose
from app.api.outcomes import OutcomeOut, OutcomePage
from app.api.problems import RESPONSES
from app.api.wired import Cursor, Later, Limit, Wired, applied, place_of, preferred_wait
from app.domain.batch import BatchDraft, Pace
from app.domain.errors import Conflict
from app.services import batches
from app.storage import batches as batch_rows
from app.storage import outcomes as outcome_rows
from checkers import Reason, Status

router = APIRouter(prefix="/api/v1", tags=["batches"], responses=RESPONSES, dependencies=[Later])

_EXAMPLE = {
    "urls": ["https://example.org/", "https://example.com/"],
    "defaults": {"timeout_seconds": 5},
    "strategy": "async",
    "name": "nightly",
    "labels": {"team": "web"},
}


class BatchIn(Listed):
    """A list of targets to be checked with one strategy."""

    strategy: StrategyIn = "async"
    client: ClientIn | None = Field(default=None, description="null: the strategy's own.")
    concurrency: int | None = Field(default=None, description="In flight at most.")
    pace: Literal["truthful", "max"] = Field(
        default="truthful", description="Accepted; not kept until pacing is available."
    )
    callback_url: JsonValue = Field(default=None, description="Not available yet.")

    def draft(self) -> BatchDraft:
        """The batch, complete; raises `Invalid` or `NotAvailable`."""
        faults = Faults()
        if self.callback_url is not None:
            faults.later(("callback_url",), "callbacks are not available yet")
        chosen = choose(self.strategy, self.client, self.concurrency, (), faults)
        targets = self.listed(faults)
        assert chosen is not None
        strategy, client, concurrency = chosen
        return BatchDraft(
            targets=targets,
            strategy=strategy,
            client=client,
            concurrency=concurrency,
            pace=Pace(self.pace),
            per_host=self.per_host,
            name=self.name,
            labels=self.labels,
        )


@router.post(
    "/batches",
    status_code=202,
    response_model=BatchOut,
    openapi_extra=body_of(BatchIn, _EXAMPLE),
    responses={200: {"model": BatchOut, "description": "With Prefer: wait, once it has ended."}},
)
async def submit(request: Request, response: Response, service: Wired) -> BatchOut:
    """Check a list of URLs. `Prefer: wait=N` answers once the batch has ended, or after N s."""
    draft = (await read_json(request, BatchIn)).draft()
    batch = await batches.submit(service.database, service.notices, draft)
    wait = preferred_wait(request)
    if wait is not None:
        batch = await batches.wait_until_ended(service.database, service.notices, batch.id, wait)
    response.headers.update({"Location": f"/api/v1/batches/{batch.id}", **applied(wait)})
    response.status_code = 200 if wait is not None and batch.ended else 202
    return BatchOut.of(batch)


@router.get("/batches")
async def listed(service: Wired, limit: Limit = 100, cursor: Cursor = None) -> BatchPage:
    """Batches, newest first; those that are rounds of a comparison are listed there."""
    found, following = await service.database.read(
        lambda session: batch_rows.page(session, limit, place_of(cursor))
    )
    return BatchPage(
        items=[BatchOut.of(batch) for batch in found],
        next_cursor=None if following is None else str(following),
    )


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
    batch = await batches.load(service.database, batch_id)
    if batch.comparison_id is not None:
        raise Conflict(f"The batch is a round of comparison {batch.comparison_id}; delete that.")
    if await batches.cancel(service.database, batch_id):
        await service.dispatcher.stop_run(batch_id)
        service.notices.ended(batch_id)
        return BatchOut.of(await batches.load(service.database, batch_id))
    await batches.remove(service.database, batch_id)
    return Response(status_code=204)


@router.get("/batches/{batch_id}/outcomes")
async def outcomes(
    service: Wired,
    batch_id: str,
    limit: Limit = 100,
    cursor: Cursor = None,
    status: Status | None = None,
    reason: Reason | None = None,
    url: Annotated[str | None, Query(description="Part of the target's URL.")] = None,
) -> OutcomePage:
    """Outcomes in the order of the request, as far as they have come."""
    found, following = await service.database.read(
        lambda session: outcome_rows.page(
            session,
            *batch_rows.key_of(session, batch_id),
            limit,
            after=place_of(cursor),
            status=status,
            reason=reason,
            url=url,
        )
    )
    return OutcomePage(
        items=[OutcomeOut.of(outcome) for outcome in found],
        next_cursor=None if following is None else str(following),
    )
