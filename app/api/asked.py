"""What is common to everything that is read from outside."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from app.api.problems import MAX_ERRORS, pointer_to
from app.domain.errors import FieldError, Invalid

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z"
)

Place = tuple[int | str, ...]
# RFC 9110, 5.6.2: what names of methods and header fields are made of.
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


def _is_rfc3339(value: object) -> object:
    """A number would pass for seconds, a date for its midnight; neither is an instant."""
    if not (isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.match(value))):
        raise ValueError("an instant is written as in 2026-11-24T08:00:00Z (RFC 3339)")
    return value


# Not strict: what is strict takes no text for an instant once it has been looked at before.
Instant = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_is_rfc3339, json_schema_input_type=AwareDatetime),
]


class Asked(BaseModel):
    """What is read from outside: nothing is guessed, nothing unknown is ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Faults:
    """What is wrong with a request, gathered so that all of it is told at once."""

    def __init__(self) -> None:
        self._invalid: list[FieldError] = []
        self._count = 0

    def invalid(self, place: Sequence[int | str], detail: str) -> None:
        """Note what is wrong at a place."""
        self.at(pointer_to(place), detail)

    def at(self, pointer: str, detail: str) -> None:
        """Note what is wrong where a pointer leads."""
        self._count += 1
        if len(self._invalid) < MAX_ERRORS:
            self._invalid.append(FieldError(pointer, detail))

    def __bool__(self) -> bool:
        return bool(self._invalid)

    def error(self) -> Invalid:
        """What to raise, once it is known that there is something."""
        what = "One field is" if self._count == 1 else f"{self._count} fields are"
        return Invalid(f"{what} not valid.", self._invalid)
