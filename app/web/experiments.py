"""The laboratory: other work under the strategies, asked for and read as comparisons are."""

import secrets
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from app.api import experiments as over_rest
from app.api.bodies import checked
from app.api.experiment_in import ExperimentIn
from app.api.wired import Wired
from app.domain.comparison import MAX_SEED
from app.domain.errors import Invalid
from app.services import experiments
from app.storage import experiments as experiment_rows
from app.web import side_by_side
from app.web.comparisons import Before
from app.web.experiment_form import FIELDS, asked_of, fill_in, page_of
from app.web.forms import Form, Sent
from app.web.frame import gone_to
from app.web.side_by_side import Kind

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

KIND: Final = Kind(
    path="/experiments",
    word="experiment",
    heading="Laboratory",
    lead="Computing, data, files, conversations: what each strategy is good for on this machine.",
    page=experiment_rows.page,
    figures=experiments.read_report,
    report=experiments.read_report,
)


@router.get("/experiments")
async def listed(request: Request, service: Wired, before: Before = None) -> Response:
    """Experiments, newest first."""
    return await side_by_side.listed(request, service, KIND, before)


@router.get("/experiments/new")
async def new(request: Request, service: Wired, again: str | None = None) -> Response:
    """The form for an experiment; filled in as another was asked for, if one is named."""
    form = Form()
    if again is not None:
        found = await service.database.read(lambda session: experiment_rows.load(session, again))
        fill_in(form, found.comparison)
    return page_of(request, form)


@router.post("/experiments/new")
async def create(request: Request, service: Wired, form: Sent) -> Response:
    """Begin an experiment, or only count what it would carry out."""
    try:
        draft = checked(asked_of(form), ExperimentIn).draft()
    except Invalid as error:
        form.faults(error.errors, FIELDS)
        return page_of(request, form)
    if form.errors:
        return page_of(request, form)
    if form.text("do") == "count":
        return page_of(request, form, draft)
    made = await experiments.submit(service.database, service.notices, draft)
    return gone_to(KIND.at(made.id), "created")


@router.get("/experiments/{experiment_id}")
async def one(request: Request, service: Wired, experiment_id: str) -> Response:
    """An experiment: its rounds while it goes on, then its report."""
    return await side_by_side.shown(request, service, KIND, experiment_id)


@router.get("/experiments/{experiment_id}/live", response_class=StreamingResponse)
async def live(service: Wired, experiment_id: str) -> StreamingResponse:
    """How its rounds go on."""
    return await side_by_side.live(service, KIND, experiment_id)


@router.post("/experiments/{experiment_id}/again")
async def again(service: Wired, form: Sent, experiment_id: str) -> Response:  # noqa: ARG001 -- that it was sent by us
    """Make the same experiment again, in an order of its own."""
    seed = secrets.randbelow(MAX_SEED)
    made = await experiments.rerun(service.database, service.notices, experiment_id, seed)
    return gone_to(KIND.at(made.id), "created")


@router.post("/experiments/{experiment_id}/cancel")
async def cancel(service: Wired, form: Sent, experiment_id: str) -> Response:  # noqa: ARG001 -- as above
    """End an experiment before its end."""
    ended = await over_rest.cancelled(service, experiment_id)
    return gone_to(KIND.at(experiment_id), "cancelled" if ended else None)


@router.post("/experiments/{experiment_id}/remove")
async def remove(service: Wired, form: Sent, experiment_id: str) -> Response:  # noqa: ARG001 -- as above
    """Remove an experiment that has ended."""
    await experiments.remove(service.database, experiment_id)
    return gone_to(KIND.path, "removed")
