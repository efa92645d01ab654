"""What the processes of a service occupy of this machine; it reads files: ask in a thread."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import psutil


class Occupied(NamedTuple):
    """What a process occupies, with all that it has started.

    Attributes:
        pid: of the process itself.
        processes: how many they are.
        resident_bytes: their memory, summed; what they share is counted for each.
    """

    pid: int
    processes: int
    resident_bytes: int


class Machine(NamedTuple):
    """The service's own process, its children, and what is left beside them.

    Attributes:
        since: when the service's process began.
        descriptors, most_descriptors: open files and sockets of its own, and how many may be.
        free_bytes: memory that could be had without swapping.
        children: by the names they were asked for; one that has just ended is left out.
    """

    since: datetime
    own_bytes: int
    descriptors: int
    most_descriptors: int
    free_bytes: int
    children: Mapping[str, Occupied]


def machine(pids: Mapping[str, int]) -> Machine:
    """What the service and its child processes occupy."""
    own = psutil.Process()
    found = {name: occupied(pid) for name, pid in pids.items()}
    return Machine(
        since=datetime.fromtimestamp(own.create_time(), UTC),
        own_bytes=own.memory_info().rss,
        descriptors=own.num_fds(),
        most_descriptors=own.rlimit(psutil.RLIMIT_NOFILE)[0],
        free_bytes=psutil.virtual_memory().available,
        children={name: each for name, each in found.items() if each is not None},
    )


def occupied(pid: int) -> Occupied | None:
    """What a process and those it has started occupy; `None` once it has ended."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return None
    sizes = [size for each in family if (size := _resident(each)) is not None]
    return Occupied(pid, len(sizes), sum(sizes)) if sizes else None


def _resident(process: psutil.Process) -> int | None:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return None
