"""What finished runs have shown, over REST."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.api import headers, reported
from app.api.asked import Instant
from app.api.contender_out import BoundOut, ContenderLatencyOut
from app.api.figures import AS_IS, TO_MS, TO_US, IntervalOut
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.reported import Format
from app.api.wired import Wired
from app.domain.fidelity import Verdict
from app.domain.history import Group, grouped
from app.reports import history
from app.storage import measurements
from checkers import ClientName, Status, StrategyName

router = APIRouter(prefix="/api/v1", tags=["reports"], responses=RESPONSES, dependencies=[Known])


class SizeClassOut(BaseModel):
    """A class of sizes, in targets, both ends included."""

    least: int
    most: int


class GroupOut(BaseModel):
    """Finished runs of one strategy, client and size class: medians over the runs."""

    strategy: StrategyName
    client: ClientName
    size: SizeClassOut
    runs: int
    batches: list[str] = Field(description="The newest hundred of them.")
    wall_ms: IntervalOut | None
    setup_ms: IntervalOut | None
    checks_per_second: IntervalOut | None
    cpu_us_per_check: IntervalOut | None
    peak_rss_bytes: IntervalOut | None
    latency_ms: ContenderLatencyOut
    error_bound_ms: BoundOut
    counts: dict[Status, int]
    fidelity: dict[Verdict, int] = Field(description="How many runs had which verdict.")

    @classmethod
    def of(cls, group: Group) -> "GroupOut":
        figures = group.figures
        return cls(
            strategy=group.strategy,
            client=group.client,
            size=SizeClassOut(least=group.size.least, most=group.size.most),
            runs=len(figures.batches),
            batches=list(figures.batches[-100:]),
            wall_ms=IntervalOut.of(figures.wall, TO_MS),
            setup_ms=IntervalOut.of(figures.setup, TO_MS),
            checks_per_second=IntervalOut.of(figures.checks_per_second, AS_IS),
            cpu_us_per_check=IntervalOut.of(figures.cpu_per_check, TO_US),
            peak_rss_bytes=IntervalOut.of(figures.peak_rss_bytes, AS_IS),
            latency_ms=ContenderLatencyOut.of(figures),
            error_bound_ms=BoundOut.of(figures),
            counts=dict(figures.counts),
            fidelity=dict(figures.fidelity),
        )


class HistoryOut(BaseModel):
    """Every finished run, by strategy, client and size class; the smallest sizes first."""

    since: datetime | None
    until: datetime | None
    items: list[GroupOut]


@router.get("/reports/strategies", response_model=None, responses=reported.described(HistoryOut))
async def strategies(
    service: Wired,
    since: Annotated[
        Instant | None, Query(description="RFC 3339; runs that ended then or later.")
    ] = None,
    until: Annotated[Instant | None, Query(description="RFC 3339; runs that ended before.")] = None,
    label: Annotated[
        str | None,
        Query(description="`k=v`: only runs that carry it.", pattern=r"^[^=]+=", max_length=400),
    ] = None,
    format: Format = "json",  # noqa: A002 -- the contract's name
) -> HistoryOut | Response:
    """What every finished run of this machine has shown. Resumed runs and warm-ups are left out."""
    key, _, value = (label or "").partition("=")
    pair = None if label is None else (key, value)
    runs = await service.database.read(
        lambda session: grouped(
            measurements.finished(session, since=since, until=until, label=pair)
        )
    )
    match format:
        case "markdown":
            return Response(history.as_markdown(runs), media_type="text/markdown")
        case "html":
            return headers.html(history.as_html(runs))
        case "csv":
            return Response(history.as_csv(runs), media_type="text/csv")
    return HistoryOut(since=since, until=until, items=[GroupOut.of(group) for group in runs])
