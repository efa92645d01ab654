"""Every page, as a browser shows it: quiet, narrow, in both schemes, to whoever cannot see it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened
from tests.browser.world import World

_AXE = Path(__file__).parents[2] / "build/npm/node_modules/axe-core/axe.min.js"
_NARROW = 375
_PAGES = (
    "/", "/monitors", "/monitors?status=down&sort=name", "/monitors/{up}", "/monitors/{hostile}",
    "/monitors/new", "/monitors/{hostile}/edit", "/monitors/paste", "/batches", "/batches/new",
    "/batches/{batch}", "/comparisons", "/comparisons/new", "/comparisons/{comparison}",
    "/experiments", "/experiments/new", "/experiments/{experiment}", "/strategies", "/incidents",
    "/incidents/{incident}", "/maintenances", "/maintenances/new", "/channels", "/channels/new",
    "/deliveries", "/health", "/status-pages", "/status/shop", "/sign-in", "/comparisons/none",
)  # fmt: skip


@pytest.mark.parametrize("path", _PAGES)
def test_a_page_is_sound(opened: Opened, world: World, path: str) -> None:
    """No complaint and no other host, as `opened` sees to; nothing hurt, hidden or cut off."""
    page = opened(world.at(path), complains=path.endswith("/none"))

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert _violations(page) == []
    page.set_viewport_size({"width": _NARROW, "height": 800})

    assert page.evaluate("document.documentElement.scrollWidth") <= _NARROW
    assert page.evaluate("window.hurt") is None
    assert page.title()


def _violations(page: Page) -> list[str]:
    """What axe-core finds that is serious or worse, each with the first place where it is."""
    if not _AXE.exists():
        pytest.skip("no axe-core: `make setup` fetches it where npm's registry can be reached")
    page.evaluate(_AXE.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/", ["Shop", "bad", "down", "p50"]),
        ("/monitors/{up}", ["Shop", "30 d", "p95", "up"]),
        ("/comparisons/{comparison}", ["threaded", "async", "CPU"]),
        ("/status/shop", ["Shop", "90 days"]),
    ],
)
def test_a_page_tells_everything_without_scripts(
    opened: Opened, world: World, path: str, told: list[str]
) -> None:
    page = opened(world.at(path), scripts=False)

    for word in told:
        expect(page.locator("main")).to_contain_text(word)
    assert page.locator("main svg").count() > 0


def test_instants_stand_in_the_readers_zone_with_utc_on_hover(opened: Opened, world: World) -> None:
    page = opened(world.at("/monitors"))

    time = page.locator("td time").first

    utc = time.get_attribute("title") or ""
    assert utc.endswith("Z")
    # The reader is in Berlin, which is never at UTC.
    assert utc[11:16] not in time.inner_text()


def test_the_page_can_be_walked_through_with_the_keyboard(opened: Opened, world: World) -> None:
    page = opened(world.at("/"))

    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator("main :focus")).to_be_visible()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
