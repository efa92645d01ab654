"""Comparisons over REST."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, JsonValue

from app.api.batches import ClientIn, Listed, StrategyIn, choose
from app.api.bodies import body_of, read_json
from app.api.figures import AS_IS, TO_MS, TO_US, IntervalOut
from app.api.problems import RESPONSES
from app.api.targets import Asked, Faults
from app.api.wired import Cursor, Limit, Wired, applied, place_of, preferred_wait
from app.domain.batch import Pace, RunStatus
from app.domain.comparison import (
    DEFAULT_ROUNDS,
    DISAGREEMENTS_SHOWN,
    MAX_ROUNDS,
    ComparisonDraft,
    Contender,
    Metric,
    Summary,
    default_label,
    order,
)
from app.domain.errors import NotAvailable
from app.reports import environment, html, markdown
from app.services import comparisons
from app.services.comparisons import Report
from app.storage import comparisons as comparison_rows
from checkers import ClientName, Status, StrategyName

router = APIRouter(prefix="/api/v1", tags=["comparisons"], responses=RESPONSES)

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
    pace: Literal["truthful", "max"] | None = None
    label: str | None = Field(default=None, min_length=1, max_length=64)


class ComparisonIn(Listed):
    """Strategies to be compared over one list of targets."""

    contenders: list[StrategyIn | ContenderIn] = Field(
        default_factory=list, max_length=_MAX_CONTENDERS
    )
    matrix: JsonValue = Field(default=None, description="Not available yet.")
    scale: JsonValue = Field(default=None, description="Not available yet.")
    baseline: str | None = Field(
        default="sequential", description="A label; sequential is added when absent."
    )
    rounds: int = Field(default=DEFAULT_ROUNDS, ge=1, le=MAX_ROUNDS)
    pace: Literal["truthful", "max"] = "max"

    def draft(self) -> ComparisonDraft:
        """The comparison, complete; raises `Invalid` or `NotAvailable`."""
        faults = Faults()
        for name in ("matrix", "scale"):
            if getattr(self, name) is not None:
                faults.later((name,), f"{name} is not available yet")
        if not self.contenders and self.matrix is None:
            faults.invalid(("contenders",), "there is no contender")
        found = [
            contender
            for index, asked in enumerate(self.contenders)
            if (contender := self._contender(asked, ("contenders", index), faults)) is not None
        ]
        contenders = self._with_baseline(found, faults)
        targets = self.listed(faults)
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

    def _contender(
        self, asked: str | ContenderIn, place: tuple[int | str, ...], faults: Faults
    ) -> Contender | None:
        full = ContenderIn.model_validate({"strategy": asked}) if isinstance(asked, str) else asked
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

    def _with_baseline(self, found: list[Contender], faults: Faults) -> list[Contender]:
        labels = [contender.label for contender in found]
        for index, label in enumerate(labels):
            if label in labels[:index]:
                faults.invalid(("contenders", index), f"a contender is called {label!r} already")
        if self.baseline is None or self.baseline in labels:
            return found
        if self.baseline != StrategyName.SEQUENTIAL:
            faults.invalid(("baseline",), f"no contender is called {self.baseline!r}")
            return found
        baseline = self._contender(StrategyName.SEQUENTIAL.value, ("baseline",), faults)
        assert baseline is not None
        return [baseline, *found]


class ProgressOut(BaseModel):
    """Checks done, of all that the rounds and the warm-up will make."""

    done: int
    total: int


class ContenderLatencyOut(BaseModel):
    """Medians over the rounds of each percentile, in milliseconds."""

    p50: IntervalOut | None
    p95: IntervalOut | None
    p99: IntervalOut | None


class ContenderOut(BaseModel):
    """What one contender came to over its rounds; the warm-up is in no figure."""

    label: str
    size: int
    strategy: StrategyName
    client: ClientName
    concurrency: int
    pace: Pace
    batches: list[str]
    wall_ms: IntervalOut | None
    setup_ms: IntervalOut | None
    checks_per_second: IntervalOut | None
    cpu_us_per_check: IntervalOut | None
    peak_rss_bytes: IntervalOut | None
    latency_ms: ContenderLatencyOut
    excess_latency_ms: None
    fidelity: None
    counts: Mapping[Status, int]

    @classmethod
    def of(cls, summary: Summary, size: int) -> "ContenderOut":
        contender = summary.contender
        return cls(
            label=contender.label,
            size=size,
            strategy=contender.strategy,
            client=contender.client,
            concurrency=contender.concurrency,
            pace=contender.pace,
            batches=list(summary.batches),
            wall_ms=IntervalOut.of(summary.wall, TO_MS),
            setup_ms=IntervalOut.of(summary.setup, TO_MS),
            checks_per_second=IntervalOut.of(summary.checks_per_second, AS_IS),
            cpu_us_per_check=IntervalOut.of(summary.cpu_per_check, TO_US),
            peak_rss_bytes=IntervalOut.of(summary.peak_rss_bytes, AS_IS),
            latency_ms=ContenderLatencyOut(
                p50=IntervalOut.of(summary.latency_p50, TO_MS),
                p95=IntervalOut.of(summary.latency_p95, TO_MS),
                p99=IntervalOut.of(summary.latency_p99, TO_MS),
            ),
            excess_latency_ms=None,
            fidelity=None,
            counts=summary.counts,
        )


class PairOut(BaseModel):
    """Two contenders by one metric: ratio is b ÷ a, the geometric mean over the rounds.

    Interval and significance are null until a later version computes them.
    """

    a: str
    b: str
    size: int
    metric: Metric
    ratio: float
    low: None = None
    high: None = None
    significant: None = None
    rounds_to_settle: None = None


class DisagreementOut(BaseModel):
    """A target of which the contenders say different things."""

    seq: int
    url: str
    verdicts: Mapping[str, str]


class RecommendationOut(BaseModel):
    """Who won what; `label` stays null until the differences are known to be real."""

    label: None = None
    fastest: str | None
    cheapest: str | None
    most_truthful: None = None
    because: list[str]


class ComparisonOut(BaseModel):
    """A comparison with everything its rounds have shown so far."""

    id: str
    name: str | None
    labels: Mapping[str, str]
    status: RunStatus
    error: str | None
    baseline: str | None
    rounds: int
    seed: int
    order: list[list[str]]
    pace: Pace
    per_host: int
    progress: ProgressOut
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    contenders: list[ContenderOut]
    pairs: list[PairOut]
    effects: list[dict[str, Any]]
    disagreements: list[DisagreementOut]
    disagreements_total: int
    unstable: list[int]
    recommendation: RecommendationOut
    environment: environment.Environment
    links: dict[str, str]

    @classmethod
    def of(cls, report: Report) -> "ComparisonOut":
        comparison = report.comparison
        here = f"/api/v1/comparisons/{comparison.id}"
        labels = [contender.label for contender in comparison.contenders]
        size = comparison.total
        everything = size * len(labels) * (comparison.rounds + 1)
        return cls(
            id=comparison.id,
            name=comparison.name,
            labels=comparison.labels,
            status=comparison.status,
            error=comparison.error,
            baseline=comparison.baseline,
            rounds=comparison.rounds,
            seed=comparison.seed,
            order=order(labels, comparison.rounds, comparison.seed),
            pace=comparison.pace,
            per_host=comparison.per_host,
            progress=ProgressOut(done=report.done, total=everything),
            created_at=comparison.created_at,
            started_at=comparison.started_at,
            finished_at=comparison.finished_at,
            contenders=[ContenderOut.of(summary, size) for summary in report.summaries],
            pairs=[
                PairOut(
                    a=pair.a,
                    b=pair.b,
                    size=size,
                    metric=pair.metric,
                    ratio=round(pair.ratio, 4),
                )
                for pair in report.pairs
            ],
            effects=[],
            disagreements=[
                DisagreementOut(seq=d.seq, url=d.url, verdicts=d.verdicts)
                for d in report.disagreements[:DISAGREEMENTS_SHOWN]
            ],
            disagreements_total=len(report.disagreements),
            unstable=list(report.unstable),
            recommendation=RecommendationOut(
                fastest=report.recommendation.fastest,
                cheapest=report.recommendation.cheapest,
                because=list(report.recommendation.because),
            ),
            environment=environment.describe(),
            links={
                "self": here,
                "report": f"{here}/report",
                "page": f"/comparisons/{comparison.id}",
            },
        )


class ComparisonPage(BaseModel):
    """Comparisons, newest first."""

    items: list[ComparisonOut]
    next_cursor: str | None


@router.post(
    "/comparisons",
    status_code=202,
    response_model=ComparisonOut,
    openapi_extra=body_of(ComparisonIn, _EXAMPLE),
    responses={200: {"model": ComparisonOut, "description": "With Prefer: wait, once ended."}},
)
async def submit(request: Request, response: Response, service: Wired) -> ComparisonOut:
    """Compare strategies: a warm-up, then shuffled rounds, a fresh process for each run."""
    draft = (await read_json(request, ComparisonIn)).draft()
    comparison = await comparisons.submit(service.database, service.notices, draft)
    wait = preferred_wait(request)
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

    def read(session: Any) -> tuple[list[Report], int | None]:
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
