"""What is common to everything that is read from outside."""

import re
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict

from app.api.problems import MAX_ERRORS, pointer_to
from app.domain.errors import FieldError, Invalid, NotAvailable, ServiceError

Place = tuple[int | str, ...]
# RFC 9110, 5.6.2: what names of methods and header fields are made of.
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


class Asked(BaseModel):
    """What is read from outside: nothing is guessed, nothing unknown is ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Faults:
    """What is wrong with a request, gathered so that all of it is told at once."""

    def __init__(self) -> None:
        self._invalid: list[FieldError] = []
        self._later: list[FieldError] = []
        self._count = 0

    def invalid(self, place: Sequence[int | str], detail: str) -> None:
        """Note what is wrong at a place."""
        self.at(pointer_to(place), detail)

    def at(self, pointer: str, detail: str) -> None:
        """Note what is wrong where a pointer leads."""
        self._count += 1
        if len(self._invalid) < MAX_ERRORS:
            self._invalid.append(FieldError(pointer, detail))

    def later(self, place: Sequence[int | str], detail: str) -> None:
        self._later.append(FieldError(pointer_to(place), detail))

    def __bool__(self) -> bool:
        return bool(self._invalid or self._later)

    def error(self) -> ServiceError:
        """What to raise, once it is known that there is something."""
        if self._invalid:
            what = "One field is" if self._count == 1 else f"{self._count} fields are"
            return Invalid(f"{what} not valid.", self._invalid)
        return NotAvailable("Parts of the request are not available yet.", self._later)
