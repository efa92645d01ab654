"""Lists as programs and spreadsheets take them: a page as JSON, all of it as NDJSON or CSV."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.api.accept import preferred
from app.api.bodies import JSON
from app.api.streamed import AT_ONCE, streamed, under
from app.api.wired import Service, place_of
from app.reports.csv_text import csv_cell, csv_lines

NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
KINDS: Final = (JSON, NDJSON, CSV)

#: Items, and where the next of them begin, if any.
Items = tuple[Sequence[BaseModel], int | None]
#: Items from a place on, so many at most, and where the next of them begin, if any.
Page = Callable[[Session, int, int | None], Items]


def described(page: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """How the OpenAPI document tells of such a list."""
    return {
        200: {
            "model": page,
            "description": "A page as JSON, or all of them as NDJSON or CSV.",
            "content": {
                NDJSON: {"schema": {"type": "string"}},
                CSV: {"schema": {"type": "string"}},
            },
        }
    }


async def exported(
    request: Request,
    service: Service,
    item: type[BaseModel],
    page: Page,
    limit: int,
    cursor: str | None,
    *,
    at_once: int = AT_ONCE,
) -> Response:
    """A list in the form that the client would rather have.

    Encoded in the reader's thread: a thousand items are not for the event loop.

    Args:
        item: what the list is of; its fields are the columns of CSV.
        at_once: how many are read in one transaction, where all are asked for.
    """
    kind = preferred(request.headers.getlist("accept"), KINDS)
    if kind == JSON:
        listed = partial(_page, page, limit, place_of(cursor))
        return Response(await service.database.read(listed), media_type=JSON)
    render = partial(_csv, item) if kind == CSV else lines_of
    rendered = partial(_rendered, page, render)
    rows = streamed(service.database, rendered, None, place_of(cursor), at_once=at_once)
    header = csv_lines([_columns(item)]) if kind == CSV else b""
    return StreamingResponse(under(header, rows), media_type=kind)


def csv_of(item: type[BaseModel], items: Sequence[BaseModel]) -> bytes:
    """All of a short list, under a header."""
    return csv_lines([_columns(item)]) + _csv(item, items)


def _page(page: Page, limit: int, place: int | None, session: Session) -> bytes:
    found, following = page(session, limit, place)
    cursor = "null" if following is None else f'"{following}"'
    items = ",".join(each.model_dump_json(by_alias=True) for each in found)
    return f'{{"items":[{items}],"next_cursor":{cursor}}}'.encode()


def _rendered(
    page: Page,
    render: Callable[[Sequence[BaseModel]], bytes],
    size: int,
    place: int | None,
    session: Session,
) -> tuple[bytes, int | None]:
    found, following = page(session, size, place)
    return render(found), following


def lines_of(items: Sequence[BaseModel]) -> bytes:
    """Items as NDJSON."""
    return "".join(f"{each.model_dump_json(by_alias=True)}\n" for each in items).encode()


def _csv(item: type[BaseModel], items: Sequence[BaseModel]) -> bytes:
    return csv_lines(
        list(_cells(item, each.model_dump(mode="json", by_alias=True))) for each in items
    )


def _columns(item: type[BaseModel], before: str = "") -> list[str]:
    """The names of the fields; of what is nested, joined by an underscore."""
    columns: list[str] = []
    for name, inner in _fields(item):
        columns += [before + name] if inner is None else _columns(inner, f"{before}{name}_")
    return columns


def _cells(item: type[BaseModel], plain: dict[str, Any] | None) -> Iterator[object]:
    for name, inner in _fields(item):
        value = None if plain is None else plain.get(name)
        if inner is not None:
            yield from _cells(inner, value)
        elif isinstance(value, dict):
            yield json.dumps(value, ensure_ascii=False)
        else:
            yield csv_cell(value)


def _fields(item: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel] | None]]:
    """The names of fields, each with the model that it holds, if it does."""
    for name, field in item.model_fields.items():
        yield field.serialization_alias or name, _model_of(field.annotation)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    inner = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    for each in inner:
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None
