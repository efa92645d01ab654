"""What strangers write is text wherever it is shown: markup, quotes, turned writing, long words."""

import csv
import io
import json
import xml.etree.ElementTree as ET

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.browser.world import World

_SCRIPT = "<script>window.hurt=1</script>"


def _read(world: World, path: str, **headers: str) -> requests.Response:
    answer = world.service.call("GET", path.format(**world.ids), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize(
    "path",
    ["/", "/monitors/{hostile}", "/monitors/{hostile}/edit", "/batches/{batch}", "/batches",
     "/incidents", "/incidents/{incident}", "/maintenances", "/channels", "/status/shop"],
)  # fmt: skip
def test_a_page_shows_it_as_text(opened: Opened, world: World, path: str) -> None:
    page = opened(world.at(path), width=375)

    expect(page.get_by_text("<script>").first).to_be_attached()
    assert page.evaluate("window.hurt") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    if not path.startswith("/status/"):
        # Marks that turn the direction of writing are shown as what they are. Where the public
        # reads, people may write in any direction, and what they write turns nothing around it.
        assert "\u202e" not in page.inner_text("body")


def test_the_feed_is_xml_and_holds_it_as_text(world: World) -> None:
    feed = ET.fromstring(_read(world, "/status/shop.atom").content)

    titles = [each.text or "" for each in feed.iter("{http://www.w3.org/2005/Atom}title")]
    assert any(_SCRIPT in title for title in titles)


def test_a_badge_is_a_picture_with_it_as_text(world: World) -> None:
    answer = world.service.call("GET", "/badges/shop/status.svg", params={"label": _SCRIPT + '"'})

    picture = ET.fromstring(answer.content)
    assert _SCRIPT in "".join(picture.itertext())
    assert not list(picture.iter("{http://www.w3.org/2000/svg}script"))


def test_exports_hold_it_as_it_was_said_and_run_nothing(world: World) -> None:
    outcomes = "/api/v1/batches/{batch}/outcomes"
    rows = list(csv.DictReader(io.StringIO(_read(world, outcomes, Accept="text/csv").text)))
    lines = _read(world, outcomes, Accept="application/x-ndjson").text.splitlines()

    said = [row["excerpt"] for row in rows] + [json.loads(line)["excerpt"] or "" for line in lines]
    assert sum(_SCRIPT in text for text in said) == 2
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_a_report_holds_it_as_text(world: World) -> None:
    page = _read(world, "/api/v1/reports/uptime?window=24h&format=html").text

    assert "&lt;script&gt;" in page
    assert "<script" not in page
