"""What the public is told: nothing is made up, and our own fault is nobody's outage."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from app.domain.incident import Incident, IncidentStatus, MonitorName
from app.domain.monitor import MonitorStatus
from app.domain.public_failure import Failure, failure_of
from app.domain.status_page import (
    ComponentStatus,
    MatterStatus,
    Update,
    component_status,
    day_status,
    overall_status,
)
from app.domain.status_report import matters_of
from app.domain.uptime import TOLD, Uptime
from checkers import Reason
from checkers.outcome import OUR_OWN

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FINE = ComponentStatus.OPERATIONAL
MAINTAINED = ComponentStatus.UNDER_MAINTENANCE
SLOW = ComponentStatus.DEGRADED_PERFORMANCE
PARTLY = ComponentStatus.PARTIAL_OUTAGE
OUT = ComponentStatus.MAJOR_OUTAGE
_number = count(1)


def day(**seconds: float) -> Uptime:
    return Uptime(seconds={status: seconds.get(status.value, 0.0) for status in TOLD})


def update(matter: str, status: MatterStatus, at: datetime, *keys: str) -> Update:
    return Update(
        id=f"upd_{next(_number)}", matter=matter, title="T", text="t", status=status, keys=keys,
        at=at,
    )  # fmt: skip


def incident(id_: str, opened_at: datetime, resolved_at: datetime | None = None) -> Incident:
    return Incident(
        id=id_,
        monitor=MonitorName(id="mon_1", key="a", name=None),
        status=IncidentStatus.OPEN if resolved_at is None else IncidentStatus.RESOLVED,
        reason=Reason.CONNECTION_REFUSED,
        detail="secret",
        flapping=False,
        told=True,
        opened_at=opened_at,
        acknowledged_at=None,
        acknowledged_by=None,
        resolved_at=resolved_at,
    )


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (MonitorStatus.UP, FINE),
        (MonitorStatus.DEGRADED, SLOW),
        (MonitorStatus.DOWN, OUT),
        (MonitorStatus.MAINTENANCE, MAINTAINED),
        (MonitorStatus.UNKNOWN, None),
        (MonitorStatus.PENDING, None),
        (MonitorStatus.PAUSED, None),
    ],
)
def test_what_is_not_known_has_no_status(
    status: MonitorStatus, told: ComponentStatus | None
) -> None:
    assert component_status(status) is told


@pytest.mark.parametrize(
    ("components", "whole"),
    [
        ([], None),
        ([None, None], None),
        ([None, FINE], FINE),
        ([FINE, SLOW], SLOW),
        ([FINE, MAINTAINED], MAINTAINED),
        ([SLOW, MAINTAINED], SLOW),
        ([OUT], OUT),
        ([OUT, FINE], PARTLY),
        ([OUT, OUT, FINE], OUT),
        ([OUT, MAINTAINED, MAINTAINED], OUT),
        ([OUT, None, None, None], OUT),
        ([OUT, FINE, None], PARTLY),
        ([PARTLY, PARTLY], PARTLY),
    ],
)
def test_a_page_stands_as_its_components_do(
    components: list[ComponentStatus | None], whole: ComponentStatus | None
) -> None:
    assert overall_status(components) is whole


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, None),
        (day(), None),
        (day(unknown=86_400), None),
        (day(paused=86_400), None),
        (day(up=86_400), FINE),
        (day(up=1, unknown=86_399), FINE),
        (day(up=80_000, maintenance=6_400), MAINTAINED),
        (day(up=80_000, degraded=1, maintenance=6_399), SLOW),
        (day(up=80_000, down=1), PARTLY),
        (day(up=100, down=101), OUT),
        (day(down=5, unknown=86_395), OUT),
    ],
)
def test_a_day_is_as_bad_as_the_worst_of_it(
    seconds: Uptime | None, told: ComponentStatus | None
) -> None:
    assert day_status(seconds) is told


def test_every_reason_of_a_target_has_a_plain_kind_and_none_of_ours_has() -> None:
    assert {reason for reason in Reason if failure_of(reason) is None} == OUR_OWN
    assert failure_of(None) is None


def test_what_goes_on_comes_before_what_changed_last() -> None:
    open_ = incident("inc_1", NOW - 9 * HOUR)
    over = incident("inc_2", NOW - 3 * HOUR, NOW - HOUR)
    note = update("mat_1", MatterStatus.NOTE, NOW)

    found = matters_of([open_, over], [note], {"a": "A"})

    assert [each.id for each in found] == ["inc_1", "mat_1", "inc_2"]
    assert [each.ended_at for each in found] == [None, NOW, NOW - HOUR]


def test_what_people_write_of_an_incident_belongs_to_it() -> None:
    words = [
        update("inc_1", MatterStatus.INVESTIGATING, NOW - HOUR, "b"),
        update("inc_1", MatterStatus.RESOLVED, NOW),
    ]

    (found,) = matters_of([incident("inc_1", NOW - 2 * HOUR)], words, {"b": "B", "a": "A"})

    assert [each.status for each in found.updates] == ["resolved", "investigating"]
    assert found.components == ["B", "A"]
    # A check knows better than people whether it is over.
    assert found.ended_at is None
    assert (found.failure, found.title) == (Failure.UNREACHABLE, "T")


def test_an_incident_never_ends_before_it_began() -> None:
    (found,) = matters_of([incident("inc_1", NOW, NOW - HOUR)], [], {})

    assert found.lasted(NOW) == timedelta(0)
