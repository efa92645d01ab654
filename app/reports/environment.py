"""What the figures were measured on."""

import os
import platform
from functools import cache
from importlib.metadata import version

from pydantic import BaseModel


class Environment(BaseModel):
    """The machine and the libraries."""

    python: str
    cores: int
    platform: str
    versions: dict[str, str]


@cache
def describe() -> Environment:
    """This machine, as far as a figure depends on it."""
    names = ("tercet", "aiohttp", "requests", "urllib3", "pycurl", "uvloop")
    return Environment(
        python=platform.python_version(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        versions={name: version(name) for name in names},
    )
