"""The Tercet service: REST, pages, storage and command line around the checkers."""

from importlib.metadata import version
from typing import Final

__version__: Final = version("tercet")
#: What targets see of us (RFC 9110, 10.1.5).
USER_AGENT: Final = f"Tercet/{__version__}"
