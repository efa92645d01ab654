"""Many monitors from a pasted list: first what would become of each row, then the making."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from app.api.monitor_bodies import read_definitions
from app.api.wired import Service, Wired
from app.domain.errors import FieldError
from app.domain.message import Channel
from app.domain.monitor import Result, key_of
from app.services.placing import Asked, Placed
from app.storage import channels, monitor_pages, monitors
from app.web.entries import labels_in, number
from app.web.forms import Form, Sent
from app.web.frame import gone_to, render
from app.web.pasted import KINDS, Row, TooMany, kind_of, rows_in

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_MOST_SHOWN: Final = 300
_MOST_CHANNELS: Final = 1000
# What a reader looks at first.
_ORDER: Final = (Result.REFUSED, Result.CHANGED, Result.CREATED, Result.UNCHANGED)


class Line(NamedTuple):
    """What would become of a row.

    Attributes:
        why: it is refused, or left as it is.
    """

    row: Row
    result: Result
    why: str


class Preview(NamedTuple):
    """What would become of a list.

    Attributes:
        asked: the rows that are to be stored.
    """

    lines: Sequence[Line]
    asked: Sequence[Asked]

    def count(self, result: str) -> int:
        """How many rows would end so."""
        return sum(line.result == result for line in self.lines)

    @property
    def moving(self) -> int:
        """How many monitors would be made or changed."""
        return self.count(Result.CREATED) + self.count(Result.CHANGED)

    @property
    def shown(self) -> Sequence[Line]:
        """The first some hundred, what was refused ahead of the others."""
        return sorted(self.lines, key=lambda line: _ORDER.index(line.result))[:_MOST_SHOWN]


@router.get("/monitors/paste")
async def paste(request: Request, service: Wired) -> Response:
    """An empty list."""
    return await _shown(request, service, Form(), None)


@router.post("/monitors/paste")
async def pasted(request: Request, service: Wired, form: Sent) -> Response:
    """Tell what would become of a list, or make its monitors."""
    text = form.raw("list")
    if not text.strip():
        form.fault("list", "is empty; paste URLs, one on each line, or drop a file here")
        return await _shown(request, service, form, None)
    kind = form.text("kind", "auto")
    try:
        rows = await asyncio.to_thread(
            rows_in, text, kind_of(text.removeprefix("\ufeff")) if kind == "auto" else kind
        )
    except TooMany as error:
        form.fault("list", str(error))
        return await _shown(request, service, form, None)
    common = _common(form)
    if form.errors:
        return await _shown(request, service, form, None)
    preview = await _preview(service, rows, common)
    # What is made is what was looked at.
    if form.text("do") == "make" and form.text("seen") == _digest(form) and preview.moving:
        placed = await service.monitors.place(preview.asked)
        made = sum(each.result in {Result.CREATED, Result.CHANGED} for each in placed)
        return gone_to("/monitors", "created", made)
    return await _shown(request, service, form, preview)


async def _preview(service: Service, rows: Sequence[Row], common: Mapping[str, Any]) -> Preview:
    """What would become of rows; nothing is stored."""

    def look(session: Session) -> tuple[dict[tuple[str, str], str], frozenset[str]]:
        urls = list(dict.fromkeys(url for row in rows if (url := _url(row))))
        keys = [key_of(url) for url in urls]
        return monitor_pages.watched(session, urls), frozenset(monitors.known(session, keys))

    watched, taken = await service.database.read(look)
    kept = _left(rows, watched)
    rows = _with_keys(rows, kept, taken)
    asked = await _asked(service, rows, common, kept)
    placed = {each.index: each for each in await service.monitors.place(asked, store=False)}
    lines = [
        Line(row, Result.UNCHANGED, kept[index])
        if index in kept
        else Line(row, placed[index].result, _why(placed[index]))
        for index, row in enumerate(rows)
    ]
    good = [each for each in asked if placed[each.index].result is not Result.REFUSED]
    return Preview(lines, good)


def _left(rows: Sequence[Row], watched: Mapping[tuple[str, str], str]) -> dict[int, str]:
    """Why rows are left as they are: without a key of its own none changes what is there."""
    kept: dict[int, str] = {}
    seen: dict[tuple[str, str], int] = {}
    for index, row in enumerate(rows):
        if row.document is None or row.document.get("key"):
            continue
        what = (_url(row), _method(row))
        if what in watched:
            kept[index] = f"is watched already, as {watched[what]}"
        elif seen.setdefault(what, row.number) != row.number:
            kept[index] = f"stands in line {seen[what]} as well"
    return kept


def _with_keys(rows: Sequence[Row], kept: Mapping[int, str], taken: frozenset[str]) -> list[Row]:
    """Rows with keys made of their URLs, as of an import, where nobody else has that key."""
    given = {str(row.document.get("key")) for row in rows if row.document is not None} | taken
    found: list[Row] = []
    for index, row in enumerate(rows):
        url = _url(row)
        if index in kept or row.document is None or row.document.get("key") or not url:
            found.append(row)
            continue
        key = key_of(url)
        # The same URL with another method gets its id for a key.
        document = row.document if key in given else {**row.document, "key": key}
        given.add(key)
        found.append(row._replace(document=document))
    return found


async def _asked(
    service: Service, rows: Sequence[Row], common: Mapping[str, Any], kept: Mapping[int, str]
) -> list[Asked]:
    """The rows as definitions, or with what is wrong with them; without those left as they are."""
    left = [index for index in range(len(rows)) if index not in kept]
    good = [index for index in left if rows[index].document is not None]
    raw = await asyncio.to_thread(lambda: [_joined(rows[index], common) for index in good])
    read = await read_definitions(service.database, raw)
    found = {
        index: Asked(index, each.definition, each.errors)
        for index, each in zip(good, read, strict=True)
    }
    for index in left:
        fault = rows[index].fault
        if fault is not None:
            found[index] = Asked(index, None, (fault,))
    return [found[index] for index in left]


def _joined(row: Row, common: Mapping[str, Any]) -> bytes:
    """A row with what all of them have in common; what it says itself counts."""
    assert row.document is not None
    joined = {**common, **row.document}
    if row.document.get("cron") is not None:
        joined.pop("interval_seconds", None)
    own = row.document.get("labels")
    if isinstance(own, dict):
        joined["labels"] = {**common["labels"], **own}
    try:
        return json.dumps(joined).encode("ascii")
    except RecursionError:
        return b"[]"


def _common(form: Form) -> dict[str, Any]:
    interval = form.text("interval_seconds")
    return {
        **({"interval_seconds": number(interval)} if interval else {}),
        "labels": labels_in(form, "labels"),
        "channels": form.all("channels"),
    }


def _url(row: Row) -> str:
    target = None if row.document is None else row.document.get("target")
    url = target.get("url") if isinstance(target, dict) else None
    return url if isinstance(url, str) else ""


def _method(row: Row) -> str:
    target = None if row.document is None else row.document.get("target")
    method = target.get("method") if isinstance(target, dict) else None
    return method.upper() if isinstance(method, str) else "GET"


def _why(placed: Placed) -> str:
    return "; ".join(_told(error) for error in placed.errors)


def _told(error: FieldError) -> str:
    field = error.pointer.removeprefix("/target").removeprefix("/")
    return f"{field}: {error.detail}" if field else error.detail


def _digest(form: Form) -> str:
    """Of all that decides what is made."""
    # Scripts end lines otherwise than forms do.
    said = [form.raw(name) for name in ("list", "kind", "interval_seconds", "labels")]
    said += form.all("channels")
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


async def _shown(
    request: Request, service: Service, form: Form, preview: Preview | None
) -> Response:
    def read(session: Session) -> list[Channel]:
        return channels.page(session, _MOST_CHANNELS, None)[0]

    found = await service.database.read(read)
    chosen = form.all("channels")
    return render(
        request,
        "monitor_paste",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK,
        title="Paste a list",
        form=form,
        sent=request.method == "POST",
        kinds=KINDS,
        channels=[(each.key, each.name or each.key, each.key in chosen) for each in found],
        preview=preview,
        results=list(Result),
        digest=_digest(form),
    )
