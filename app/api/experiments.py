"""Experiments of the laboratory over REST."""

from typing import Self

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api import reported
from app.api.bodies import Body, body_of
from app.api.comparison_out import SideBySideOut, side_by_side
from app.api.contender_out import ContenderOut
from app.api.experiment_in import ExperimentIn
from app.api.exported import Items, described, exported
from app.api.figures import AS_IS, IntervalOut
from app.api.known import Known
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
from app.domain.comparison import Summary
from app.services import experiments
from app.services.reports import Report
from app.storage import experiments as experiment_rows
from checkers.workloads.catalogue import WorkloadName

router = APIRouter(prefix="/api/v1", tags=["laboratory"], responses=RESPONSES, dependencies=[Known])

# Each is worked out from its rounds.
_AT_ONCE = 20

_EXAMPLE = {
    "workload": "cpu",
    "items": 8,
    "size": 100000,
    "contenders": ["threaded", {"strategy": "multiprocess", "concurrency": 2}],
    "rounds": 5,
}


class LabContenderOut(ContenderOut):
    """What one contender came to, with what the workload itself measures."""

    metrics: dict[str, IntervalOut] = Field(description="By name, which carries the unit.")

    @classmethod
    def of_lab(cls, summary: Summary) -> Self:
        metrics = {
            name: shown
            for name, interval in summary.figures.metrics.items()
            if (shown := IntervalOut.of(interval, AS_IS)) is not None
        }
        return cls.of(summary, None, metrics=metrics)


class ExperimentOut(SideBySideOut):
    """An experiment with everything its rounds have shown so far."""

    workload: WorkloadName
    url: str | None
    items: int
    size: int | None
    contenders: list[LabContenderOut]

    @classmethod
    def of(cls, report: Report) -> Self:
        lab = report.comparison.lab
        assert lab is not None
        return cls(
            **side_by_side(report, "experiments"),
            workload=lab.workload,
            url=lab.url,
            items=lab.items,
            size=lab.size,
            contenders=[LabContenderOut.of_lab(summary) for summary in report.summaries],
        )


class ExperimentPage(BaseModel):
    """Experiments, newest first."""

    items: list[ExperimentOut]
    next_cursor: str | None


@router.post(
    "/experiments",
    status_code=202,
    response_model=ExperimentOut,
    openapi_extra=body_of(ExperimentIn, _EXAMPLE),
    responses={200: {"model": ExperimentOut, "description": "With Prefer: wait, once ended."}},
)
async def submit(
    request: Request,
    response: Response,
    service: Wired,
    key: KeyIn = None,
    prefer: PreferIn = None,
) -> ExperimentOut:
    """Put other work under the strategies: a warm-up, then shuffled rounds, fresh processes."""
    body = Body(request)
    draft = (await body.json(ExperimentIn)).draft()
    experiment = await experiments.submit(
        service.database, service.notices, draft, once_of(request, key, body.digest)
    )
    wait = preferred_wait(prefer)
    if wait is not None:
        experiment = await experiments.wait_until_ended(
            service.database, service.notices, experiment.id, wait
        )
    ended = experiment.finished_at is not None
    told_of(response, f"/api/v1/experiments/{experiment.id}", wait, ended=ended)
    return ExperimentOut.of(await experiments.report(service.database, experiment.id))


@router.get("/experiments", response_model=None, responses=described(ExperimentPage))
async def listed(
    request: Request, service: Wired, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Experiments, newest first, with what their rounds have shown; as NDJSON or CSV, all."""

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = experiment_rows.page(session, size, place)
        reports = [experiments.read_report(session, e.id) for e in found]
        return [ExperimentOut.of(report) for report in reports], following

    return await exported(request, service, ExperimentOut, page, limit, cursor, at_once=_AT_ONCE)


@router.get("/experiments/{experiment_id}")
async def one(service: Wired, experiment_id: str) -> ExperimentOut:
    """An experiment with everything its rounds have shown so far."""
    return ExperimentOut.of(await experiments.report(service.database, experiment_id))


@router.delete(
    "/experiments/{experiment_id}",
    response_model=None,
    responses={
        200: {"model": ExperimentOut, "description": "It had not ended; now it is cancelled."},
        204: {"description": "It had ended; now it is removed, with its runs."},
    },
)
async def delete(service: Wired, experiment_id: str) -> ExperimentOut | Response:
    """Cancel an experiment that has not ended; remove one that has."""
    if await cancelled(service, experiment_id):
        return ExperimentOut.of(await experiments.report(service.database, experiment_id))
    await experiments.remove(service.database, experiment_id)
    return Response(status_code=204)


async def cancelled(service: Service, experiment_id: str) -> bool:
    """End an experiment before its end; false when it had ended already.

    Raises:
        NotFound: there is none.
    """
    if not await experiments.cancel(service.database, experiment_id):
        return False
    await service.dispatcher.stop_run(experiment_id)
    service.notices.ended(experiment_id)
    return True


@router.get(
    "/experiments/{experiment_id}/report",
    response_model=None,
    responses=reported.described(ExperimentOut),
)
async def report(
    service: Wired,
    experiment_id: str,
    format: Format = "json",  # noqa: A002 -- the contract's name
) -> Response | ExperimentOut:
    """The experiment as JSON, as rows for a spreadsheet, as Markdown, or as an HTML page."""
    found = await experiments.report(service.database, experiment_id)
    return reported.written(found, format) or ExperimentOut.of(found)
