"""Batches over REST."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, JsonValue

from app.api.bodies import body_of, read_json
from app.api.figures import (
    LatencyOut,
    PercentilesOut,
    latency_out,
    milliseconds,
    percentiles_out,
)
from app.api.outcomes import OutcomeOut, OutcomePage
from app.api.problems import RESPONSES
from app.api.targets import Asked, Faults, TargetFields, TargetIn, many_targets
from app.api.wired import Cursor, Limit, Wired, applied, place_of, preferred_wait
from app.domain.batch import MAX_TARGETS, Batch, BatchDraft, Pace, RunStatus
from app.domain.errors import Conflict
from app.services import batches
from app.storage import batches as batch_rows
from app.storage import outcomes as outcome_rows
from checkers import CATALOGUE, ClientName, Reason, Status, StrategyName, Target

router = APIRouter(prefix="/api/v1", tags=["batches"], responses=RESPONSES)

_LATER_STRATEGIES = ("hybrid", "auto")
_EXAMPLE = {
    "urls": ["https://example.org/", "https://example.com/"],
    "defaults": {"timeout_seconds": 5},
    "strategy": "async",
    "name": "nightly",
    "labels": {"team": "web"},
}
Labels = Annotated[dict[str, Annotated[str, Field(max_length=256)]], Field(max_length=64)]
StrategyIn = Literal["sequential", "threaded", "multiprocess", "async", "hybrid", "auto"]
ClientIn = Literal["requests", "aiohttp", "curl"]


class Listed(Asked):
    """What a batch and a comparison have in common: which targets, under which name."""

    urls: list[str] = Field(default_factory=list, max_length=MAX_TARGETS)
    targets: list[TargetIn] = Field(default_factory=list, max_length=MAX_TARGETS)
    defaults: TargetFields = Field(default_factory=TargetFields)
    per_host: int = Field(default=0, ge=0, le=10_000, description="Over 0: not available yet.")
    name: str | None = Field(default=None, max_length=200)
    labels: Labels = Field(default_factory=dict)

    def listed(self, faults: Faults) -> list[Target]:
        """The targets in order; what is wrong with the list as a whole goes to `faults`."""
        count = len(self.urls) + len(self.targets)
        if count == 0:
            faults.invalid(("urls",), "there is no target; give urls or targets")
        if count > MAX_TARGETS:
            faults.invalid(("urls",), f"there are {count} targets; at most {MAX_TARGETS}")
        if self.per_host:
            faults.later(("per_host",), "a limit for each host is not available yet")
        if faults:
            raise faults.error()
        return many_targets(self.urls, self.targets, self.defaults)


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


def choose(
    strategy: str,
    client: str | None,
    concurrency: int | None,
    place: tuple[int | str, ...],
    faults: Faults,
) -> tuple[StrategyName, ClientName, int] | None:
    """Strategy, client and concurrency that fit each other; `None` when a fault was told."""
    if strategy in _LATER_STRATEGIES:
        faults.later((*place, "strategy"), f"{strategy} is not available yet")
        return None
    if client == "curl":
        faults.later((*place, "client"), "curl is not available yet")
        return None
    entry = CATALOGUE[StrategyName(strategy)]
    fits = client is None or client in entry.clients
    if not fits:
        names = ", ".join(entry.clients)
        faults.invalid((*place, "client"), f"{client} does not fit {strategy}; {names} does")
    many = entry.concurrency if concurrency is None else concurrency
    if not 1 <= many <= entry.max_concurrency:
        allowed = f"1 to {entry.max_concurrency}" if entry.max_concurrency > 1 else "1"
        faults.invalid((*place, "concurrency"), f"is {many}; {strategy} allows {allowed}")
        return None
    if not fits:
        return None
    return entry.name, entry.clients[0] if client is None else ClientName(client), many


class SwitchesOut(BaseModel):
    """Context switches."""

    voluntary: int
    involuntary: int


class CostOut(BaseModel):
    """What the run's processes used."""

    cpu_ms: float
    cpu_us_per_check: float | None
    peak_rss_bytes: int
    context_switches: SwitchesOut


class BatchOut(BaseModel):
    """A batch as it stands."""

    id: str
    name: str | None
    labels: Mapping[str, str]
    status: RunStatus
    strategy: StrategyName
    client: ClientName
    concurrency: int
    per_host: int
    pace: Pace
    engine: Literal["local"]
    total: int
    done: int
    counts: Mapping[Status, int]
    reasons: Mapping[Reason, int]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    setup_ms: float | None
    wall_ms: float | None
    checks_per_second: float | None
    latency_ms: LatencyOut | None
    phases_ms: dict[str, PercentilesOut]
    cost: CostOut | None
    fidelity: None = Field(description="Null until pacing measures it.")
    interruptions: int
    error: str | None
    comparison: str | None = Field(description="The comparison whose round this is, if it is one.")
    links: dict[str, str]

    @classmethod
    def of(cls, batch: Batch) -> "BatchOut":
        here = f"/api/v1/batches/{batch.id}"
        per_second = batch.checks_per_second
        return cls(
            id=batch.id,
            name=batch.name,
            labels=batch.labels,
            status=batch.status,
            strategy=batch.strategy,
            client=batch.client,
            concurrency=batch.concurrency,
            per_host=batch.per_host,
            pace=batch.pace,
            engine="local",
            total=batch.total,
            done=batch.done,
            counts=batch.counts,
            reasons=batch.reasons,
            created_at=batch.created_at,
            started_at=batch.started_at,
            finished_at=batch.finished_at,
            setup_ms=milliseconds(batch.setup),
            wall_ms=milliseconds(batch.wall),
            checks_per_second=None if per_second is None else round(per_second, 3),
            latency_ms=latency_out(batch.latency),
            phases_ms={phase: percentiles_out(p) for phase, p in batch.phases.items()},
            cost=_cost_out(batch),
            fidelity=None,
            interruptions=batch.interruptions,
            error=batch.error,
            comparison=batch.comparison_id,
            links={"self": here, "outcomes": f"{here}/outcomes"},
        )


class BatchPage(BaseModel):
    """Batches, newest first."""

    items: list[BatchOut]
    next_cursor: str | None


def _cost_out(batch: Batch) -> CostOut | None:
    cost, each = batch.cost, batch.cpu_per_check
    if cost is None:
        return None
    return CostOut(
        cpu_ms=round(cost.cpu * 1e3, 3),
        cpu_us_per_check=None if each is None else round(each * 1e6, 1),
        peak_rss_bytes=cost.peak_rss_bytes,
        context_switches=SwitchesOut(
            voluntary=cost.voluntary_switches, involuntary=cost.involuntary_switches
        ),
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
