"""Pages of the laboratory and of the strategies."""

import html
import re
from typing import Any

import pytest

from tests.services import Service
from tests.web.browser import Browser


def _form(**more: Any) -> dict[str, Any]:
    return {
        "workload": "cpu", "items": "4", "size": "1000", "url": "", "contender": [],
        "concurrency": "", "rounds": "1", "baseline": "", "name": "", "labels": "",
        "do": "begin", **more,
    }  # fmt: skip


def test_empty_lists_say_what_to_do_next(browser: Browser) -> None:
    assert 'href="/comparisons/new"' in browser.see("/comparisons")
    assert 'href="/experiments/new"' in browser.see("/experiments")
    assert "tercet calibrate" in browser.see("/strategies")


def test_an_experiment_is_begun_and_read(service: Service, browser: Browser) -> None:
    # One box of a strategy is all of it where no client takes part.
    boxes = ["async+aiohttp", "async+curl", "threaded+curl"]

    answer = browser.fill(
        "/experiments/new", "/experiments/new", **_form(contender=boxes, concurrency="2")
    )

    assert answer.status_code == 303, answer.text
    path = answer.headers["Location"].partition("?")[0]
    made = service.until(f"/api/v1{path}", status="completed")
    assert [c["label"] for c in made["contenders"]] == ["async:2", "threaded:2"]
    page = browser.see(path)
    assert "What the workload measures" in page
    assert path in browser.see("/experiments")
    assert re.search(
        r'value="cpu"[^>]* checked', browser.see(f"/experiments/new?again={made['id']}")
    )


def test_it_runs_again_and_is_removed(service: Service, browser: Browser) -> None:
    begun = browser.fill("/experiments/new", "/experiments/new", **_form(contender="async+curl"))
    first = begun.headers["Location"].partition("?")[0]
    service.until(f"/api/v1{first}", status="completed")

    answer = browser.fill(first, f"{first}/again")

    again = answer.headers["Location"].partition("?")[0]
    assert service.until(f"/api/v1{again}", status="completed")["items"] == 4
    assert browser.fill(first, f"{first}/remove").status_code == 303
    browser.see(first, status=404)


def test_a_cancelled_experiment_says_so(service: Service, browser: Browser) -> None:
    begun = browser.fill(
        "/experiments/new", "/experiments/new", **_form(items="100", size="10000000", rounds="9")
    )
    here = begun.headers["Location"].partition("?")[0]
    service.until(f"/api/v1{here}", status="running")

    answer = browser.fill(here, f"{here}/cancel")

    assert answer.headers["Location"] == f"{here}?done=cancelled"
    assert service.get(f"/api/v1{here}")["status"] == "cancelled"
    assert "event: ended" in service.call("GET", f"{here}/live").text


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"workload": "<magic>"}, "workload", "there is none of that name"),
        ({"items": "20000"}, "items", "10,000"),
        ({"items": "x"}, "items", "valid integer"),
        ({"workload": "spawn"}, "size", "has no size"),
        ({"url": "http://a.example"}, "url", "cpu sends no requests"),
        ({"workload": "spawn", "contender": "hybrid+curl"}, "contender", "cannot carry"),
    ],
)
def test_what_does_not_fit_the_workload_stands_beside_its_field(
    browser: Browser, changes: dict[str, Any], field: str, told: str
) -> None:
    answer = browser.fill("/experiments/new", "/experiments/new", **_form() | changes)

    assert answer.status_code == 422
    found = re.search(rf'id="f-{field}-wrong">(.*?)</p>', answer.text)
    assert found is not None
    assert told in html.unescape(found[1])


def test_what_an_experiment_comes_to_is_counted_first(browser: Browser) -> None:
    answer = browser.fill(
        "/experiments/new", "/experiments/new", **_form(workload="spawn", size="", do="count")
    )

    assert "<b>8 runs</b>" in answer.text
    assert "<b>32 items</b>" in answer.text


def test_advice_has_its_reasons_and_follows_what_is_asked(browser: Browser) -> None:
    page = browser.see("/strategies?targets=50&cpu_bound=1")

    assert "For 50 targets: <b>multiprocess</b>" in page
    assert "The checks compute" in page
    assert "For 2 targets: <b>sequential</b>" in browser.see("/strategies?targets=2")
    for name in ("sequential", "threaded", "multiprocess", "async", "hybrid"):
        assert f'id="{name}"' in page


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("targets=0", "is not a whole number from 1 to 100,000"),
        ("targets=%C2%B2", "is not a whole number"),
        ("since=yesterday", "is no day"),
        ("until=2026-13-01", "is no day"),
        ("label=%3Cscript%3E", "is written name=value"),
    ],
)
def test_what_makes_no_sense_in_the_address_is_told_and_passed_over(
    browser: Browser, query: str, told: str
) -> None:
    page = browser.see(f"/strategies?{query}")

    assert told in page
    assert "<script>" not in page
    assert "For 100 targets" in page


def test_history_is_narrowed_by_days_and_by_label(service: Service, browser: Browser) -> None:
    ended = service.batch("http://127.0.0.1:9/", labels={"team": "web"}, strategy="async")
    day = ended["finished_at"][:10]

    assert "1 to 10 targets" in browser.see(f"/strategies?since={day}&until={day}&label=team=web")
    for query in ("label=team=other", "until=2020-01-01", "since=9000-01-01"):
        page = browser.see(f"/strategies?{query}")
        assert "No run that fits has ended" in page
        assert "1 to 10 targets" not in page
