"""A request body: read under its limit, checked in a thread, its errors pointed at."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from app.api.problems import MAX_ERRORS, pointer_to
from app.domain.errors import FieldError, Invalid, Malformed, UnsupportedMediaType

Model = TypeVar("Model", bound=BaseModel)

JSON: Final = "application/json"
_UTF_8: Final = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})


class Body:
    """The body of a request, read once, and the digest of what was sent."""

    def __init__(self, request: Request) -> None:
        self._request = request
        content_type = request.headers.get("content-type", JSON)
        self.media_type = content_type.partition(";")[0].strip().lower()
        self._charset = _charset_of(content_type)
        self._digest = hashlib.sha256(f"{content_type}\n{request.url.query}\n".encode())

    @property
    def digest(self) -> str:
        """SHA-256 of content type, query and body; whole once the body has been read."""
        return self._digest.hexdigest()

    @property
    def is_json(self) -> bool:
        return self.media_type == JSON or self.media_type.endswith("+json")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            UnsupportedMediaType: it is compressed, or in another charset than UTF-8.
            Malformed: it stopped half-way.
        """
        coding = self._request.headers.get("content-encoding", "identity").strip().lower()
        if coding != "identity":
            raise UnsupportedMediaType(f"The body is encoded as {coding}; send it as it is.")
        if self._charset not in _UTF_8:
            raise UnsupportedMediaType(f"The body is in {self._charset}; send UTF-8.")
        try:
            async for chunk in self._request.stream():
                self._digest.update(chunk)
                yield chunk
        except ClientDisconnect as error:
            raise Malformed("The body stopped half-way.") from error

    async def raw_json(self) -> bytes:
        """The body, which calls itself JSON; raises `UnsupportedMediaType` if it does not."""
        if not self.is_json:
            raise UnsupportedMediaType(
                f"The body is {self.media_type or 'of no type'}; send {JSON}."
            )
        return b"".join([chunk async for chunk in self.chunks()])

    async def json(self, model: type[Model]) -> Model:
        """The body as a model.

        Raises:
            UnsupportedMediaType: it is not JSON.
            Malformed: it calls itself JSON and is not.
            Invalid: it is JSON that the model refuses, with a pointer for each reason.
        """
        raw = await self.raw_json()
        # 100,000 targets take a second to check; the event loop has others to answer.
        return await asyncio.to_thread(checked, raw, model)

    async def nothing(self) -> None:
        """Make sure that there is no body; raises `Invalid`."""
        async for chunk in self.chunks():
            if chunk:
                told = "There is nothing to be said in a body here."
                raise Invalid(told, [FieldError("", told)])


async def read_json(request: Request, model: type[Model]) -> Model:
    """The body of a request as a model; raises as `Body.json`."""
    return await Body(request).json(model)


async def read_optional(request: Request, model: type[Model]) -> Model:
    """As `read_json`; a body that is left out is an empty object."""
    body = Body(request)
    if request.headers.get("content-length", "") in {"", "0"} and "transfer-encoding" not in (
        request.headers
    ):
        return checked(b"{}", model)
    return await body.json(model)


def checked(raw: bytes, model: type[Model]) -> Model:
    """JSON as a model; raises `Malformed` and `Invalid`."""
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if found[0]["type"] == "json_invalid":
            raise Malformed(f"The body is not valid JSON. {found[0]['msg']}.") from error
        errors = [field_error(entry) for entry in found[:MAX_ERRORS]]
        what = "One field is" if len(found) == 1 else f"{len(found)} fields are"
        raise Invalid(f"{what} not valid.", errors) from error


def field_error(entry: Any, *place: int | str) -> FieldError:
    """What pydantic says of a field, with where it lies."""
    told = str(entry["msg"]).removeprefix("Value error, ")
    # A key that is wrong is pointed at by itself: no pointer leads to a key.
    parts = [part for part in entry["loc"] if part != "[key]"]
    return FieldError(pointer_to((*place, *parts)), told)


def _charset_of(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return ""


#: Models of bodies by name; their schemas belong into the OpenAPI document.
BODIES: dict[str, type[BaseModel]] = {}


def body_of(
    model: type[BaseModel],
    *examples: dict[str, Any],
    others: dict[str, str] | None = None,
    instead: type[BaseModel] | None = None,
    required: bool = True,
) -> dict[str, Any]:
    """The OpenAPI description of a body that is read as JSON.

    Args:
        others: further media types it may come in, each with an example.
        instead: what it may be just as well.
    """
    models = [model] if instead is None else [model, instead]
    BODIES.update({each.__name__: each for each in models})
    schemas = [{"$ref": f"#/components/schemas/{each.__name__}"} for each in models]
    named = {
        str(example.pop("summary", f"example {number}")): {"value": example}
        for number, example in enumerate(examples, start=1)
    }
    content: dict[str, Any] = {
        JSON: {
            "schema": schemas[0] if instead is None else {"anyOf": schemas},
            **({"examples": named} if named else {}),
        }
    }
    for media_type, example in (others or {}).items():
        content[media_type] = {"schema": {"type": "string"}, "example": example}
    return {"requestBody": {"required": required, "content": content}}


def patch_of(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI description of a merge patch (RFC 7396) of what a model describes."""
    told = f"Fields of {model.__name__} that are to change, in objects within it too."
    content = {"schema": {"type": "object", "description": told}, "example": example}
    kinds = (JSON, "application/merge-patch+json")
    return {"requestBody": {"required": True, "content": dict.fromkeys(kinds, content)}}
