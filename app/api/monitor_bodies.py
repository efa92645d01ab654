"""Requests about monitors read: one or many, each row for itself; patches; selections."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from app.api.bodies import Body
from app.api.monitor_in import MonitorIn, definition_of, read_monitor
from app.api.monitor_out import DefinitionOut
from app.api.patch import keep_key, patched
from app.api.problems import pointer_to
from app.domain.errors import FieldError, Invalid, Malformed, ServiceError
from app.domain.monitor import MAX_MONITORS, Definition
from app.services import clock
from app.services.placing import Asked
from app.storage import monitors
from app.storage.database import Database

_MANY = "monitors"
_AT_ONCE = f"1 to {MAX_MONITORS:,} monitors can be sent at once"


class _Many(msgspec.Struct, forbid_unknown_fields=True):
    monitors: list[msgspec.Raw]


async def read_rows(body: Body) -> tuple[list[bytes], bool]:
    """The rows of a request, each as JSON, and whether it was a list of them.

    Raises:
        UnsupportedMediaType, Malformed: it is not JSON.
        Invalid: too many, none, or something beside them.
    """
    raw = await body.raw_json()
    try:
        names = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        if _MANY not in names:
            return [raw], False
        rows = msgspec.json.decode(raw, type=_Many).monitors
    except msgspec.ValidationError as error:
        told = f"is not what is wanted here: {error}"
        raise Invalid("The body is not valid.", [FieldError("", told)]) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not valid JSON. {error}.") from error
    if not 1 <= len(rows) <= MAX_MONITORS:
        told = f"holds {len(rows):,}; {_AT_ONCE}"
        raise Invalid("The list is not valid.", [FieldError(f"/{_MANY}", told)])
    return [bytes(row) for row in rows], True


async def read_definitions(database: Database, rows: Sequence[bytes]) -> list[Asked]:
    """Each row as a definition, or with what is wrong with it."""
    parsed = await asyncio.to_thread(lambda: [_parsed(row) for row in rows])
    keys = [row.key for row in parsed if isinstance(row, MonitorIn) and row.key is not None]
    known = await database.read(lambda session: monitors.known(session, keys))
    now = clock.now()

    def complete(index: int, row: MonitorIn | ServiceError) -> Asked:
        if isinstance(row, ServiceError):
            return _refused(index, row)
        before = known.get(row.key) if row.key is not None else None
        return _complete(index, row, None if before is None else before.definition, now)

    return await asyncio.to_thread(lambda: [complete(n, row) for n, row in enumerate(parsed)])


def apply_patch(index: int, stored: Definition, patch: dict[str, Any], now: datetime) -> Asked:
    """A definition with a patch applied; secrets that it does not name are kept."""
    shown = DefinitionOut.of_definition(stored).model_dump(mode="json")
    try:
        keep_key("monitor", stored.key, patch)
        row = read_monitor(msgspec.json.encode(patched(_giving_way(shown, patch), patch)))
    except ServiceError as error:
        return _refused(index, error)
    return _complete(index, row, stored, now)


def labels_of(given: Sequence[str]) -> dict[str, str]:
    """The labels of a selection.

    Raises:
        Invalid: there is none, or one is not `k=v`.
    """
    faults = [
        FieldError(f"/label/{n}", "query: is written k=v")
        for n, text in enumerate(given)
        if "=" not in text or text.startswith("=")
    ]
    if faults:
        raise Invalid("A selection is not valid.", faults)
    if not given:
        told = "query: a selection is needed: label=k=v"
        raise Invalid("Which monitors are meant is not said.", [FieldError("/label", told)])
    return dict(text.split("=", 1) for text in given)


def at_row(pointer: str, index: int, *, many: bool) -> str:
    """Where something wrong with a row lies in the request."""
    return pointer_to((_MANY, index)) + pointer if many else pointer


def _giving_way(shown: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """What is there without what the patch names another way of saying."""
    there = dict(shown)
    if patch.get("cron") is not None and "interval_seconds" not in patch:
        there["interval_seconds"] = None
    if patch.get("interval_seconds") is not None and "cron" not in patch:
        there["cron"] = None
    if patch.get("strategy") is not None and "client" not in patch:
        there["client"] = None
    target = patch.get("target")
    if isinstance(target, dict) and target.get("json") is not None and "body" not in target:
        there["target"] = {**shown["target"], "body": None}
    return there


def _parsed(raw: bytes) -> MonitorIn | ServiceError:
    try:
        return read_monitor(raw)
    except ServiceError as error:
        return error


def _complete(index: int, row: MonitorIn, stored: Definition | None, now: datetime) -> Asked:
    try:
        return Asked(index, definition_of(row, stored, now))
    except ServiceError as error:
        return _refused(index, error)


def _refused(index: int, error: ServiceError) -> Asked:
    return Asked(index, None, error.errors or (FieldError("", error.detail),))
