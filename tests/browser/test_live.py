"""What changes while a page is open: seen at once, told to who listens, caught up after a loss."""

from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.browser.world import World

_STRICT = {"down_after": 1, "up_after": 1, "recheck_seconds": 1}


def test_a_monitor_falls_and_comes_back_before_the_readers_eyes(
    opened: Opened, world: World
) -> None:
    world.monitor("switch", "/switch", name="Switched", thresholds=_STRICT)
    world.service.until("/api/v1/monitors/switch", status="up")
    page = opened(world.at("/monitors"))
    row = page.locator("tr", has=page.get_by_role("link", name="Switched", exact=True))
    expect(row).to_contain_text("up")

    world.target.well.clear()

    expect(row).to_contain_text("down")
    expect(page.locator("#said")).to_contain_text("switch is down")
    assert page.title().startswith("(")
    assert "icon-down" in (page.locator("#icon").get_attribute("href") or "")
    world.target.well.set()
    expect(row.locator(".status")).to_have_text("up")


def test_a_change_is_on_the_page_within_a_second_of_its_outcome(
    opened: Opened, world: World
) -> None:
    world.monitor("quick", "/switch", name="Quick", thresholds=_STRICT)
    world.service.until("/api/v1/monitors/quick", status="up")
    page = opened(world.at("/monitors"))
    row = page.locator("tr", has=page.get_by_role("link", name="Quick", exact=True))
    # The browser itself notes when it shows what, by the clock that the service goes by as well.
    page.evaluate(
        """() => {
        const row = [...document.querySelectorAll("tr")].find((r) => r.innerText.includes("Quick"));
        new MutationObserver(() => {
            if (row.innerText.includes("down")) window.seenAt ??= Date.now();
        }).observe(row, {subtree: true, childList: true, characterData: true});
        }"""
    )

    world.target.well.clear()
    expect(row.locator(".status")).to_have_text("down")
    seen_at = page.evaluate("window.seenAt")
    world.target.well.set()

    fell = world.service.get("/api/v1/monitors/quick/outcomes?status=down&limit=1000")["items"][-1]
    ended = page.evaluate("(at) => Date.parse(at)", fell["started_at"]) + (fell["total_ms"] or 0)
    assert 0 <= seen_at - ended < 1000


def test_a_page_says_that_it_lost_the_connection_and_comes_back(
    opened: Opened, world: World
) -> None:
    page = opened(world.at("/monitors"), complains=True)
    banner = page.get_by_text("The connection to Tercet is lost")
    expect(banner).to_be_hidden()
    address, port = world.service.url, world.service.url.rsplit(":", 1)[1]

    world.service.stop()
    expect(banner).to_be_visible()
    world.service.start(port)

    assert world.service.url == address
    expect(banner).to_be_hidden()
    expect(page.get_by_role("link", name="Shop", exact=True)).to_be_visible()
