"""Comparisons over REST."""

import secrets
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from app.api import reported
from app.api.asked import Faults
from app.api.bodies import Body, body_of
from app.api.comparison_out import ComparisonOut, ComparisonPage
from app.api.contenders import (
    Baseline,
    Contenders,
    MatrixIn,
    combined,
    one_by_one,
    with_baseline,
)
from app.api.exported import Items, described, exported
from app.api.known import Known
from app.api.listed import Listed, PaceIn, PerHost
from app.api.problems import RESPONSES
from app.api.reported import Format
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
from app.domain.batch import MAX_TARGETS
from app.domain.comparison import DEFAULT_ROUNDS, MAX_ROUNDS, MAX_SEED, ComparisonDraft, Contender
from app.domain.fidelity import Pace
from app.services import comparisons
from app.storage import comparisons as comparison_rows
from checkers import Target

router = APIRouter(
    prefix="/api/v1", tags=["comparisons"], responses=RESPONSES, dependencies=[Known]
)

# Each is worked out from its rounds.
_AT_ONCE = 20
_EXAMPLE = {
    "urls": ["https://example.org/", "https://example.com/"],
    "contenders": ["threaded", {"strategy": "async", "concurrency": 50, "label": "async-50"}],
    "rounds": 5,
}
_MAX_SIZES = 10
_Size = Annotated[int, Field(ge=1, le=MAX_TARGETS)]


class ComparisonIn(Listed):
    """Strategies to be compared over one list of targets."""

    contenders: Contenders = Field(default_factory=list)
    matrix: MatrixIn | None = Field(default=None, description="Instead of contenders.")
    scale: list[_Size] | None = Field(
        default=None,
        min_length=1,
        max_length=_MAX_SIZES,
        description="Sizes to be measured in every round: the first so many targets.",
    )
    baseline: Baseline = "sequential"
    rounds: int = Field(default=DEFAULT_ROUNDS, ge=1, le=MAX_ROUNDS)
    pace: PaceIn = "max"
    per_host: PerHost = 0

    def draft(self, over: Sequence[Target] | None = None) -> ComparisonDraft:
        """The comparison, complete; raises `Invalid`.

        Args:
            over: its targets, where they are known already rather than listed here.
        """
        faults, pace = Faults(), Pace(self.pace)
        contenders = self._contenders(pace, faults)
        if not faults:
            contenders = with_baseline(contenders, self.baseline, pace, faults)
        targets = self.gathered(faults) if over is None else over
        sizes = self._sizes(len(targets), faults)
        if faults:
            raise faults.error()
        return ComparisonDraft(
            targets=targets,
            sizes=sizes,
            contenders=contenders,
            baseline=self.baseline,
            rounds=self.rounds,
            pace=pace,
            per_host=self.per_host,
            seed=secrets.randbelow(MAX_SEED),
            name=self.name,
            labels=self.labels,
        )

    def _contenders(self, pace: Pace, faults: Faults) -> list[Contender]:
        if self.matrix is None:
            if not self.contenders:
                faults.invalid(("contenders",), "there is no contender")
            return one_by_one(self.contenders, pace, faults)
        if self.contenders:
            faults.invalid(("matrix",), "contenders are named one by one or by a matrix, not both")
        return combined(self.matrix, pace, faults)

    def _sizes(self, targets: int, faults: Faults) -> list[int]:
        if self.scale is None:
            return [targets]
        for index, size in enumerate(self.scale):
            if size > targets:
                faults.invalid(("scale", index), f"is {size}; there are {targets} targets")
            if size in self.scale[:index]:
                faults.invalid(("scale", index), f"{size} is there already")
        return self.scale


@router.post(
    "/comparisons",
    status_code=202,
    response_model=ComparisonOut,
    openapi_extra=body_of(ComparisonIn, _EXAMPLE),
    responses={200: {"model": ComparisonOut, "description": "With Prefer: wait, once ended."}},
)
async def submit(
    request: Request,
    response: Response,
    service: Wired,
    key: KeyIn = None,
    prefer: PreferIn = None,
) -> ComparisonOut:
    """Compare strategies: a warm-up, then shuffled rounds, a fresh process for each run."""
    body = Body(request)
    draft = (await body.json(ComparisonIn)).draft()
    comparison = await comparisons.submit(
        service.database, service.notices, draft, once_of(request, key, body.digest)
    )
    wait = preferred_wait(prefer)
    if wait is not None:
        comparison = await comparisons.wait_until_ended(
            service.database, service.notices, comparison.id, wait
        )
    ended = comparison.finished_at is not None
    told_of(response, f"/api/v1/comparisons/{comparison.id}", wait, ended=ended)
    return ComparisonOut.of(await comparisons.report(service.database, comparison.id))


@router.get("/comparisons", response_model=None, responses=described(ComparisonPage))
async def listed(
    request: Request, service: Wired, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Comparisons, newest first, with what their rounds have shown; as NDJSON or CSV, all."""

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = comparison_rows.page(session, size, place)
        reports = [comparisons.read_report(session, c.id) for c in found]
        return [ComparisonOut.of(report) for report in reports], following

    return await exported(request, service, ComparisonOut, page, limit, cursor, at_once=_AT_ONCE)


@router.get("/comparisons/{comparison_id}")
async def one(service: Wired, comparison_id: str) -> ComparisonOut:
    """A comparison with everything its rounds have shown so far."""
    return ComparisonOut.of(await comparisons.report(service.database, comparison_id))


@router.delete(
    "/comparisons/{comparison_id}",
    response_model=None,
    responses={
        200: {"model": ComparisonOut, "description": "It had not ended; now it is cancelled."},
        204: {"description": "It had ended; now it is removed, with its runs."},
    },
)
async def delete(service: Wired, comparison_id: str) -> ComparisonOut | Response:
    """Cancel a comparison that has not ended; remove one that has."""
    if await cancelled(service, comparison_id):
        return ComparisonOut.of(await comparisons.report(service.database, comparison_id))
    await comparisons.remove(service.database, comparison_id)
    return Response(status_code=204)


async def cancelled(service: Service, comparison_id: str) -> bool:
    """End a comparison before its end; false when it had ended already.

    Raises:
        NotFound: there is none.
    """
    if not await comparisons.cancel(service.database, comparison_id):
        return False
    await service.dispatcher.stop_run(comparison_id)
    # A run may have been begun between the two.
    await comparisons.cancel(service.database, comparison_id)
    await comparisons.keep_evidence(service.database, comparison_id)
    service.notices.ended(comparison_id)
    return True


@router.get(
    "/comparisons/{comparison_id}/report",
    response_model=None,
    responses=reported.described(ComparisonOut),
)
async def report(
    service: Wired,
    comparison_id: str,
    format: Format = "json",  # noqa: A002 -- the contract's name
) -> Response | ComparisonOut:
    """The comparison as JSON, as rows for a spreadsheet, as Markdown, or as an HTML page."""
    found = await comparisons.report(service.database, comparison_id)
    return reported.written(found, format) or ComparisonOut.of(found)
