"""Status pages over REST, and what people write for them."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from app.api.bodies import Body, body_of
from app.api.exported import Items, described, exported
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.status_page_in import StatusPageIn, StatusPagePatch, StatusUpdateIn
from app.api.status_page_out import (
    StatusPageOut,
    StatusPagePage,
    StatusUpdateOut,
    StatusUpdatePage,
)
from app.api.wired import Cursor, KeyIn, Limit, Service, Wired, once_of
from app.domain.status_page import StatusPage
from app.services import clock, status_pages
from app.storage import status_pages as page_rows
from app.storage import status_updates as update_rows

router = APIRouter(
    prefix="/api/v1", tags=["status pages"], responses=RESPONSES, dependencies=[Known]
)

SlugIn = Annotated[str, Path(description="Of a status page.")]
_SHOWN_UPDATES: Final = 100
_SHOP: Final = {
    "slug": "shop",
    "title": "The shop",
    "description": "Everything that customers meet.",
    "selection": {"keys": ["shop"], "labels": {"team": "web"}},
}
_PATCH: Final = {"title": "Our shop"}
_BEGUN: Final = {
    "title": "Payments are slow",
    "text": "We are looking into it.",
    "status": "investigating",
}


@router.post(
    "/status-pages",
    status_code=201,
    response_model=StatusPageOut,
    openapi_extra=body_of(StatusPageIn, _SHOP),
)
async def create(
    request: Request, response: Response, service: Wired, key: KeyIn = None
) -> StatusPageOut:
    """Make a page that everybody may read, at `/status/{slug}`."""
    body = Body(request)
    asked = await body.json(StatusPageIn)
    page = await status_pages.create(
        service.database, service.notices, asked.page, once_of(request, key, body.digest)
    )
    service.shelf.clear()
    response.headers["Location"] = f"/api/v1/status-pages/{page.slug}"
    return await _shown(service, page)


@router.get("/status-pages", response_model=None, responses=described(StatusPagePage))
async def listed(
    request: Request, service: Wired, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Pages, newest first; as NDJSON or CSV, all of them."""

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = page_rows.page(session, size, place)
        return [_with_updates(session, each) for each in found], following

    return await exported(request, service, StatusPageOut, page, limit, cursor)


@router.get("/status-pages/{slug}")
async def one(service: Wired, slug: SlugIn) -> StatusPageOut:
    """A page as it was defined, and what was written for it last."""
    return await service.database.read(
        lambda session: _with_updates(session, page_rows.load(session, slug))
    )


@router.patch(
    "/status-pages/{slug}",
    response_model=StatusPageOut,
    openapi_extra=body_of(StatusPagePatch, _PATCH),
)
async def change(request: Request, service: Wired, slug: SlugIn) -> StatusPageOut:
    """Merge changes (RFC 7396)."""
    patch, now = await Body(request).json(StatusPagePatch), clock.now()
    page = await status_pages.change(
        service.database, slug, lambda before: patch.merged_into(before, now)
    )
    service.shelf.clear()
    return await _shown(service, page)


@router.delete("/status-pages/{slug}", status_code=204)
async def delete(service: Wired, slug: SlugIn) -> None:
    """Remove a page with all that was written for it."""
    await status_pages.remove(service.database, slug)
    service.shelf.clear()


@router.post(
    "/status-pages/{slug}/updates",
    status_code=201,
    response_model=StatusUpdateOut,
    openapi_extra=body_of(StatusUpdateIn, _BEGUN),
)
async def write(
    request: Request, response: Response, service: Wired, slug: SlugIn, key: KeyIn = None
) -> StatusUpdateOut:
    """Write an update for the readers of a page: on a matter of its own, or one that goes on."""
    body = Body(request)
    written = (await body.json(StatusUpdateIn)).written()
    once = once_of(request, key, body.digest)
    update = await status_pages.write(service.database, service.notices, slug, written, once)
    service.shelf.clear()
    made = StatusUpdateOut.of(slug, update)
    response.headers["Location"] = made.links["self"]
    return made


@router.get(
    "/status-pages/{slug}/updates", response_model=None, responses=described(StatusUpdatePage)
)
async def updates(
    request: Request, service: Wired, slug: SlugIn, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """What was written for a page, last written first; as NDJSON or CSV, all of it."""
    row = await service.database.read(lambda session: page_rows.row_of(session, slug))

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = update_rows.page(session, row, size, place)
        return [StatusUpdateOut.of(slug, each) for each in found], following

    return await exported(request, service, StatusUpdateOut, page, limit, cursor)


@router.get("/status-pages/{slug}/updates/{update_id}")
async def one_update(service: Wired, slug: SlugIn, update_id: str) -> StatusUpdateOut:
    """An update as it was written."""

    def read(session: Session) -> StatusUpdateOut:
        row = page_rows.row_of(session, slug)
        return StatusUpdateOut.of(slug, update_rows.load(session, row, update_id))

    return await service.database.read(read)


@router.delete("/status-pages/{slug}/updates/{update_id}", status_code=204)
async def take_back(service: Wired, slug: SlugIn, update_id: str) -> None:
    """Take back an update."""
    await status_pages.take_back(service.database, slug, update_id)
    service.shelf.clear()


async def _shown(service: Service, page: StatusPage) -> StatusPageOut:
    return await service.database.read(lambda session: _with_updates(session, page))


def _with_updates(session: Session, page: StatusPage) -> StatusPageOut:
    row = page_rows.find_row(session, page.slug)
    found = [] if row is None else update_rows.newest(session, row, _SHOWN_UPDATES)
    return StatusPageOut.of(page, found)
