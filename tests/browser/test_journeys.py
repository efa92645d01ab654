"""Whole journeys through the pages, by clicks and keys."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened
from tests.browser.world import World
from tests.services import Service, running

_KEY = "a key that only its owner knows"


def _click(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def test_urls_are_pasted_watched_and_their_results_read(opened: Opened, world: World) -> None:
    page = opened(world.at("/"))
    page.get_by_role("link", name="Check URLs once").click()
    urls = [world.target.url + path for path in ("/ok/1", "/ok/2", "/bad/3")]
    page.get_by_label("URLs", exact=True).fill("\n".join(urls))
    page.get_by_label("Strategy", exact=True).select_option("threaded")

    _click(page, "Check them")

    main = page.locator("main")
    expect(main).to_contain_text("completed")
    expect(main).to_contain_text("/bad/3")
    page.get_by_role("link", name="1 down").click()
    expect(main).to_contain_text("/bad/3")
    expect(main).not_to_contain_text("/ok/1")


def test_a_list_with_a_bad_line_tells_of_it_and_is_kept(opened: Opened, world: World) -> None:
    page = opened(world.at("/batches/new"), complains=True)
    typed = world.target.url + "/ok/1\nftp://nowhere"
    page.get_by_label("URLs", exact=True).fill(typed)

    _click(page, "Check them")

    expect(page.locator(".wrong").first).to_be_visible()
    expect(page.get_by_label("URLs", exact=True)).to_have_value(typed)


def test_a_monitor_is_tried_made_and_seen_to_fall_and_come_back(
    opened: Opened, world: World
) -> None:
    page = opened(world.at("/monitors/new"))
    page.get_by_label("URL", exact=True).fill(world.target.url + "/switch/mine")
    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_label("Every", exact=True).fill("1")
    page.get_by_label("Down after so many failures in a row").fill("1")
    page.get_by_label("Up after so many answers in a row").fill("1")
    _click(page, "Try it now")
    expect(page.locator("main")).to_contain_text("200")
    assert not world.service.get("/api/v1/monitors?text=Mine")["items"]

    _click(page, "Make it")

    status = page.locator("main .status").first
    expect(status).to_have_text("up")
    world.target.well.clear()
    expect(status).to_have_text("down")
    world.target.well.set()
    expect(status).to_have_text("up")


def test_three_strategies_are_compared(opened: Opened, world: World) -> None:
    page = opened(world.at("/comparisons/new"))
    page.get_by_label("URLs", exact=True).fill(world.target.url + "/ok")
    page.get_by_label("Rounds", exact=True).fill("1")
    for box in page.locator("input[name=contender]").all():
        box.set_checked(box.get_attribute("value") in _THREE)

    _click(page, "Compare")

    main = page.locator("main")
    expect(main).to_contain_text("completed", timeout=60_000)
    for strategy in ("threaded", "multiprocess", "async"):
        expect(main).to_contain_text(strategy)


_THREE = {"threaded+requests", "multiprocess+requests", "async+aiohttp"}


def test_a_maintenance_is_announced_and_called_off(opened: Opened, world: World) -> None:
    page = opened(world.at("/maintenances/new"))
    page.get_by_label("Title").fill("Moving house")
    page.get_by_label("Keys").fill("shop")
    page.get_by_label("Ends").fill("2199-01-01T00:00")

    _click(page, "Announce")

    expect(page.locator("main")).to_contain_text("Moving house")
    world.service.until("/api/v1/monitors/shop", status="maintenance")
    page.once("dialog", lambda dialog: dialog.accept())
    card = page.locator("tr, li", has_text="Moving house").first
    card.get_by_role("button", name="Call off").click()
    expect(page.locator("main")).not_to_contain_text("Moving house")
    world.service.until("/api/v1/monitors/shop", status="up")


def test_a_status_page_is_made_and_written_on(opened: Opened, world: World) -> None:
    page = opened(world.at("/status-pages/new"))
    page.get_by_label("Address").fill("ours")
    page.get_by_label("Title", exact=True).fill("Our services")
    page.get_by_label("And all monitors with these labels").fill("team=shop")
    _click(page, "Make it")

    page.goto(world.at("/status/ours"))

    expect(page.locator("body")).to_contain_text("Our services")
    expect(page.locator("body")).to_contain_text("Shop")


def test_several_monitors_are_paused_at_once(opened: Opened, world: World) -> None:
    for name in ("one", "two"):
        world.monitor(f"bulk-{name}", "/ok", name=f"Bulk {name}")
    page = opened(world.at("/monitors?q=Bulk"))
    page.get_by_label("Mark all shown").check()

    _click(page, "Pause")

    expect(page.locator("main")).to_contain_text("2: Paused.")
    expect(page.locator(".status.s-paused")).to_have_count(2)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("locked"), {"TERCET_API_KEY": _KEY}) as made:
        yield made


def test_people_sign_in_with_keys_alone_and_out(opened: Opened, locked: Service) -> None:
    page = opened(locked.url + "/monitors")
    expect(page).to_have_title("Sign in · Tercet")
    page.keyboard.type(_KEY)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Monitors")

    _click(page, "Sign out")

    expect(page.locator("h1")).to_have_text("Sign in")
    page.goto(locked.url + "/monitors")
    expect(page.locator("h1")).to_have_text("Sign in")
