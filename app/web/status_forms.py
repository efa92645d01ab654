"""Status pages for those who manage them: listed, made, changed, written for, removed."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.api.bodies import checked
from app.api.status_page_in import StatusPageIn, StatusUpdateIn
from app.api.wired import Service, Wired
from app.domain.errors import Conflict, Invalid
from app.domain.status_page import MatterStatus, StatusPage, Update
from app.services import clock, status_pages
from app.storage import status_pages as page_rows
from app.storage import status_reports
from app.storage import status_updates as update_rows
from app.web import status_words as words
from app.web.forms import Form, Sent
from app.web.frame import gone_to, render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_LIST: Final = "/status-pages"
_A_PAGE: Final = 50
_UPDATES: Final = 100
_PAGE_FIELDS: Final = {
    "/slug": "slug",
    "/title": "title",
    "/description": "description",
    "/selection": "keys",
    "/selection/labels": "labels",
}
_UPDATE_FIELDS: Final = {
    "/title": "subject",
    "/text": "text",
    "/status": "status",
    "/keys": "affected",
    "/incident": "incident",
}


class _Seen(NamedTuple):
    """A page with what is to be told of it: updates, matters to go on with, keys it shows."""

    page: StatusPage
    updates: Sequence[Update]
    matters: Sequence[tuple[str, str]]
    keys: Sequence[str]


@router.get("/status-pages")
async def listed(
    request: Request,
    service: Wired,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """Every page, newest first."""
    pages, following = await service.database.read(
        lambda session: page_rows.page(session, _A_PAGE, before)
    )
    return render(request, "status_pages", title="Status pages", pages=pages, following=following)


@router.get("/status-pages/new")
async def new(request: Request) -> Response:
    """An empty form."""
    return _asked(request, Form())


@router.post("/status-pages/new")
async def create(request: Request, service: Wired, form: Sent) -> Response:
    """Make a page."""
    asked = _read_page(form, form.text("slug"))
    if asked is not None:
        try:
            page = await status_pages.create(service.database, service.notices, asked.page)
        except Conflict as error:
            form.fault("slug", error.detail)
        except Invalid as error:
            form.faults(error.errors, _PAGE_FIELDS)
        else:
            service.shelf.clear()
            return gone_to(_at(page.slug), "created")
    return _asked(request, form)


@router.get("/status-pages/{slug}/edit")
async def edit(request: Request, service: Wired, slug: str) -> Response:
    """A page as it is defined, and what was written for it."""
    return await _shown(request, service, slug)


@router.post("/status-pages/{slug}/edit")
async def change(request: Request, service: Wired, slug: str, form: Sent) -> Response:
    """Define a page anew."""
    asked = _read_page(form, slug)
    if asked is not None:
        try:
            await status_pages.change(
                service.database, slug, lambda before: asked.page(before.id, clock.now())
            )
        except Invalid as error:
            form.faults(error.errors, _PAGE_FIELDS)
        else:
            service.shelf.clear()
            return gone_to(_at(slug), "saved")
    return await _shown(request, service, slug, form=form)


@router.post("/status-pages/{slug}/remove")
async def remove(service: Wired, slug: str, form: Sent) -> Response:  # noqa: ARG001 -- that it was sent by us
    """Remove a page with all that was written for it."""
    await status_pages.remove(service.database, slug)
    service.shelf.clear()
    return gone_to(_LIST, "removed")


@router.post("/status-pages/{slug}/updates")
async def write(request: Request, service: Wired, slug: str, form: Sent) -> Response:
    """Write to the readers of a page."""
    try:
        written = checked(json.dumps(_update_document(form)).encode(), StatusUpdateIn).written()
        await status_pages.write(service.database, service.notices, slug, written)
    except Invalid as error:
        form.faults(error.errors, _UPDATE_FIELDS)
        return await _shown(request, service, slug, update=form)
    service.shelf.clear()
    return gone_to(_at(slug), "created")


@router.post("/status-pages/{slug}/updates/{update_id}/remove")
async def take_back(service: Wired, slug: str, update_id: str, form: Sent) -> Response:  # noqa: ARG001 -- as above
    """Take back what was written."""
    await status_pages.take_back(service.database, slug, update_id)
    service.shelf.clear()
    return gone_to(_at(slug), "removed")


def _asked(request: Request, form: Form) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "status_new", status=status, title="New status page", form=form)


async def _shown(
    request: Request,
    service: Service,
    slug: str,
    *,
    form: Form | None = None,
    update: Form | None = None,
) -> Response:
    """A page with its forms: as they were typed, where something is wrong with them."""
    seen = await service.database.read(lambda session: _seen(session, slug))
    wrong = (form is not None and form.errors) or (update is not None and update.errors)
    return render(
        request,
        "status_edit",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        title=seen.page.title,
        page=seen.page,
        form=_filled(seen.page) if form is None else form,
        update=Form() if update is None else update,
        updates=seen.updates,
        matters=[("", "A matter of its own"), *seen.matters],
        keys=seen.keys,
        states=[(status.value, words.MATTER[status]) for status in MatterStatus],
        words=words,
    )


def _seen(session: Session, slug: str) -> _Seen:
    report = status_reports.report(session, slug, clock.now())
    updates = update_rows.newest(session, page_rows.row_of(session, slug), _UPDATES)
    matters = [
        (matter.id, f"{words.minute(matter.began_at)}: {words.title_of(matter)}")
        for matter in report.matters
    ]
    return _Seen(report.page, updates, matters, [each.key for each in report.components])


def _read_page(form: Form, slug: str) -> StatusPageIn | None:
    """The page that was typed; `None` once what is wrong with it stands in the form."""
    labels: dict[str, str] = {}
    for line in form.lines("labels"):
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            form.fault("labels", f"{line!r} is not written name=value.")
        labels[name.strip()] = value.strip()
    document = {
        "slug": slug,
        "title": form.text("title"),
        "description": form.text("description"),
        "selection": {"keys": form.lines("keys"), "labels": labels},
    }
    try:
        asked = checked(json.dumps(document).encode(), StatusPageIn)
    except Invalid as error:
        form.faults(error.errors, _PAGE_FIELDS)
        return None
    return None if form.errors else asked


def _update_document(form: Form) -> dict[str, object]:
    return {
        "title": form.text("subject") or None,
        "text": form.text("text"),
        "status": form.text("status"),
        "keys": form.lines("affected"),
        "incident": form.text("incident") or None,
    }


def _filled(page: StatusPage) -> Form:
    form = Form()
    form.put("title", page.title)
    form.put("description", page.description)
    form.put("keys", "\n".join(page.keys))
    form.put("labels", "\n".join(f"{name}={value}" for name, value in page.labels.items()))
    return form


def _at(slug: str) -> str:
    return f"{_LIST}/{slug}/edit"
