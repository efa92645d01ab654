"""What is said of the service's own health."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.engine.occupied import Machine, Occupied
from app.services.meters import Pulse
from app.storage.vitals import Gauge
from app.web.findings import Finding, Parts, groups

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MACHINE = Machine(
    since=NOW - timedelta(days=2, hours=3), own_bytes=100 * 2**20, descriptors=40,
    most_descriptors=1024, free_bytes=2**30, children={"watch": Occupied(7, 1, 50 * 2**20)},
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """Gauges as the database tells them."""

    overdue: float = 0
    dead: float = 0
    oldest: float = 0
    rollup: float = 4000
    log: float = 2**20
    queued: float = 0

    def gauges(self) -> list[Gauge]:
        kinds = ("batch", "comparison", "experiment")
        runs: dict[tuple[str, ...], float] = {
            (k, s): self.queued * (s == "queued") for k in kinds for s in ("queued", "running")
        }
        values: dict[str, dict[tuple[str, ...], float]] = {
            "tercet_runs": runs,
            "tercet_batch_targets_left": {("queued",): 0, ("running",): 0},
            "tercet_monitors_due": {(): self.overdue},
            "tercet_monitors_overdue": {(): self.overdue},
            "tercet_incidents_open": {(): 0},
            "tercet_deliveries": {("pending",): float(self.oldest > 0), ("dead",): self.dead},
            "tercet_oldest_pending_delivery_age_seconds": {(): self.oldest},
            "tercet_rollup_age_seconds": {(): self.rollup},
            "tercet_database_bytes": {("file",): 2**24, ("wal",): self.log, ("free",): 0},
        }
        return [Gauge(name, "", each) for name, each in values.items()]


def parts(told: Told | None = Told(), **more: Any) -> Parts:
    known: dict[str, Any] = {
        "now": NOW, "machine": MACHINE, "pulse": Pulse(12.34, 0.001, 0.01), "in_flight": 3,
        "writes_waiting": 0, "trouble": None, "cut_off_since": None, "stuck": False,
        "dispatching": True, "restarts": {"watch": 0}, "gauges": told and told.gauges(), **more,
    }  # fmt: skip
    return Parts(**known)


def findings(of: Parts) -> list[Finding]:
    return [each for group in groups(of) for each in group.findings]


def test_a_service_that_is_well_has_nothing_to_look_at() -> None:
    found = findings(parts())

    assert [each.name for each in found if each.good is False] == []
    shown = {each.name: each.value for each in found}
    assert shown["Running for"] == "2 d 3 h"
    assert shown["Checks recorded"] == "12.3 /s"
    assert shown["Process for monitors"] == "warm, 50.0 MiB of memory"


@pytest.mark.parametrize(
    ("of", "name"),
    [
        (parts(pulse=Pulse(1, 0.01, 0.5)), "Event loop late by"),
        (parts(cut_off_since=NOW - timedelta(minutes=5)), "Our own connectivity"),
        (parts(stuck=True), "Turns of monitors taken up"),
        (parts(trouble="disk full"), "Writing"),
        (parts(writes_waiting=1000), "Transactions waiting"),
        (parts(None), "Reading"),
        (parts(restarts={"watch": 2}), "Process for monitors"),
        (parts(machine=MACHINE._replace(free_bytes=2**20)), "Memory left on this machine"),
        (parts(machine=MACHINE._replace(descriptors=1000)), "Open files and sockets"),
        (parts(Told(overdue=2)), "Monitors overdue"),
        (parts(Told(dead=1)), "Given up"),
        (parts(Told(oldest=7200)), "On their way"),
        (parts(Told(rollup=86_400)), "History rolled up until"),
        (parts(Told(log=2**30)), "Write-ahead log"),
        (parts(Told(queued=1), dispatching=False), "Batches, comparisons, experiments"),
    ],
)
def test_what_is_amiss_is_named_with_what_to_do(of: Parts, name: str) -> None:
    amiss = [each for each in findings(of) if each.good is False]

    assert [each.name for each in amiss] == [name]
    assert amiss[0].advice


def test_a_limit_that_is_none_is_never_near() -> None:
    unlimited = MACHINE._replace(most_descriptors=-1)

    assert all(each.good is not False for each in findings(parts(machine=unlimited)))


def test_what_was_not_measured_yet_is_not_called_good() -> None:
    loop = next(each for each in findings(parts(pulse=None)) if each.name == "Event loop")

    assert loop.good is None
