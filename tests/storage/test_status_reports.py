"""What a status page shows of the past: every day once, today too, rolled up or not."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.domain.incident import MonitorName
from app.domain.status_page import StatusPage
from app.domain.status_report import DAYS, Component, StatusReport
from app.storage import incidents, status_pages, status_reports
from app.storage.database import Database
from checkers import Reason
from tests.storage.past_world import BORN, PastWorld, hours

PAGE = StatusPage(
    id="pag_1", slug="shop", title="Shop", keys=("m2", "gone", "m1"), created_at=BORN,
    updated_at=BORN,
)  # fmt: skip
NOW = hours(60)


@pytest.fixture
def world(database: Database) -> PastWorld:
    world = PastWorld(database)
    world.do(lambda session: status_pages.insert_page(session, PAGE))
    return world


def shown(world: PastWorld) -> StatusReport:
    return world.do(lambda session: status_reports.report(session, "shop", NOW))


def told(component: Component) -> list[str | None]:
    return [None if day.status is None else day.status.value for day in component.days]


def open_incident(world: PastWorld, monitor: int, *, held_back: bool) -> None:
    def make(session: Session) -> None:
        name = MonitorName(id="mon_m1", key="m1", name=None)
        key = incidents.open_incident(
            session, f"inc_{held_back}", (monitor, name), reason=Reason.CONNECTION_REFUSED,
            detail="at http://10.0.0.1/secret", flapping=False, opened_at=hours(50),
        )  # fmt: skip
        if not held_back:
            incidents.mark_told(session, key)

    world.do(make)


@pytest.mark.parametrize("rolled_up_to", [0, 30, 60])
def test_days_are_the_same_however_far_they_are_rolled_up(
    world: PastWorld, rolled_up_to: float
) -> None:
    monitor = world.monitor()
    world.change(monitor, BORN, "pending", "up")
    world.change(monitor, hours(20), "up", "down")
    world.change(monitor, hours(21), "down", "up")
    world.roll(monitor, hours(rolled_up_to))

    (component,) = shown(world).components

    assert len(component.days) == DAYS
    assert component.days[-1].date == NOW.date()
    assert told(component)[-4:] == [None, "operational", "partial_outage", "operational"]
    assert component.uptime == pytest.approx(59 / 60)
    assert sum(day.uptime.down for day in component.days if day.uptime is not None) == 3600.0


def test_components_stand_in_the_order_that_the_page_names(world: PastWorld) -> None:
    for _ in range(3):
        world.monitor()

    report = shown(world)

    assert [each.key for each in report.components] == ["m2", "m1"]
    assert [each.name for each in report.components] == ["m2", "m1"]


def test_a_monitor_that_was_never_seen_is_neither_fine_nor_out(world: PastWorld) -> None:
    world.monitor()

    report = shown(world)

    assert (report.status, report.components[0].status) == (None, None)
    assert report.components[0].uptime is None


def test_a_page_without_monitors_is_whole(world: PastWorld) -> None:
    report = shown(world)

    assert (report.status, report.components, report.matters) == (None, [], [])


def test_incidents_are_told_and_what_was_held_back_is_not(world: PastWorld) -> None:
    first, second = world.monitor(), world.monitor()
    open_incident(world, first, held_back=False)
    open_incident(world, second, held_back=True)

    report = shown(world)

    assert [each.id for each in report.matters] == ["inc_False"]
    assert (report.matters[0].components, report.earlier) == (["m1"], 0)


def test_what_was_over_before_the_first_day_is_left_out(world: PastWorld) -> None:
    monitor = world.monitor()
    open_incident(world, monitor, held_back=False)
    world.do(lambda session: incidents.resolve(session, 1, hours(51)))

    later = NOW + timedelta(days=DAYS + 1)
    report = world.do(lambda session: status_reports.report(session, "shop", later))

    assert report.matters == []
