"""Comparisons: listed, asked for with boxes, watched round by round, read as a report."""

import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from sqlalchemy.orm import Session

from app.api import comparisons as over_rest
from app.api.wired import Wired
from app.domain.comparison import MAX_SEED
from app.domain.errors import Invalid, NotFound
from app.services import comparisons
from app.storage import comparisons as comparison_rows
from app.storage import targets
from app.web import side_by_side
from app.web.comparison_form import FIELDS, Wanted, by_line, draft_of, fill_in, page_of
from app.web.forms import Form, Sent
from app.web.frame import gone_to
from app.web.side_by_side import Kind

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

KIND: Final = Kind(
    path="/comparisons",
    word="comparison",
    heading="Comparisons",
    lead="Strategies side by side over one list of targets, in shuffled rounds.",
    page=comparison_rows.page,
    figures=comparisons.read_figures,
    report=comparisons.read_report,
)
#: Where a page of a list begins.
Before = Annotated[int | None, Query(ge=0, lt=10**18)]


@router.get("/comparisons")
async def listed(request: Request, service: Wired, before: Before = None) -> Response:
    """Comparisons, newest first."""
    return await side_by_side.listed(request, service, KIND, before)


@router.get("/comparisons/new")
async def new(request: Request, service: Wired, again: str | None = None) -> Response:
    """The form for a comparison; filled in as another was asked for, if one is named."""
    form = Form()
    if again is not None:
        found = await service.database.read(lambda session: comparison_rows.load(session, again))
        fill_in(form, found.comparison)
    return page_of(request, form, await _over(service, form))


@router.post("/comparisons/new")
async def create(request: Request, service: Wired, form: Sent) -> Response:
    """Begin a comparison, or only count what it would carry out."""
    over = await _over(service, form)
    wanted = Wanted(form, None if over is None else over[1])
    try:
        draft = await draft_of(service.database, wanted)
    except Invalid as error:
        form.faults(by_line(error.errors, wanted.line_numbers), FIELDS)
        return page_of(request, form, over)
    if form.errors:
        return page_of(request, form, over)
    if form.text("do") == "count":
        return page_of(request, form, over, draft)
    made = await comparisons.submit(service.database, service.notices, draft)
    return gone_to(KIND.at(made.id), "created")


async def _over(service: Wired, form: Form) -> tuple[str, int] | None:
    """The comparison whose targets are to be taken, and how many they are."""
    public_id = form.text("targets_of")
    if not public_id:
        return None

    def count(session: Session) -> int:
        list_id = comparison_rows.load(session, public_id).list_id
        return targets.count(session, list_id)

    try:
        return public_id, await service.database.read(count)
    except NotFound:
        form.put("targets_of", "")
        form.fault("urls", "the comparison whose targets these were is gone; list them here")
        return None


@router.get("/comparisons/{comparison_id}")
async def one(request: Request, service: Wired, comparison_id: str) -> Response:
    """A comparison: its rounds while it goes on, then its report."""
    return await side_by_side.shown(request, service, KIND, comparison_id)


@router.get("/comparisons/{comparison_id}/live", response_class=StreamingResponse)
async def live(service: Wired, comparison_id: str) -> StreamingResponse:
    """How its rounds go on."""
    return await side_by_side.live(service, KIND, comparison_id)


@router.post("/comparisons/{comparison_id}/again")
async def again(service: Wired, form: Sent, comparison_id: str) -> Response:  # noqa: ARG001 -- that it was sent by us
    """Compare the same over the same targets again, in an order of its own."""
    seed = secrets.randbelow(MAX_SEED)
    made = await comparisons.rerun(service.database, service.notices, comparison_id, seed)
    return gone_to(KIND.at(made.id), "created")


@router.post("/comparisons/{comparison_id}/cancel")
async def cancel(service: Wired, form: Sent, comparison_id: str) -> Response:  # noqa: ARG001 -- as above
    """End a comparison before its end."""
    ended = await over_rest.cancelled(service, comparison_id)
    return gone_to(KIND.at(comparison_id), "cancelled" if ended else None)


@router.post("/comparisons/{comparison_id}/remove")
async def remove(service: Wired, form: Sent, comparison_id: str) -> Response:  # noqa: ARG001 -- as above
    """Remove a comparison that has ended."""
    await comparisons.remove(service.database, comparison_id)
    return gone_to(KIND.path, "removed")
