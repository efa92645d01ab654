"""This machine, as far as a figure depends on it."""

import os
import platform
from functools import cache
from importlib.metadata import version
from typing import Final

from app.domain.machine import Machine

_LIBRARIES: Final = ("tercet", "aiohttp", "requests", "urllib3", "pycurl", "uvloop")


@cache
def this_machine() -> Machine:
    """The machine and the libraries that are used here."""
    return Machine(
        python=platform.python_version(),
        cores=cores(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        versions={name: version(name) for name in _LIBRARIES},
    )


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
