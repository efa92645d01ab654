"""Monitors made of what a batch checked: first what would become of each, then, if wanted, so."""

import asyncio
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.api.asked import Faults
from app.api.monitor_in import definition_of, read_monitor
from app.api.targets import check_url
from app.api.wired import Service, Wired
from app.domain.batch import Batch
from app.domain.errors import Invalid
from app.domain.monitor import MAX_MONITORS, Definition, Result
from app.reports.visible import plain
from app.services import clock
from app.services.placing import Asked, Placed
from app.storage import batches as batch_rows
from app.storage import outcome_pages
from app.storage import targets as target_rows
from app.web.batch import shown
from app.web.batch_results import asked_for
from app.web.entries import labels_in
from app.web.forms import Form, Sent
from app.web.frame import gone_to, render
from checkers import Target

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_FIELDS: Final = {"/interval_seconds": "interval", "/labels": "labels"}
# Stands in for the targets while the rest of a definition is checked; nobody is sent there.
_ANY_URL: Final = "http://127.0.0.1/"
_LONGEST_KEY: Final = 200
_SHOWN: Final = 50
_PLACE = re.compile(r"[0-9]{1,9}\Z")


class _Chosen(NamedTuple):
    batch: Batch
    targets: Sequence[Target]


@router.post("/batches/{batch_id}/monitors")
async def made(request: Request, service: Wired, batch_id: str, form: Sent) -> Response:
    """Show what would become of the targets that were chosen, or make monitors of them."""
    chosen = await service.database.read(lambda session: _chosen(request, session, batch_id, form))
    pattern = _pattern(form)
    if pattern is None or form.errors:
        return await shown(request, service, batch_id, monitors=form)
    asked = await asyncio.to_thread(_asked, chosen.targets, pattern)
    placed = await service.monitors.place(asked, store=False)
    if form.checked("keep"):
        there = {each.index for each in placed if each.result is Result.CHANGED}
        asked = [each for each in asked if each.index not in there]
    if form.text("do") != "make":
        return _previewed(request, chosen, form, placed)
    return await _placed(service, asked)


async def _placed(service: Service, asked: Sequence[Asked]) -> Response:
    placed = await service.monitors.place(asked)
    number = sum(each.result in {Result.CREATED, Result.CHANGED} for each in placed)
    return gone_to("/monitors", "saved", number)


def _chosen(request: Request, session: Session, batch_id: str, form: Form) -> _Chosen:
    """The targets that are meant; that they are none, or too many, is noted."""
    batch = batch_rows.load(session, batch_id)
    key, list_id = batch_rows.key_of(session, batch_id)
    if form.text("of") == "marked":
        marks = {row for row in form.all("rows") if _PLACE.match(row)}
        places = sorted(place for place in map(int, marks) if place < batch.total)
    else:
        wanted = asked_for(request, batch_id).wanted(key, list_id)
        places = outcome_pages.places_of(session, wanted, MAX_MONITORS + 1)
    if not places:
        form.fault("of", "None is meant: mark some of the results, or choose all of them.")
    if len(places) > MAX_MONITORS:
        form.fault(
            "of", f"At most {MAX_MONITORS:,} monitors are made at once: filter, or mark some."
        )
        places = []
    items = target_rows.chosen(session, list_id, places)
    return _Chosen(batch, [item.target for item in items])


def _pattern(form: Form) -> Definition | None:
    """A definition with everything but key and target, read as the REST interface reads one."""
    document: dict[str, object] = {
        "target": {"url": _ANY_URL},
        "labels": labels_in(form, "labels"),
        "interval_seconds": _seconds(form.text("interval", "60")),
    }
    try:
        return definition_of(read_monitor(msgspec.json.encode(document)), None, clock.now())
    except Invalid as error:
        form.faults(error.errors, _FIELDS)
        return None


def _seconds(text: str) -> float | str:
    """Seconds, or a duration as text, whose reader says what is wrong with it."""
    try:
        seconds = float(text)
    except ValueError:
        return text
    return seconds if math.isfinite(seconds) else text


def _asked(targets: Sequence[Target], pattern: Definition) -> list[Asked]:
    """A definition of each, the same target once; or why there can be none."""
    asked: list[Asked] = []
    times: Counter[str] = Counter()
    for target in dict.fromkeys(targets):
        times[target.url] += 1
        faults = Faults()
        check_url(target.url, ("target", "url"), faults)
        if faults:
            asked.append(Asked(len(asked), None, faults.error().errors))
            continue
        key = _key(target.url, times[target.url])
        asked.append(Asked(len(asked), replace(pattern, key=key, target=target)))
    return asked


def _key(url: str, time: int) -> str:
    """A URL as a key, so that who makes them again makes nothing twice.

    Args:
        time: the how-many-eth target of this URL it is.
    """
    key = url if time == 1 else f"{url} ({time})"
    if len(key) <= _LONGEST_KEY:
        return key
    end = f"… {sha256(key.encode()).hexdigest()[:16]}"
    return key[: _LONGEST_KEY - len(end)] + end


def _previewed(
    request: Request, chosen: _Chosen, form: Form, placed: Sequence[Placed]
) -> HTMLResponse:
    counted = Counter(each.result for each in placed)
    keeps = form.checked("keep")
    order = (Result.REFUSED, Result.CHANGED, Result.CREATED, Result.UNCHANGED)
    return render(
        request,
        "batch_monitors",
        status=HTTPStatus.OK,
        title="Make monitors",
        batch=chosen.batch,
        name=plain(chosen.batch.name or chosen.batch.id, 80),
        form=form,
        counted=counted,
        keeps=keeps,
        making=counted[Result.CREATED] + (0 if keeps else counted[Result.CHANGED]),
        rows=sorted(placed, key=lambda each: order.index(each.result))[:_SHOWN],
        number=len(placed),
    )
