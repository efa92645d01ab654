"""Monitors as Prometheus reads them: all samples of a family together, in chunks of text.

Prometheus text format 0.0.4, and OpenMetrics 1.0, which writes the same samples and other heads.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import astuple

from app.domain.monitor import MonitorStatus
from app.domain.reading import Reading
from app.domain.url import bare_url
from app.storage.standings import Described
from checkers.timing import NO_PHASES, PHASE_NAMES

# So many samples are written at once: less than a millisecond, some tens of kilobytes.
_AT_ONCE: Final = 400

# Line feed, quote and backslash are escaped; other control characters, which some readers take
# for the end of a line or of everything, are shown as unreadable.
_ESCAPES: Final = {
    **dict.fromkeys((*range(32), 127), "�"),
    ord("\\"): r"\\",
    ord("\n"): r"\n",
    ord('"'): r"\"",
}
# What needs looking at, which hardly any value does.
_ODD: Final = re.compile(r'[\x00-\x1f\x7f"\\\ud800-\udfff]')
_CAMEL: Final = re.compile(r"([a-z0-9])([A-Z])")
_ILLEGAL: Final = re.compile(r"[^a-zA-Z0-9_]")


class Family(NamedTuple):
    """A gauge of monitors, and how readings are written in it: as lines, or not at all.

    Attributes:
        most: how many lines one of them may be.
    """

    name: str
    help: str
    lines: Callable[[Sequence[Reading]], list[str]]
    most: int = 1


def escaped(value: str) -> str:
    """A value as it stands between quotes."""
    if not _ODD.search(value):
        return value
    return value.encode("utf-8", "replace").decode().translate(_ESCAPES)


def labelled(key: str) -> str:
    """A monitor's key as a label."""
    return f'monitor="{escaped(key)}"'


def legal_names(names: Sequence[str]) -> list[str]:
    """Labels' names as Prometheus takes them, in the order given, each unlike the others.

    As kube-state-metrics does it: in snake case after `label_`, and numbered where several names
    come to the same.
    """
    plain = [
        "label_" + _CAMEL.sub(r"\1_\2", _ILLEGAL.sub("_", name)).lower() for name in names
    ]  # fmt: skip
    times = Counter(plain)
    taken = {name for name, n in times.items() if n == 1}
    legal = []
    for name in plain:
        number, own = 0, name
        while times[name] > 1 and (own in taken or own == name):
            number += 1
            own = f"{name}_conflict{number}"
        taken.add(own)
        legal.append(own)
    return legal


def families(readings: Sequence[Reading]) -> Iterator[bytes]:
    """Every family of gauges, all of its samples in one group."""
    for family in _FAMILIES:
        yield _head(family.name, family.help)
        step = _AT_ONCE // family.most
        for start in range(0, len(readings), step):
            yield _joined(family.lines(readings[start : start + step]))


def info_head(*, openmetrics: bool) -> bytes:
    """The head of the family that says who monitors are."""
    what = "Who a monitor is: its name, its URL without the query, its labels."
    if openmetrics:
        return _head("tercet_monitor", what, "info")
    return _head("tercet_monitor_info", what)


def info(some: Iterable[Described]) -> bytes:
    """Who some monitors are."""
    return _joined(_info(each) for each in some)


def _info(monitor: Described) -> str:
    pairs = [labelled(monitor.key)]
    if monitor.name:
        pairs.append(f'name="{escaped(monitor.name)}"')
    pairs.append(f'url="{escaped(bare_url(monitor.url))}"')
    if monitor.labels:
        names = legal_names([name for name, _ in monitor.labels])
        values = (escaped(value) for _, value in monitor.labels)
        pairs += [f'{name}="{value}"' for name, value in zip(names, values, strict=True)]
    return f"tercet_monitor_info{{{','.join(pairs)}}} 1\n"


def _head(name: str, what: str, kind: str = "gauge") -> bytes:
    return f"# HELP {name} {what}\n# TYPE {name} {kind}\n".encode()


def _joined(lines: Iterable[str]) -> bytes:
    return "".join(lines).encode("utf-8", "replace")


def _up(some: Sequence[Reading]) -> list[str]:
    return [f"tercet_monitor_up{{{r.label}}} {r.up:d}\n" for r in some if r.up is not None]


def _status(some: Sequence[Reading]) -> list[str]:
    return [f'tercet_monitor_status{{{r.label},status="{r.status.value}"}} 1\n' for r in some]


def _latency(some: Sequence[Reading]) -> list[str]:
    return [
        f"tercet_monitor_latency_seconds{{{r.label}}} {r.total:.6f}\n"
        for r in some
        if r.total is not None
    ]


def _phases(some: Sequence[Reading]) -> list[str]:
    return [
        f'tercet_monitor_phase_seconds{{{r.label},phase="{name}"}} {value:.6f}\n'
        for r in some
        if r.phases is not NO_PHASES
        for name, value in zip(PHASE_NAMES, astuple(r.phases), strict=True)
        if value is not None
    ]


def _http_status(some: Sequence[Reading]) -> list[str]:
    return [
        f"tercet_monitor_http_status_code{{{r.label}}} {r.http_status}\n"
        for r in some
        if r.http_status is not None
    ]


def _certificate(some: Sequence[Reading]) -> list[str]:
    return [
        f"tercet_monitor_certificate_expiry_timestamp_seconds{{{r.label}}} {r.not_after}\n"
        for r in some
        if r.not_after is not None
    ]


def _lateness(some: Sequence[Reading]) -> list[str]:
    return [
        f"tercet_monitor_lateness_seconds{{{r.label}}} {r.lateness:.6f}\n"
        for r in some
        if r.lateness is not None
    ]


def _checked(some: Sequence[Reading]) -> list[str]:
    return [
        f"tercet_monitor_last_check_timestamp_seconds{{{r.label}}} {r.checked_at:.3f}\n"
        for r in some
        if r.checked_at is not None
    ]


def _interval(some: Sequence[Reading]) -> list[str]:
    return [
        f"tercet_monitor_interval_seconds{{{r.label}}} {r.interval_us / 1e6}\n"
        for r in some
        if r.interval_us is not None and r.status is not MonitorStatus.PAUSED
    ]


_FAMILIES: Final = (
    Family(
        "tercet_monitor_up",
        "Whether a monitor is believed to be up (degraded counts); absent where that is not known.",
        _up,
    ),
    Family(
        "tercet_monitor_status",
        "The one status a monitor has: up, degraded, down, unknown, pending, paused, maintenance.",
        _status,
    ),
    Family(
        "tercet_monitor_latency_seconds",
        "From the first look-up to the last byte, of the last check that got a response.",
        _latency,
    ),
    Family(
        "tercet_monitor_phase_seconds",
        "Phases of the last check that got a response; one that did not happen is absent.",
        _phases,
        most=len(PHASE_NAMES),
    ),
    Family(
        "tercet_monitor_http_status_code",
        "Status code of the last check; absent when it got no response.",
        _http_status,
    ),
    Family(
        "tercet_monitor_certificate_expiry_timestamp_seconds",
        "When the certificate ends that was last seen.",
        _certificate,
    ),
    Family(
        "tercet_monitor_lateness_seconds",
        "How much later than its turn the last check began.",
        _lateness,
    ),
    Family(
        "tercet_monitor_last_check_timestamp_seconds",
        "When the last check began that told something of its target.",
        _checked,
    ),
    Family(
        "tercet_monitor_interval_seconds",
        "How often a monitor is checked; absent where a cron text says when.",
        _interval,
    ),
)
