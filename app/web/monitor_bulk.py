"""What is done with the monitors that were marked in a list: all of them, in one transaction."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from app.api.maintenance_in import MaintenanceIn
from app.api.monitor_bodies import apply_patch, labels_of
from app.api.selections import SelectionIn
from app.api.wired import Service, Wired
from app.domain.errors import FieldError, Invalid
from app.domain.maintenance import Maintenance
from app.services import clock, maintenances
from app.storage import monitor_pages
from app.storage.monitors import Defined
from app.web.entries import number
from app.web.forms import Form, Sent
from app.web.frame import gone_to

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_LONGEST_HOURS: Final = 720
_LIST: Final = "/monitors"
# Of an address of ours the query alone: nothing that could lead elsewhere.
_OWN_QUERY = re.compile(r"\?[\x21\x24-\x5b\x5d-\x7e]{0,4000}\Z")
_NAMES_SHOWN: Final = 3

#: Does something to the monitors of these ids; to how many.
_Act = Callable[[Service, Sequence[str], Form], Awaitable[int]]


@router.post("/monitors/bulk")
async def bulk(request: Request, service: Wired, form: Sent) -> Response:  # noqa: ARG001 -- as all pages
    """Do with those that are marked what was asked, and lead back to the list.

    Raises:
        Invalid: none is marked, or it is not said what is to be done.
        Conflict: others depend on what is to be removed.
    """
    ids = list(dict.fromkeys(form.all("rows")))
    if not ids:
        raise Invalid("No monitor is marked. Go back, mark some, and choose again what is to be.")
    act = _ACTS.get(form.text("do"))
    if act is None:
        raise Invalid("What is to be done with the monitors that are marked is not said.")
    does, done = act
    return gone_to(_back(form.raw("back")), done, await does(service, ids, form))


async def _pause(service: Service, ids: Sequence[str], _form: Form) -> int:
    return (await service.monitors.set_enabled(_chosen(ids), enabled=False))[0]


async def _resume(service: Service, ids: Sequence[str], _form: Form) -> int:
    return (await service.monitors.set_enabled(_chosen(ids), enabled=True))[0]


async def _remove(service: Service, ids: Sequence[str], _form: Form) -> int:
    return await service.monitors.remove(_chosen(ids))


async def _label(service: Service, ids: Sequence[str], form: Form) -> int:
    text = form.text("label")
    labels = labels_of([text] if text else [])
    found = await service.database.read(_chosen(ids))
    now = clock.now()
    asked = await asyncio.to_thread(
        lambda: [
            apply_patch(n, each.definition, {"labels": labels}, now) for n, each in enumerate(found)
        ]
    )
    # All of them or none: what would be refused is found before anything is written.
    refused = [each for each in await service.monitors.place(asked, store=False) if each.errors]
    if refused:
        raise Invalid(
            f"{len(refused)} of {len(found)} monitors cannot take this label; none was changed.",
            [
                FieldError(found[each.index].definition.key + error.pointer, error.detail)
                for each in refused
                for error in each.errors
            ],
        )
    return len(await service.monitors.place(asked))


async def _maintain(service: Service, ids: Sequence[str], form: Form) -> int:
    hours = number(form.text("hours"))
    if isinstance(hours, str) or not 0 < hours <= _LONGEST_HOURS:
        told = f"is a number of hours, above 0 and up to {_LONGEST_HOURS}"
        raise Invalid("The maintenance is not valid.", [FieldError("/hours", told)])
    found = await service.database.read(_chosen(ids))
    if not found:
        return 0
    keys = [each.definition.key for each in found]

    def window(id_: str, now: datetime) -> Maintenance:
        asked = MaintenanceIn(
            title=_title(found),
            selection=SelectionIn(keys=keys),
            ends_at=now + timedelta(hours=hours),
        )
        return asked.window(id_, now)

    await maintenances.create(service.database, service.notices, window)
    return len(found)


_ACTS: Final[dict[str, tuple[_Act, str]]] = {
    "pause": (_pause, "paused"),
    "resume": (_resume, "resumed"),
    "label": (_label, "labelled"),
    "maintenance": (_maintain, "announced"),
    "remove": (_remove, "removed"),
}


def _chosen(ids: Sequence[str]) -> Callable[[Session], list[Defined]]:
    """Those marked that are there still."""
    return lambda session: monitor_pages.named(session, ids)


def _title(found: Sequence[Defined]) -> str:
    names = [each.definition.name or each.definition.key for each in found[:_NAMES_SHOWN]]
    more = len(found) - len(names)
    listed = ", ".join(name[:50] for name in names) + (f" and {more} more" if more else "")
    return f"Maintenance of {listed}"


def _back(query: str) -> str:
    """The list that one came from, if that is what is said."""
    return _LIST + query if len(query) > 1 and _OWN_QUERY.match(query) else _LIST
