"""A batch: what was asked, how it goes on, what came of each target, and what to do with that."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final, Literal, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.api import sse
from app.api.batch_in import AgainQuery
from app.api.batch_outcomes import written
from app.api.batches import cancel
from app.api.bodies import JSON, field_error
from app.api.exported import CSV, NDJSON
from app.api.wired import Service, Wired
from app.domain.batch import Batch
from app.domain.errors import Conflict, Invalid
from app.reports.plots import Plot
from app.reports.visible import plain
from app.services import batches, clock
from app.storage import batches as batch_rows
from app.storage import targets as target_rows
from app.web import batch_figures, batch_live, batch_results
from app.web.batch_figures import Distributions
from app.web.batch_form import CLIENTS, FIELDS, OWN_CONCURRENCY, STRATEGIES, chosen
from app.web.batch_results import Results, asked_for
from app.web.entries import labels_text
from app.web.forms import Form, Sent
from app.web.frame import gone_to, render
from app.web.live import Live
from app.web.waterfalls import NAMES
from checkers import Target

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_EXPORTS: Final = {"json": JSON, "ndjson": NDJSON, "csv": CSV}


class _Seen(NamedTuple):
    batch: Batch
    most: Target
    results: Results
    plot: Plot | None


@router.get("/batches/{batch_id}")
async def one(request: Request, service: Wired, batch_id: str) -> HTMLResponse:
    """Everything about a batch."""
    return await shown(request, service, batch_id)


async def shown(
    request: Request,
    service: Service,
    batch_id: str,
    *,
    rerun: Form | None = None,
    monitors: Form | None = None,
) -> HTMLResponse:
    """The page of a batch, with a form of it that was refused; raises `NotFound`."""
    refused = rerun or monitors
    asked = asked_for(request, batch_id)
    distributions: Distributions = request.app.state.distributions

    def read(session: Session) -> _Seen:
        batch = batch_rows.load(session, batch_id)
        _, list_id = batch_rows.key_of(session, batch_id)
        return _Seen(
            batch,
            target_rows.most_of(session, list_id),
            batch_results.read(session, batch, asked),
            distributions.of(session, batch),
        )

    batch, most, results, plot = await service.database.read(read)
    return render(
        request,
        "batch",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        title=plain(batch.name or f"Batch {batch.id}", 80),
        batch=batch,
        most=most,
        asked=asked,
        results=results,
        plot=plot,
        left=batch_live.left(batch, clock.now()),
        believed=batch_figures.believed(batch),
        tiles=batch_figures.tiles(batch),
        latencies=batch_figures.latencies(batch),
        phases=NAMES,
        exports=_EXPORTS,
        refused=refused or Form(),
        labels=labels_text(batch.labels),
        rerun=rerun or Form(),
        monitors=monitors or Form(),
        strategies=(("", f"as before: {batch.strategy.value}"), *STRATEGIES),
        clients=CLIENTS,
        own_concurrency=OWN_CONCURRENCY,
    )


@router.get("/batches/{batch_id}/live", response_class=StreamingResponse)
async def live(request: Request, service: Wired, batch_id: str) -> StreamingResponse:
    """How it goes on, until it has ended; raises `NotFound`."""
    await batches.load(service.database, batch_id)
    hub: Live = request.app.state.live
    return sse.told(batch_live.told(service, batch_id, hub.standing))


@router.get("/batches/{batch_id}/outcomes.{kind}", response_class=StreamingResponse)
async def exported(
    request: Request, service: Wired, batch_id: str, kind: Literal["json", "ndjson", "csv"]
) -> StreamingResponse:
    """What the page's list holds, all of it, as a file."""
    keys = await service.database.read(lambda session: batch_rows.key_of(session, batch_id))
    rows = written(service.database, asked_for(request, batch_id).wanted(*keys), _EXPORTS[kind])
    name = f'attachment; filename="{batch_id}.{kind}"'
    return StreamingResponse(
        _as_list(rows) if kind == "json" else rows,
        media_type=_EXPORTS[kind],
        headers={"Content-Disposition": name},
    )


async def _as_list(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """JSON a line as one JSON list."""
    before = b"["
    async for part in lines:
        if part:
            yield before + part.removesuffix(b"\n").replace(b"\n", b",\n")
            before = b",\n"
    yield b"]\n" if before == b",\n" else b"[]\n"


@router.post("/batches/{batch_id}/cancel")
async def cancelled(service: Wired, batch_id: str, form: Sent) -> Response:  # noqa: ARG001 -- that it was sent by us
    """Let no check of it start any more; one that has ended in the meantime stays as it is."""
    stopped = await cancel(service, batch_id)
    return gone_to(f"/batches/{batch_id}", "cancelled" if stopped else None)


@router.post("/batches/{batch_id}/remove")
async def removed(service: Wired, batch_id: str, form: Sent) -> Response:  # noqa: ARG001 -- as above
    """Remove one that has ended, with its outcomes."""
    await batches.remove(service.database, batch_id)
    return gone_to("/batches", "removed")


@router.post("/batches/{batch_id}/rerun")
async def again(request: Request, service: Wired, batch_id: str, form: Sent) -> Response:
    """Check its targets again, in a batch of its own."""
    try:
        query = AgainQuery.model_validate({**chosen(form), "only": form.text("only") or "all"})
        batch = await batches.rerun(
            service.database,
            service.notices,
            batch_id,
            query.draft,
            only_not_up=query.only == "not_up",
        )
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        form.faults([field_error(entry) for entry in found], FIELDS)
    except Invalid as error:
        form.faults(error.errors, FIELDS)
    except Conflict as error:
        form.fault("", error.detail)
    else:
        return gone_to(f"/batches/{batch.id}", "created")
    return await shown(request, service, batch_id, rerun=form)
