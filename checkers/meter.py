"""What a run cost: processor time, memory, switches; and what it lacked: time, descriptors."""

import os
import resource
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec

from checkers.lack import WAITS, Lack
from checkers.lag import OWN

_STATUS: Final = Path("/proc/self/status")
_CLEAR: Final = Path("/proc/self/clear_refs")
# getrusage counts in KiB on Linux and in bytes on macOS.
_MAXRSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since the start of one or several processes.

    Attributes:
        cpu: seconds, user and system.
        lags: how late what was due came to be done: how often, by the steps of `checkers.lag`.
        descriptor_waits: checks that waited for descriptors, ports or memory to be had again.
        lookup_waits: checks that waited for one of the look-ups under way to end.
    """

    cpu: float = 0.0
    peak_rss_bytes: int = 0
    voluntary_switches: int = 0
    involuntary_switches: int = 0
    lags: dict[int, int] = msgspec.field(default_factory=dict)
    descriptor_waits: int = 0
    lookup_waits: int = 0

    def plus(self, other: "Usage") -> "Usage":
        """Both together; peaks are added, as they may have come at the same time."""
        return Usage(
            cpu=self.cpu + other.cpu,
            peak_rss_bytes=self.peak_rss_bytes + other.peak_rss_bytes,
            voluntary_switches=self.voluntary_switches + other.voluntary_switches,
            involuntary_switches=self.involuntary_switches + other.involuntary_switches,
            lags=dict(Counter(self.lags) + Counter(other.lags)),
            descriptor_waits=self.descriptor_waits + other.descriptor_waits,
            lookup_waits=self.lookup_waits + other.lookup_waits,
        )

    def since(self, before: "Usage") -> "Usage":
        """What was used after `before`; the peak is the later one."""
        return Usage(
            cpu=self.cpu - before.cpu,
            peak_rss_bytes=self.peak_rss_bytes,
            voluntary_switches=self.voluntary_switches - before.voluntary_switches,
            involuntary_switches=self.involuntary_switches - before.involuntary_switches,
            lags=dict(Counter(self.lags) - Counter(before.lags)),
            descriptor_waits=self.descriptor_waits - before.descriptor_waits,
            lookup_waits=self.lookup_waits - before.lookup_waits,
        )


def own_usage() -> Usage:
    """This process and those of its children that have ended and were waited for."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    gone = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(
        cpu=own.ru_utime + own.ru_stime + gone.ru_utime + gone.ru_stime,
        peak_rss_bytes=_peak_rss_bytes(own.ru_maxrss * _MAXRSS_UNIT),
        voluntary_switches=own.ru_nvcsw + gone.ru_nvcsw,
        involuntary_switches=own.ru_nivcsw + gone.ru_nivcsw,
        lags=OWN.counts,
        descriptor_waits=WAITS[Lack.DESCRIPTORS],
        lookup_waits=WAITS[Lack.LOOKUPS],
    )


def forget_peak() -> None:
    """Let the peak count from here on, where the system can (Linux, proc(5) clear_refs)."""
    if sys.platform == "linux" and os.access(_CLEAR, os.W_OK):
        _CLEAR.write_text("5", encoding="ascii")


def _peak_rss_bytes(otherwise: int) -> int:
    # Not ru_maxrss on Linux: a spawned process inherits the peak of the one that spawned it.
    if sys.platform == "linux":
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return otherwise
