"""Public status pages: as a page, as JSON and as a feed, for whoever asks, without the key."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.api.bodies import JSON
from app.api.wired import Service, Wired
from app.domain.status_report import StatusReport
from app.services import clock
from app.storage import status_reports
from app.web import status_view
from app.web.cached import Rendered, answer, rendered
from app.web.status_json import StatusOut

router = APIRouter(include_in_schema=False)

#: For so many seconds a reader, or a cache before us, need not ask again.
MAX_AGE_SECONDS: Final = 15
_METHODS: Final = ["GET", "HEAD"]


@router.api_route("/status/{slug}.json", methods=_METHODS)
async def as_json(request: Request, service: Wired, slug: str) -> Response:
    """A page for programs."""
    found = await _made(service, slug, JSON, lambda report: StatusOut.of(report).model_dump_json())
    return answer(request, found, MAX_AGE_SECONDS)


@router.api_route("/status/{slug}.atom", methods=_METHODS)
async def as_feed(request: Request, service: Wired, slug: str) -> Response:
    """A page for feed readers."""
    found = await _made(service, slug, "application/atom+xml", status_view.as_atom)
    return answer(request, found, MAX_AGE_SECONDS)


@router.api_route("/status/{slug}", methods=_METHODS)
async def as_page(request: Request, service: Wired, slug: str) -> Response:
    """A page for people."""
    found = await _made(service, slug, "text/html", status_view.as_html)
    return answer(request, found, MAX_AGE_SECONDS)


async def _made(
    service: Service, slug: str, media_type: str, write: Callable[[StatusReport], str]
) -> Rendered:
    def read(session: Session) -> Rendered:
        # Written in the reader's thread: hundreds of components are not for the event loop.
        return rendered(write(status_reports.report(session, slug, clock.now())), media_type)

    return await service.shelf.take(
        ("status", slug, media_type), lambda: service.database.read(read)
    )
