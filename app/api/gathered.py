"""Targets gathered from a request, whichever way it lists them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from app.api.asked import Faults
from app.api.targets import TargetFields, TargetIn, check_url, complete, merged
from app.domain.batch import MAX_TARGETS
from checkers import Target

# What is one value each, right once the model has taken it.
_SIMPLE: Final = frozenset(
    {"method", "timeout_seconds", "attempts", "follow_redirects", "max_redirects", "verify_tls",
     "ip_version", "max_body_bytes"}
)  # fmt: skip
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SEEN: Final = 1000


class Gathered:
    """The targets so far, in order.

    Args:
        defaults: what a target leaves out is taken from here.
        skip_invalid: take a URL that is not valid as it is; its check will say so.
    """

    def __init__(self, defaults: TargetFields, faults: Faults, *, skip_invalid: bool) -> None:
        self.targets: list[Target] = []
        self.count = 0
        self._defaults = defaults
        self._skip_invalid = skip_invalid
        self._seen: dict[tuple[tuple[str, object], ...], Target] = {}
        self._plain = complete(defaults, defaults, ("defaults",), faults)

    def add_url(self, url: str, place: Sequence[int | str], faults: Faults) -> None:
        """Add a target that is all defaults."""
        if self.makes_room():
            self._add(self._plain, url, place, faults)

    def add(self, asked: TargetIn, place: Sequence[int | str], faults: Faults) -> None:
        """Add a target with fields of its own."""
        if not self.makes_room():
            return
        self._add(self._completed(asked, place, faults), asked.url, (*place, "url"), faults)

    def _completed(self, asked: TargetIn, place: Sequence[int | str], faults: Faults) -> Target:
        given = asked.model_fields_set
        if given == {"url"}:
            return self._plain
        if not given - {"url"} <= _SIMPLE or asked.method not in _METHODS:
            return complete(asked, merged(self._defaults, asked), place, faults)
        # Lists repeat themselves, and fields that can hold nothing wrong need no second look.
        key = tuple((name, getattr(asked, name)) for name in _SIMPLE if name in given)
        found = self._seen.get(key)
        if found is None:
            found = complete(asked, merged(self._defaults, asked), place, faults)
            if len(self._seen) < _SEEN:
                self._seen[key] = found
        return found

    @property
    def full(self) -> bool:
        """Whether there are more than there may be."""
        return self.count > MAX_TARGETS

    def makes_room(self) -> bool:
        """Count one more; false when it is one too many."""
        self.count += 1
        return self.count <= MAX_TARGETS

    def check_count(self, faults: Faults) -> None:
        """Note that there are too few or too many."""
        if self.count == 0:
            faults.invalid(("urls",), "there is no target; give urls or targets")
        if self.full:
            faults.invalid(("urls",), f"there are more than {MAX_TARGETS} targets")

    def _add(self, target: Target, url: str, place: Sequence[int | str], faults: Faults) -> None:
        if not self._skip_invalid:
            check_url(url, place, faults)
        self.targets.append(msgspec.structs.replace(target, url=url))
