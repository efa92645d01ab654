"""How well the service is, figure by figure: what is good, and what to do about what is not."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.engine.occupied import Machine
from app.reports.units import duration, size, span
from app.services.meters import Pulse
from app.storage.vitals import Gauge

# The event loop answers everybody; later than this, people and pages notice.
_LATE_SECONDS: Final = 0.1
# The log is cut to 64 MiB whenever nobody reads what is older; above this somebody does.
_LARGE_LOG_BYTES: Final = 256 * 2**20
# Messages go out at once; this long means that a receiver does not take them.
_OLD_MESSAGE_SECONDS: Final = 600.0
# An hour is rolled up ten minutes after it has ended, within an hour.
_OLD_ROLLUP_SECONDS: Final = 3 * 3600.0
_LITTLE_MEMORY_BYTES: Final = 128 * 2**20
_MOST_WRITES: Final = 50
_MANY_DESCRIPTORS: Final = 0.8
_SLOTS: Final = {
    "batch": "Process for batches",
    "quick": "Process for small batches",
    "watch": "Process for monitors",
    "probe": "Process for probes",
}


class Finding(NamedTuple):
    """A figure of the service.

    Attributes:
        good: whether it is as it should be; `None`: that is nobody's to say.
        advice: what it means, and what to do if it is not good.
    """

    name: str
    value: str
    good: bool | None = None
    advice: str = ""


class Group(NamedTuple):
    """Figures that belong together."""

    name: str
    findings: Sequence[Finding]


class Parts(NamedTuple):
    """What is known of the service at one moment.

    Attributes:
        trouble: why the database cannot be written; `None`: it can.
        stuck: whether turns of monitors are not claimed any more.
        dispatching: whether what is queued is carried out.
        restarts: how often each child process died, by what it is kept for.
        gauges: what the database tells; `None`: it cannot be read.
    """

    now: datetime
    machine: Machine
    pulse: Pulse | None
    in_flight: int
    writes_waiting: int
    trouble: str | None
    cut_off_since: datetime | None
    stuck: bool
    dispatching: bool
    restarts: Mapping[str, int]
    gauges: Sequence[Gauge] | None


def groups(parts: Parts) -> list[Group]:
    """Everything that is looked at, what is worst is to be picked out by who shows it."""
    found = [
        Group("Service", [*_service(parts)]),
        Group("Checks", [*_checks(parts)]),
        Group("Database", [*_database(parts)]),
        Group("Messages", [*_messages(parts)]),
        Group("Processes and memory", [*_processes(parts)]),
    ]
    return [group for group in found if group.findings]


def _service(parts: Parts) -> Iterator[Finding]:
    running = (parts.now - parts.machine.since).total_seconds()
    yield Finding("Running for", span(running))
    if parts.pulse is None:
        yield Finding("Event loop", "not measured yet", None, "It is, once it has run a second.")
    else:
        p50, p95 = duration(parts.pulse.lag_p50), duration(parts.pulse.lag_p95)
        yield Finding(
            "Event loop late by", f"p50 {p50}, p95 {p95}", parts.pulse.lag_p95 <= _LATE_SECONDS,
            "How late the service wakes, in the last minute. Above 100 ms it is short of processor "
            "time: see what else runs on this machine.",
        )  # fmt: skip
    lost = parts.cut_off_since
    away = "there" if lost is None else f"lost for {span((parts.now - lost).total_seconds())}"
    yield Finding(
        "Our own connectivity", away, lost is None,
        "Whether most targets fall silent at once. While it is lost nobody is called down: look at "
        "the network of this machine.",
    )  # fmt: skip


def _checks(parts: Parts) -> Iterator[Finding]:
    if parts.pulse is not None:
        rate = parts.pulse.checks_per_second
        yield Finding("Checks recorded", f"{rate:,.1f} /s", None, "In the last minute.")
    yield Finding("Checks of monitors under way", f"{parts.in_flight:,}")
    claimed = "not any more" if parts.stuck else "yes"
    yield Finding(
        "Turns of monitors taken up", claimed, not parts.stuck,
        "If not, nothing that is due is checked: see the log, and start the service anew.",
    )  # fmt: skip
    if parts.gauges is None:
        return
    due, overdue = _one(parts, "tercet_monitors_due"), _one(parts, "tercet_monitors_overdue")
    yield Finding("Monitors whose turn has come", f"{due:,.0f}")
    yield Finding(
        "Monitors overdue", f"{overdue:,.0f}", not overdue,
        "Late by more than two of their periods. The watchdog puts them right within ten seconds; "
        "if they stay, there are more checks than this machine can make.",
    )  # fmt: skip
    runs = _of(parts, "tercet_runs")
    under_way = sum(n for (_, status), n in runs.items() if status == "running")
    queued = sum(n for (_, status), n in runs.items() if status == "queued")
    yield Finding(
        "Batches, comparisons, experiments", f"{under_way:,.0f} running, {queued:,.0f} queued",
        True if parts.dispatching else not queued,
        "Carried out one after the other. If nothing runs while some are queued, see the log.",
    )  # fmt: skip
    left = sum(_of(parts, "tercet_batch_targets_left").values())
    yield Finding("Targets of batches still to be checked", f"{left:,.0f}")
    age = _one(parts, "tercet_rollup_age_seconds")
    yield Finding(
        "History rolled up until", f"{span(age)} ago" if age else "now", age <= _OLD_ROLLUP_SECONDS,
        "Hours are rolled up after they have ended. If it is more than three hours behind, see "
        "the log for roll-ups that failed.",
    )  # fmt: skip


def _database(parts: Parts) -> Iterator[Finding]:
    trouble = parts.trouble
    yield Finding(
        "Writing", "works" if trouble is None else f"does not work: {trouble}", trouble is None,
        "If it does not, look for a full disk, or for another process that holds the file. What "
        "waits is written as soon as it can be.",
    )  # fmt: skip
    waiting = parts.writes_waiting
    yield Finding(
        "Transactions waiting", f"{waiting:,}", waiting <= _MOST_WRITES,
        "Many of them mean a slow disk.",
    )  # fmt: skip
    if parts.gauges is None:
        yield Finding("Reading", "does not work", False, "See the log, and the disk.")
        return
    sizes = _of(parts, "tercet_database_bytes")
    free = sizes["free",]
    yield Finding("File", f"{size(sizes['file',])}, of which {size(free)} free")
    yield Finding(
        "Write-ahead log", size(sizes["wal",]), sizes["wal",] <= _LARGE_LOG_BYTES,
        "It grows while somebody reads an old state for long: a backup, or another program.",
    )  # fmt: skip


def _messages(parts: Parts) -> Iterator[Finding]:
    if parts.gauges is None:
        return
    counts = _of(parts, "tercet_deliveries")
    age = _one(parts, "tercet_oldest_pending_delivery_age_seconds")
    oldest = f", the oldest for {span(age)}" if counts["pending",] else ""
    yield Finding(
        "On their way", f"{counts['pending',]:,.0f}{oldest}", age <= _OLD_MESSAGE_SECONDS,
        "What waits for long was not taken by its receiver: see the deliveries.",
    )  # fmt: skip
    yield Finding(
        "Given up", f"{counts['dead',]:,.0f}", not counts["dead",],
        "Nobody was told by these: see the deliveries that are dead, and send them again once "
        "their channel is mended.",
    )  # fmt: skip
    yield Finding("Incidents open", f"{_one(parts, 'tercet_incidents_open'):,.0f}")


def _processes(parts: Parts) -> Iterator[Finding]:
    machine = parts.machine
    yield Finding("Service", f"{size(machine.own_bytes)} of memory")
    for slot, name in _SLOTS.items():
        child, died = machine.children.get(slot), parts.restarts.get(slot, 0)
        if child is None:
            warm = "not started: nobody has needed it"
        else:
            several = f" in {child.processes} processes" if child.processes > 1 else ""
            warm = f"warm, {size(child.resident_bytes)} of memory{several}"
        told = f", died {died:,} times" if died > 1 else ", died once" if died else ""
        yield Finding(
            name, warm + told, not died,
            "It is in its place again. The machine may have been short of memory: see the log, "
            "and the kernel's." if died else "",
        )  # fmt: skip
    yield Finding(
        "Memory left on this machine", size(machine.free_bytes),
        machine.free_bytes >= _LITTLE_MEMORY_BYTES,
        "Short of it, checks become slow and processes are killed.",
    )  # fmt: skip
    open_, most = machine.descriptors, machine.most_descriptors
    yield Finding(
        "Open files and sockets", f"{open_:,} of {most:,}" if most > 0 else f"{open_:,}",
        most <= 0 or open_ <= most * _MANY_DESCRIPTORS,
        "Raise the limit (ulimit -n, or LimitNOFILE of systemd) before it is reached.",
    )  # fmt: skip


def _of(parts: Parts, name: str) -> Mapping[tuple[str, ...], float]:
    assert parts.gauges is not None
    return next(gauge.values for gauge in parts.gauges if gauge.name == name)


def _one(parts: Parts, name: str) -> float:
    return _of(parts, name)[()]
