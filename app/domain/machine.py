"""What figures were measured on."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine and its libraries, as far as a figure depends on them."""

    python: str
    cores: int
    platform: str
    versions: Mapping[str, str]
