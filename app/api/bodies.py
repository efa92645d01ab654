"""A request body: read under its limit, checked in a thread, its errors pointed at."""

import asyncio
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from app.api.problems import MAX_ERRORS, pointer_to
from app.domain.errors import FieldError, Invalid, Malformed, NotAvailable, UnsupportedMediaType

Model = TypeVar("Model", bound=BaseModel)

_LATER_MEDIA_TYPES = frozenset({"text/plain", "text/csv", "application/x-ndjson"})


async def read_json(request: Request, model: type[Model]) -> Model:
    """The body as a model.

    Raises:
        UnsupportedMediaType, NotAvailable: it is not JSON.
        Malformed: it calls itself JSON and is not.
        Invalid: it is JSON that the model refuses, with a pointer for each reason.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0]
    media_type = media_type.strip().lower()
    if media_type in _LATER_MEDIA_TYPES:
        raise NotAvailable(f"Bodies of type {media_type} are not available yet; send JSON.")
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(f"The body is {media_type or 'of no type'}; send JSON.")
    try:
        raw = await request.body()
    except ClientDisconnect as error:
        raise Malformed("The body stopped half-way.") from error
    # 100,000 targets take a second to check; the event loop has others to answer.
    return await asyncio.to_thread(_checked, raw, model)


def _checked(raw: bytes, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if found[0]["type"] == "json_invalid":
            raise Malformed(f"The body is not valid JSON. {found[0]['msg']}.") from error
        errors = [_field_error(entry) for entry in found[:MAX_ERRORS]]
        what = "One field is" if len(found) == 1 else f"{len(found)} fields are"
        raise Invalid(f"{what} not valid.", errors) from error


def _field_error(entry: Any) -> FieldError:
    return FieldError(pointer_to(entry["loc"]), str(entry["msg"]).removeprefix("Value error, "))


#: Models of bodies by name; their schemas belong into the OpenAPI document.
BODIES: dict[str, type[BaseModel]] = {}


def body_of(model: type[BaseModel], *examples: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI description of a body that `read_json` reads."""
    BODIES[model.__name__] = model
    named = {
        str(example.pop("summary", f"example {number}")): {"value": example}
        for number, example in enumerate(examples, start=1)
    }
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{model.__name__}"},
                    **({"examples": named} if named else {}),
                }
            },
        }
    }
