"""Monitors over REST: defined one by one or by the thousand, changed, paused, removed, checked."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.api.bodies import JSON, Body, body_of, patch_of
from app.api.exported import Items, described, exported
from app.api.known import Known
from app.api.monitor_bodies import apply_patch, at_row, labels_of, read_definitions, read_rows
from app.api.monitor_in import ManyIn, MonitorIn
from app.api.monitor_out import (
    DefinitionOut,
    ManyPlacedOut,
    MonitorOut,
    MonitorPage,
    PlacedOut,
    SelectedOut,
)
from app.api.patch import read_patch
from app.api.problems import RESPONSES
from app.api.wired import Cursor, KeyIn, Limit, Service, Wired, once_of
from app.domain.errors import FieldError, Invalid
from app.domain.monitor import Monitor, MonitorStatus, Result
from app.reports.monitor_outcomes import MonitorCheckOut
from app.reports.outcomes import CheckOut, encode
from app.services import checks, clock
from app.services.monitors import labelled, named
from app.services.placing import Asked, Placed
from app.storage import monitor_pages
from app.storage import monitors as monitor_rows

router = APIRouter(prefix="/api/v1", tags=["monitors"], responses=RESPONSES, dependencies=[Known])

_EXAMPLE = {
    "key": "shop",
    "name": "The shop",
    "labels": {"team": "web"},
    "target": {
        "url": "https://example.org/health",
        "expect": [{"of": "status", "op": "==", "value": 200}],
    },
    "interval_seconds": 30,
    "thresholds": {"down_after": 2, "up_after": 2, "recheck_seconds": 5},
}
_MANY = {"monitors": [{"key": "one", "target": {"url": "https://example.org/"}}]}
_PATCH = {"interval_seconds": 60, "labels": {"team": None}}

Labels = Annotated[
    list[str], Query(description="k=v, repeatable: all must hold.", examples=["team=web"])
]
DryRun = Annotated[
    bool,
    Query(description="Check once, for half a minute at most, and show everything; store nothing."),
]


@router.post(
    "/monitors",
    response_model=None,
    openapi_extra=body_of(MonitorIn, _EXAMPLE, _MANY, instead=ManyIn),
    responses={
        200: {"description": "Changed, or the same as before; of many: what became of each."},
        201: {"model": MonitorOut, "description": "Created."},
    },
)
async def place(
    request: Request,
    response: Response,
    service: Wired,
    dry_run: DryRun = False,  # noqa: FBT002 -- a query parameter
    key: KeyIn = None,
) -> MonitorOut | ManyPlacedOut | PlacedOut:
    """Create a monitor, or change the one of that key: left-out fields take their defaults.

    Of many, `{"monitors": [...]}`, each row is for itself; what is wrong with one hinders no other.
    """
    body = Body(request)
    rows, many = await read_rows(body)
    asked = await read_definitions(service.database, rows)
    once = None if dry_run else once_of(request, key, body.digest)
    placed = await service.monitors.place(asked, once=once, store=not dry_run)
    if not many:
        _refuse(placed)
    if dry_run:
        items = await _tried(service, asked, placed, many=many)
        return ManyPlacedOut.of(items) if many else items[0]
    if many:
        items = [PlacedOut.of(each, at_row("", each.index, many=True)) for each in placed]
        return ManyPlacedOut.of(items)
    response.status_code = 201 if placed[0].result is Result.CREATED else 200
    response.headers["Location"] = f"/api/v1/monitors/{placed[0].id}"
    return await _shown(service, str(placed[0].id))


@router.get("/monitors", response_model=None, responses=described(MonitorPage))
async def listed(
    request: Request,
    service: Wired,
    limit: Limit = 100,
    cursor: Cursor = None,
    label: Labels = [],  # noqa: B006 -- FastAPI copies it
    status: MonitorStatus | None = None,
    text: Annotated[
        str | None, Query(description="Part of a key, a name or a URL.", max_length=8192)
    ] = None,
) -> Response:
    """Monitors in the order they were made; as NDJSON or CSV, all of them."""
    labels = labels_of(label) if label else {}

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = monitor_pages.page(
            session, size, place, labels=labels, status=status, text=text
        )
        return [MonitorOut.of(monitor) for monitor in found], following

    return await exported(request, service, MonitorOut, page, limit, cursor)


@router.patch("/monitors", openapi_extra=patch_of(MonitorIn, _PATCH))
async def patch_selected(
    request: Request,
    service: Wired,
    label: Labels = [],  # noqa: B006 -- as above
) -> SelectedOut:
    """Change every monitor of a selection by a merge patch; all of them, or none."""
    labels = labels_of(label)
    patch = read_patch(await Body(request).raw_json())
    found = await service.database.read(lambda session: monitor_rows.selected(session, labels))
    now = clock.now()
    asked = await asyncio.to_thread(
        lambda: [apply_patch(n, each.definition, patch, now) for n, each in enumerate(found)]
    )
    _refuse(await service.monitors.place(asked, store=False))
    placed = await service.monitors.place(asked)
    _refuse(placed)
    return SelectedOut(
        matched=len(placed), changed=sum(each.result is Result.CHANGED for each in placed)
    )


@router.delete("/monitors")
async def remove_selected(
    service: Wired,
    label: Labels = [],  # noqa: B006 -- as above
) -> SelectedOut:
    """Remove every monitor of a selection, with its outcomes; its incidents stay."""
    gone = await service.monitors.remove(labelled(labels_of(label)))
    return SelectedOut(matched=gone, changed=gone)


@router.post("/monitors/pause")
async def pause_selected(
    service: Wired,
    label: Labels = [],  # noqa: B006 -- as above
) -> SelectedOut:
    """Check none of a selection until they are resumed; their incidents end."""
    matched, changed = await service.monitors.set_enabled(labelled(labels_of(label)), enabled=False)
    return SelectedOut(matched=matched, changed=changed)


@router.post("/monitors/resume")
async def resume_selected(
    service: Wired,
    label: Labels = [],  # noqa: B006 -- as above
) -> SelectedOut:
    """Check all of a selection again."""
    matched, changed = await service.monitors.set_enabled(labelled(labels_of(label)), enabled=True)
    return SelectedOut(matched=matched, changed=changed)


@router.get("/monitors/{monitor_id}")
async def one(service: Wired, monitor_id: str) -> MonitorOut:
    """A monitor as it stands; by its id or its key."""
    return await _shown(service, monitor_id)


@router.patch("/monitors/{monitor_id}", openapi_extra=patch_of(MonitorIn, _PATCH))
async def patch_one(request: Request, service: Wired, monitor_id: str) -> MonitorOut:
    """Change a monitor by a merge patch (RFC 7396): null takes a field back to its default."""
    patch = read_patch(await Body(request).raw_json())
    stored = await service.database.read(lambda session: monitor_rows.load(session, monitor_id))
    asked = apply_patch(0, stored.definition, patch, clock.now())
    _refuse(await service.monitors.place([asked]))
    return await _shown(service, stored.id)


@router.delete("/monitors/{monitor_id}", status_code=204)
async def remove_one(service: Wired, monitor_id: str) -> Response:
    """Remove a monitor, with its outcomes; its incidents stay."""
    await service.monitors.remove(named(monitor_id))
    return Response(status_code=204)


@router.post("/monitors/{monitor_id}/pause")
async def pause_one(service: Wired, monitor_id: str) -> MonitorOut:
    """Check it no more until it is resumed; an open incident ends."""
    await service.monitors.set_enabled(named(monitor_id), enabled=False)
    return await _shown(service, monitor_id)


@router.post("/monitors/{monitor_id}/resume")
async def resume_one(service: Wired, monitor_id: str) -> MonitorOut:
    """Check it again, from now on."""
    await service.monitors.set_enabled(named(monitor_id), enabled=True)
    return await _shown(service, monitor_id)


@router.post(
    "/monitors/{monitor_id}/check",
    response_model=None,
    responses={
        200: {
            "description": "The outcome, with every expectation and what was found.",
            "content": {JSON: {"schema": {"$ref": "#/components/schemas/MonitorCheckOut"}}},
        }
    },
)
async def check(service: Wired, monitor_id: str) -> Response:
    """Check a monitor now; the outcome counts like any other, unless it is paused."""
    outcome, intended_at = await service.monitors.check_now(service.engine, monitor_id)
    return Response(encode(MonitorCheckOut.by_hand(outcome, intended_at)), media_type=JSON)


async def _shown(service: Service, name: str) -> MonitorOut:
    def read(session: Session) -> Monitor:
        return monitor_pages.load(session, name)[1]

    return MonitorOut.of(await service.database.read(read))


async def _tried(
    service: Service, asked: Sequence[Asked], placed: Sequence[Placed], *, many: bool
) -> list[PlacedOut]:
    """What would become of each, with what a check of it ends in."""
    good = {
        each.index: asked[each.index].definition
        for each in placed
        if each.result is not Result.REFUSED
    }
    definitions = [definition for definition in good.values() if definition is not None]
    outcomes = await checks.check_all(service.engine, definitions)
    seen = dict(zip(good, outcomes, strict=True))
    items: list[PlacedOut] = []
    for each in placed:
        item = PlacedOut.of(each, at_row("", each.index, many=many))
        definition = good.get(each.index)
        if definition is not None:
            more: dict[str, Any] = {
                "monitor": DefinitionOut.of_definition(definition),
                "outcome": msgspec.to_builtins(CheckOut.with_findings(seen[each.index])),
            }
            item = item.model_copy(update=more)
        items.append(item)
    return items


def _refuse(placed: Sequence[Placed]) -> None:
    """Raise what is wrong, if something is."""
    errors: list[FieldError] = [error for each in placed for error in each.errors]
    if errors:
        what = "One field is" if len(errors) == 1 else f"{len(errors)} fields are"
        raise Invalid(f"{what} not valid.", errors)
