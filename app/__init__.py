"""The Tercet service: REST, pages, storage and command line around the checkers."""

from importlib.metadata import version
from typing import Final

__version__: Final = version("tercet")
