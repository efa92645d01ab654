"""Which monitors something is of, as it is asked for and answered: by key, by label."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, Field

from app.api.asked import Asked, Faults
from app.api.listed import Labels
from app.domain.monitor import MAX_MONITORS

Keys = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=MAX_MONITORS)
]
_NONE: Final = "names neither a key nor a label"


class SelectionIn(Asked):
    """Monitors with one of the keys, and those that bear all of the labels."""

    keys: Keys = Field(default_factory=list)
    labels: Labels = Field(default_factory=dict)

    def check(self, faults: Faults) -> None:
        """Note when it selects nothing."""
        if not self.keys and not self.labels:
            faults.invalid(("selection",), _NONE)


class SelectionPatch(Asked):
    """What is to be different in a selection; a label that is null is taken away."""

    keys: Keys | None = None
    labels: dict[str, str | None] | None = Field(default=None, description="Merged by name.")


class SelectionOut(BaseModel):
    """Monitors with one of the keys, and those that bear all of the labels."""

    keys: list[str]
    labels: Mapping[str, str]
