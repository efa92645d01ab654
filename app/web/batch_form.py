"""The form that a batch is asked for with: a pasted list, and how it is to be checked."""

import asyncio
import csv
import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.api.asked import Faults
from app.api.batch_in import BatchIn, draft_of, read_targets
from app.api.bodies import checked
from app.api.problems import MAX_ERRORS
from app.api.rows import COLUMNS, of_text
from app.api.wired import Wired
from app.domain.batch import MAX_TARGETS, BatchDraft
from app.domain.errors import FieldError, Invalid
from app.reports.visible import plain
from app.services import batches
from app.web.entries import labels_in
from app.web.forms import Form, Sent
from app.web.frame import gone_to, render
from checkers import CATALOGUE, ClientName

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_PLAIN, _CSV, _NDJSON = "text/plain", "text/csv", "application/x-ndjson"
_KINDS: Final = {"text": _PLAIN, "csv": _CSV, "ndjson": _NDJSON}
#: Fields of the form by the beginning of a pointer into the document that is made of it.
FIELDS: Final = {
    "/strategy": "strategy",
    "/client": "client",
    "/concurrency": "concurrency",
    "/per_host": "per_host",
    "/pace": "pace",
    "/name": "name",
    "/labels": "labels",
    "/defaults/timeout_seconds": "timeout",
    "/defaults/attempts": "attempts",
}
_IN_ROW = re.compile(r"/(?:urls|targets)/[0-9]+(?P<field>/.+)?\Z")
_LINE = re.compile(r"line (?P<number>[0-9]+): (?P<told>.*)\Z", re.DOTALL)
_SHOWN_OF_LINE: Final = 80

#: What may be chosen, with what is shown of it.
STRATEGIES: Final = (
    *((entry.name.value, f"{entry.name}: {entry.summary}") for entry in CATALOGUE.values()),
    ("auto", "auto: as this machine has measured, or by the guide"),
)
CLIENTS: Final = (("", "the strategy's own"), *((name.value, name.value) for name in ClientName))
PACES: Final = (
    ("truthful", "truthful: so that latencies are right"),
    ("max", "max: as fast as this machine can"),
)
OWN_CONCURRENCY: Final = ", ".join(
    f"{entry.name} {entry.concurrency} (at most {entry.max_concurrency:,})"
    for entry in CATALOGUE.values()
)
_FORMATS: Final = (
    ("", "as it looks"),
    ("text", "a URL on each line"),
    ("csv", "CSV with a header"),
    ("ndjson", "NDJSON: a target on each line"),
)


@router.get("/batches/new")
async def new(request: Request) -> HTMLResponse:
    """Ask for a list."""
    return _asked(request, Form())


@router.post("/batches/new")
async def made(request: Request, service: Wired, form: Sent) -> Response:
    """Accept the list, or say what is wrong with which of its lines."""
    draft = await _draft(form)
    if draft is None:
        # A long list is long to write back.
        return await asyncio.to_thread(_asked, request, form)
    batch = await batches.submit(service.database, service.notices, draft)
    return gone_to(f"/batches/{batch.id}", "created")


def _asked(request: Request, form: Form) -> HTMLResponse:
    return render(
        request,
        "batch_form",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK,
        title="Check URLs once",
        form=form,
        formats=_FORMATS,
        columns=COLUMNS,
        strategies=STRATEGIES,
        clients=CLIENTS,
        paces=PACES,
        own_concurrency=OWN_CONCURRENCY,
        most=MAX_TARGETS,
    )


async def _draft(form: Form) -> BatchDraft | None:
    """The batch that a form asks for; `None` when something is wrong, which is noted there."""
    asked, faults = _options(form), Faults()
    text = form.raw("list")
    if not text.strip():
        form.fault("list", "Paste at least one URL.")
        return None
    kind = _KINDS.get(form.text("format")) or _looks_like(text)
    targets = await read_targets(
        _chunks(text), kind, asked or BatchIn(), faults, skip_invalid=form.checked("skip")
    )
    if faults:
        _note_rows(form, faults.error().errors, text)
    try:
        draft = None if asked is None else draft_of(asked, targets, Faults())
    except Invalid as error:
        form.faults(error.errors, FIELDS)
    return None if form.errors else draft


def _options(form: Form) -> BatchIn | None:
    """Everything but the list, as the document that the REST interface takes."""
    document = {
        **chosen(form),
        "name": form.text("name") or None,
        "labels": labels_in(form, "labels"),
        "defaults": {
            name: of_text(name, given)
            for name, field in (("timeout_seconds", "timeout"), ("attempts", "attempts"))
            if (given := form.text(field))
        },
    }
    try:
        return checked(msgspec.json.encode(document), BatchIn)
    except Invalid as error:
        form.faults(error.errors, FIELDS)
        return None


def chosen(form: Form) -> dict[str, Any]:
    """How a form wants a list to be checked; what was left empty is left out."""
    given = {name: form.text(name) for name in ("strategy", "client", "pace")}
    numbers = {name: _number(form.text(name)) for name in ("concurrency", "per_host")}
    return {name: value for name, value in (given | numbers).items() if value != ""}


def _number(text: str) -> int | str:
    """A whole number, or what was typed instead: the document's model says what is wrong."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text


async def _chunks(text: str) -> AsyncIterator[bytes]:
    yield text.encode("utf-8")


def _looks_like(text: str) -> str:
    """In which form a list is, told by its first line."""
    first = text.lstrip("\ufeff \t\n").partition("\n")[0]
    if first.startswith("{"):
        return _NDJSON
    names = [name.strip() for name in next(csv.reader([first]), [])]
    return _CSV if "url" in names and set(names) <= set(COLUMNS) else _PLAIN


def _note_rows(form: Form, errors: tuple[FieldError, ...], text: str) -> None:
    """Lay what is wrong with lines beside the list, each with how its line begins."""
    lines = text.split("\n")
    for error in errors:
        if error.pointer.startswith("/defaults"):
            form.faults([error], FIELDS)
            continue
        within = _IN_ROW.match(error.pointer)
        field = error.pointer if within is None else within["field"] or ""
        form.fault("list", _told(error.detail, field.strip("/"), lines))
    if len(errors) == MAX_ERRORS:
        form.fault("list", f"These are the first {MAX_ERRORS}; there may be more.")


def _told(detail: str, field: str, lines: list[str]) -> str:
    at_line = _LINE.match(detail)
    if at_line is None:
        return detail
    number = int(at_line["number"])
    begins = plain(lines[number - 1].strip(), _SHOWN_OF_LINE) if number <= len(lines) else ""
    what = f"{field} " if field not in {"", "url"} else ""
    return f"Line {number:,}: {what}{at_line['told']} – {begins}"
