"""What the address of a page asks for: what makes no sense in it is passed over."""

from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

from fastapi import Request

_LONGEST_ID = 200
_MOST_DIGITS = 18
Word = TypeVar("Word", bound=str)


class Listing(NamedTuple):
    """A list as an address asks for it.

    Attributes:
        path: of the page.
        filters: what it is narrowed down to, by the names of the address.
        before: where it goes on; `None`: at the newest.
    """

    path: str
    filters: dict[str, str]
    before: int | None

    @property
    def narrowed(self) -> bool:
        """Whether something is left out."""
        return bool(self.filters)

    def address(self, before: int | None = None) -> str:
        """The address of the same list from another place on."""
        parts = dict(self.filters)
        if before is not None:
            parts["cursor"] = str(before)
        return self.path + (f"?{urlencode(parts)}" if parts else "")

    @property
    def here(self) -> str:
        """The address of the list as it is shown."""
        return self.address(self.before)


def listing(request: Request, *names: str) -> Listing:
    """The list that an address asks for, with the filters that it may have."""
    query = request.query_params
    given = {name: query.get(name, "").strip()[:_LONGEST_ID] for name in names}
    cursor = query.get("cursor", "")
    sane = cursor.isascii() and cursor.isdigit() and len(cursor) <= _MOST_DIGITS
    filters = {name: value for name, value in given.items() if value}
    return Listing(request.url.path, filters, int(cursor) if sane else None)


def one_of(words: type[Word], given: str | None) -> Word | None:
    """One of a closed list; `None` if it is none of them."""
    known = {str(word): word for word in words}  # type: ignore[attr-defined]
    return known.get(given or "")
