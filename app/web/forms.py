"""What people send from pages: tied to the page it came from, kept when it is refused."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from app.api.sessions import Sessions
from app.domain.errors import FieldError, ForeignOrigin, Malformed
from app.web.frame import NOBODY, Signed

_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 20_000
# Forms below so many bytes are taken apart where they come in: in about a millisecond.
_SHORT: Final = 65_536
#: The field that ties a form to the session whose page it was on.
TOKEN: Final = "csrf"  # noqa: S105 -- a name


class Form:
    """The fields of a form, and what is wrong with them.

    Args:
        values: of each field, in the order in which they stood.
    """

    def __init__(self, values: Mapping[str, Sequence[str]] | None = None) -> None:
        self._values = dict(values or {})
        self.errors: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def copy(self) -> "Form":
        """The same fields, with nothing wrong with them so far."""
        return Form(self._values)

    def text(self, name: str, otherwise: str = "") -> str:
        """A field without white space around it."""
        return self.raw(name, otherwise).strip()

    def raw(self, name: str, otherwise: str = "") -> str:
        """A field as it was typed, with line ends as elsewhere."""
        values = self._values.get(name)
        return values[-1].replace("\r\n", "\n") if values else otherwise

    def all(self, name: str) -> list[str]:
        """A field that may stand there several times."""
        return list(self._values.get(name, ()))

    def lines(self, name: str) -> list[str]:
        """A field with one thing on each line; empty lines are none."""
        return [line.strip() for line in self.raw(name).split("\n") if line.strip()]

    def checked(self, name: str) -> bool:
        """Whether a box is checked."""
        return name in self._values

    def put(self, name: str, *values: str) -> None:
        """Fill in a field, as when something that is there is to be changed."""
        self._values[name] = list(values)

    def drop(self, name: str) -> None:
        """Take a field out."""
        self._values.pop(name, None)

    def fault(self, name: str, detail: str) -> None:
        """Note what is wrong with a field; the empty name is the whole form."""
        self.errors.setdefault(name, []).append(detail)

    def faults(self, errors: Sequence[FieldError], fields: Mapping[str, str]) -> None:
        """Lay what was wrong with a request beside the fields that it was made of.

        Args:
            fields: by the beginning of a pointer, the longest that fits; what fits none is told
                of the whole form, with its pointer.
        """
        for error in errors:
            fitting = [at for at in fields if _is_at(error.pointer, at)]
            if fitting:
                self.fault(fields[max(fitting, key=len)], error.detail)
            else:
                self.fault("", f"{error.pointer}: {error.detail}".removeprefix(": "))


def _is_at(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(place + "/")


async def read(request: Request, sessions: Signed) -> Form:
    """The form that was sent.

    Raises:
        Malformed: it is no form, or not in UTF-8.
        ForeignOrigin: it does not come from a page that this session was shown.
    """
    return await _read(request, sessions, request.scope.get("session_id"))


async def read_unsigned(request: Request, sessions: Signed) -> Form:
    """The form of who has no session yet; raises as `read`."""
    return await _read(request, sessions, NOBODY)


async def _read(request: Request, sessions: Sessions, session: str | None) -> Form:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and kind != _MEDIA_TYPE:
        raise Malformed(f"A form is sent as {_MEDIA_TYPE}.")
    values: dict[str, list[str]] = {}
    try:
        # A list of a hundred thousand URLs takes a while; the event loop has others to answer.
        pairs = _pairs(body) if len(body) < _SHORT else await asyncio.to_thread(_pairs, body)
    except ValueError as error:
        raise Malformed("The form cannot be read.") from error
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    token = (values.pop(TOKEN, None) or [request.headers.get("x-csrf-token", "")])[-1]
    if not sessions.is_token(session, token):
        raise ForeignOrigin(
            "This form belongs to an older page: the service was started anew since, or you have "
            "signed out. Go back, load the page again, and send it once more."
        )
    return Form(values)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(
        body.decode("ascii"),
        keep_blank_values=True,
        errors="strict",
        max_num_fields=_MOST_FIELDS,
    )


Sent = Annotated[Form, Depends(read)]
SentUnsigned = Annotated[Form, Depends(read_unsigned)]
