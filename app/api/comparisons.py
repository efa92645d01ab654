"""Comparisons over REST."""

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator, Field, JsonValue
from sqlalchemy.orm import Session

from app.api.asked import Asked, Faults, Place
from app.api.bodies import Body, body_of
from app.api.comparison_out import ComparisonOut, ComparisonPage
from app.api.known import Known
from app.api.listed import ClientIn, Listed, PaceIn, PerHost, StrategyIn, choose
from app.api.problems import RESPONSES
from app.api.wired import (
    Cursor,
    KeyIn,
    Limit,
    PreferIn,
    Wired,
    applied,
    once_of,
    place_of,
    preferred_wait,
)
from app.domain.comparison import (
    DEFAULT_ROUNDS,
    MAX_ROUNDS,
    ComparisonDraft,
    Contender,
    default_label,
)
from app.domain.errors import NotAvailable
from app.domain.fidelity import Pace
from app.reports import html, markdown
from app.services import comparisons
from app.services.comparisons import Report
from app.storage import comparisons as comparison_rows
from checkers import StrategyName

router = APIRouter(
    prefix="/api/v1", tags=["comparisons"], responses=RESPONSES, dependencies=[Known]
)

_EXAMPLE = {
    "urls": ["https://example.org/", "https://example.com/"],
    "contenders": ["threaded", {"strategy": "async", "concurrency": 50, "label": "async-50"}],
    "rounds": 5,
}
_MAX_CONTENDERS = 20
_MAX_SEED = 2**31


class ContenderIn(Asked):
    """A strategy with how it is to be run."""

    strategy: StrategyIn
    client: ClientIn | None = None
    concurrency: int | None = None
    pace: PaceIn | None = None
    label: str | None = Field(default=None, min_length=1, max_length=64)


def _named(value: object) -> object:
    """A contender that is only named."""
    return {"strategy": value} if isinstance(value, str) else value


ContenderOrName = Annotated[
    ContenderIn, BeforeValidator(_named, json_schema_input_type=StrategyIn | ContenderIn)
]


class ComparisonIn(Listed):
    """Strategies to be compared over one list of targets."""

    contenders: list[ContenderOrName] = Field(default_factory=list, max_length=_MAX_CONTENDERS)
    matrix: JsonValue = Field(default=None, description="Not available yet.")
    scale: JsonValue = Field(default=None, description="Not available yet.")
    baseline: str | None = Field(
        default="sequential", description="A label; sequential is added when absent."
    )
    rounds: int = Field(default=DEFAULT_ROUNDS, ge=1, le=MAX_ROUNDS)
    pace: PaceIn = "max"
    per_host: PerHost = 0

    def draft(self) -> ComparisonDraft:
        """The comparison, complete; raises `Invalid` or `NotAvailable`."""
        faults = Faults()
        for name in ("matrix", "scale"):
            if getattr(self, name) is not None:
                faults.later((name,), f"{name} is not available yet")
        if not self.contenders and self.matrix is None:
            faults.invalid(("contenders",), "there is no contender")
        found = {
            index: contender
            for index, asked in enumerate(self.contenders)
            if (contender := self._contender(asked, ("contenders", index), faults)) is not None
        }
        contenders = self._with_baseline(found, faults)
        targets = self.gathered(faults)
        if faults:
            raise faults.error()
        return ComparisonDraft(
            targets=targets,
            contenders=contenders,
            baseline=self.baseline,
            rounds=self.rounds,
            pace=Pace(self.pace),
            per_host=self.per_host,
            seed=secrets.randbelow(_MAX_SEED),
            name=self.name,
            labels=self.labels,
        )

    def _contender(self, full: ContenderIn, place: Place, faults: Faults) -> Contender | None:
        chosen = choose(full.strategy, full.client, full.concurrency, place, faults)
        if chosen is None:
            return None
        strategy, client, concurrency = chosen
        return Contender(
            label=full.label or default_label(strategy, client),
            strategy=strategy,
            client=client,
            concurrency=concurrency,
            pace=Pace(full.pace or self.pace),
        )

    def _with_baseline(self, given: dict[int, Contender], faults: Faults) -> list[Contender]:
        found, labels = list(given.values()), list[str]()
        for index, contender in given.items():
            if contender.label in labels:
                detail = f"a contender is called {contender.label!r} already"
                faults.invalid(("contenders", index), detail)
            labels.append(contender.label)
        refused = len(given) < len(self.contenders)
        if self.baseline is None or self.baseline in labels or refused:
            return found
        if self.baseline != StrategyName.SEQUENTIAL:
            faults.invalid(("baseline",), f"no contender is called {self.baseline!r}")
            return found
        alone = ContenderIn(strategy=StrategyName.SEQUENTIAL.value)
        baseline = self._contender(alone, ("baseline",), faults)
        assert baseline is not None
        return [baseline, *found]


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
    response.headers.update({"Location": f"/api/v1/comparisons/{comparison.id}", **applied(wait)})
    response.status_code = 200 if wait is not None and ended else 202
    return ComparisonOut.of(await comparisons.report(service.database, comparison.id))


@router.get("/comparisons")
async def listed(service: Wired, limit: Limit = 100, cursor: Cursor = None) -> ComparisonPage:
    """Comparisons, newest first, each with what its rounds have shown."""

    def read(session: Session) -> tuple[list[Report], int | None]:
        found, following = comparison_rows.page(session, limit, place_of(cursor))
        return [comparisons.read_report(session, c.id) for _, c in found], following

    reports, following = await service.database.read(read)
    return ComparisonPage(
        items=[ComparisonOut.of(report) for report in reports],
        next_cursor=None if following is None else str(following),
    )


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
    if await comparisons.cancel(service.database, comparison_id):
        await service.dispatcher.stop_run(comparison_id)
        # A run may have been begun between the two.
        await comparisons.cancel(service.database, comparison_id)
        service.notices.ended(comparison_id)
        return ComparisonOut.of(await comparisons.report(service.database, comparison_id))
    await comparisons.remove(service.database, comparison_id)
    return Response(status_code=204)


@router.get(
    "/comparisons/{comparison_id}/report",
    response_model=None,
    responses={
        200: {
            "description": "The report.",
            "content": {"application/json": {}, "text/markdown": {}, "text/html": {}},
        }
    },
)
async def report(
    service: Wired,
    comparison_id: str,
    format: Annotated[Literal["json", "markdown", "html", "csv"], Query()] = "json",  # noqa: A002 -- the contract's name
) -> Response | ComparisonOut:
    """The comparison as JSON, Markdown or an HTML page with its charts inside."""
    found = await comparisons.report(service.database, comparison_id)
    match format:
        case "markdown":
            return Response(markdown.render(found), media_type="text/markdown")
        case "html":
            return Response(html.render(found), media_type="text/html")
        case "csv":
            raise NotAvailable("A report as CSV is not available yet.")
        case _:
            return ComparisonOut.of(found)
