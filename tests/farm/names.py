"""Names that the tests resolve by themselves, well and badly, in every process of a strategy."""

import dataclasses
import time
from collections.abc import Sequence

from checkers import CheckWork
from checkers.clients.exchange import Surroundings
from checkers.lookup import Lookup, LookupImpossible, NameNotResolved, system_resolve

# Longer than any check here may take.
_SILENCE_SECONDS = 5.0
_ADDRESSES = {
    "first-refuses.example": ["127.0.0.3", "127.0.0.1"],
    "six-refuses.example": ["::1", "127.0.0.1"],
    "four-only.example": ["127.0.0.1"],
    "six-only.example": ["::1"],
}


def resolve(name: str) -> Sequence[str]:
    """Addresses of a name."""
    if name == "silent.example":
        time.sleep(_SILENCE_SECONDS)
        return []
    if name == "unknown.example":
        raise NameNotResolved("There is no such name.")
    if name == "no-descriptors.example":
        raise LookupImpossible("There are no descriptors left to ask with.")
    return _ADDRESSES.get(name) or system_resolve(name)


class NamedWork(CheckWork, frozen=True, kw_only=True):
    """Checks that look names up here."""

    def _surroundings(self) -> Surroundings:
        return dataclasses.replace(super()._surroundings(), lookup=Lookup(resolve))
