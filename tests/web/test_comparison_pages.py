"""Pages of comparisons: asked for, counted, watched, read, run again."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from checkers.workloads.aside import serving
from tests.services import Service
from tests.web.browser import Browser

_STRANGE = "\u202e<script>alert(1)</script> \"quoted\" 'too' & more"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving("checkers.workloads.site") as addresses:
        yield json.loads(addresses)["site"]


@pytest.fixture(scope="module")
def compared(service: Service, site: str) -> dict[str, Any]:
    body = {
        "urls": [f"{site}/status/200", f"{site}/status/404"],
        "contenders": ["async", {"strategy": "threaded", "client": "curl", "label": _STRANGE}],
        "baseline": None,
        "rounds": 1,
        "name": _STRANGE,
        "labels": {_STRANGE: _STRANGE},
    }
    made = service.call("POST", "/api/v1/comparisons", json=body).json()
    found: dict[str, Any] = service.until(f"/api/v1/comparisons/{made['id']}", status="completed")
    return found


def _form(site: str, **more: Any) -> dict[str, Any]:
    return {
        "urls": f"# mine\n{site}/status/200\n\n  {site}/status/204  \n",
        "contender": ["threaded+requests", "async+curl"],
        "concurrency": "", "rounds": "1", "baseline": "", "scale": "", "pace": "max",
        "per_host": "0", "timeout_seconds": "", "method": "", "name": "", "labels": "",
        "do": "compare", **more,
    }  # fmt: skip


def _told_of(page: str, field: str) -> str:
    found = re.search(rf'id="f-{field}-wrong">(.*?)</p>', page)
    assert found is not None, page
    return html.unescape(found[1])


def test_boxes_and_amounts_make_the_contenders_that_fit(
    service: Service, browser: Browser, site: str
) -> None:
    asked = _form(site, contender=["sequential+curl", "multiprocess+requests", "async+aiohttp"])

    answer = browser.fill(
        "/comparisons/new", "/comparisons/new", **asked | {"concurrency": "2, 100", "scale": "1 2"}
    )

    assert answer.status_code == 303, answer.text
    path = answer.headers["Location"].partition("?")[0]
    made = service.get(f"/api/v1{path}")
    assert made["scale"] == [1, 2]
    assert [(c["label"], c["concurrency"]) for c in made["contenders"][:4]] == [
        ("sequential+curl", 1), ("multiprocess:2", 2), ("async:2", 2), ("async:100", 100),
    ]  # fmt: skip
    service.until(f"/api/v1{path}", status="completed")


def test_the_runs_are_counted_before_anything_begins(
    service: Service, browser: Browser, site: str
) -> None:
    before = service.get("/api/v1/comparisons")["items"]

    page = browser.fill(
        "/comparisons/new", "/comparisons/new", **_form(site, rounds="5", do="count")
    ).text

    assert "<b>12 runs</b>" in page
    assert "<b>24 checks</b>" in page
    assert f"{site}/status/204" in page
    assert service.get("/api/v1/comparisons")["items"] == before


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"urls": ""}, "urls", "there is no target"),
        ({"urls": "# one\nhttp://a.example\n\nftp://b.example"}, "urls", "line 4: "),
        ({"urls": "\n".join(["x"] * 200)}, "urls", "and at least 90 more"),
        ({"contender": []}, "contender", "there is no contender"),
        ({"concurrency": "many"}, "concurrency", "'many' is not a whole number"),
        ({"concurrency": "20000"}, "concurrency", "threaded can have 1 to 1,000 in flight"),
        ({"concurrency": "9" * 5000}, "concurrency", "is not a whole number"),
        ({"rounds": "0"}, "rounds", "greater than or equal to 1"),
        ({"rounds": "nine"}, "rounds", "valid integer"),
        ({"scale": "1,5"}, "scale", "is 5; there are 2 targets"),
        ({"baseline": "nobody"}, "baseline", "no contender is called 'nobody'"),
        ({"timeout_seconds": "0.001"}, "timeout_seconds", "0.05"),
        ({"timeout_seconds": "1.x"}, "timeout_seconds", "a duration is seconds"),
        ({"per_host": "-1"}, "per_host", "greater than or equal to 0"),
        ({"labels": "team"}, "labels", "'team' is not written as name=value"),
        ({"name": "n" * 201}, "name", "at most 200"),
        ({"pace": "slow"}, "pace", "'truthful' or 'max'"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    browser: Browser, site: str, changes: dict[str, Any], field: str, told: str
) -> None:
    answer = browser.fill(
        "/comparisons/new", "/comparisons/new", **_form(site, name="kept <name>") | changes
    )

    assert answer.status_code == 422
    assert told in _told_of(answer.text, field)
    assert field == "name" or 'value="kept &lt;name&gt;"' in answer.text


def test_a_report_is_read_on_its_page_and_taken_along(
    service: Service, browser: Browser, compared: dict[str, Any]
) -> None:
    page = browser.see(f"/comparisons/{compared['id']}")

    assert page.index('class="answer"') < page.index("<svg")
    for heading in ("Side by side", "Contenders", "What to distrust", "Measured on"):
        assert f"<h2>{heading}</h2>" in page
    for path in re.findall(r'href="(/api/v1/[^"]+/report[^"]+)"', page):
        assert service.call("GET", html.unescape(path)).status_code == 200
    assert page.count("/report?format=") == 4


@pytest.mark.parametrize("path", ["/comparisons", "/comparisons/{}", "/comparisons/new?again={}"])
def test_what_a_stranger_wrote_is_text_wherever_it_stands(
    browser: Browser, compared: dict[str, Any], path: str
) -> None:
    page = browser.see(path.format(compared["id"]))

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    # A field holds what was typed as it is; everywhere else it is made visible.
    fields = r'(?s)\svalue="[^"]*"|<textarea.*?</textarea>'
    assert "\u202e" not in re.sub(fields, "", page)
    assert not re.search(r"<(script(?! src=)|style)|\son[a-z]+=|\sstyle=", page)


def test_it_runs_again_as_it_was_in_an_order_of_its_own(
    service: Service, browser: Browser, compared: dict[str, Any]
) -> None:
    here = f"/comparisons/{compared['id']}"

    answer = browser.fill(here, f"{here}/again")

    assert answer.status_code == 303
    made = service.until(
        f"/api/v1{answer.headers['Location'].partition('?')[0]}", status="completed"
    )
    assert made["id"] != compared["id"]
    for name in ("name", "labels", "scale", "rounds", "baseline"):
        assert made[name] == compared[name]
    assert [c["counts"] for c in made["contenders"]] == [
        c["counts"] for c in compared["contenders"]
    ]


def test_it_is_changed_and_runs_again_over_the_same_targets(
    service: Service, browser: Browser, compared: dict[str, Any], site: str
) -> None:
    at = f"/comparisons/new?again={compared['id']}"
    page = browser.see(at)
    assert re.search(r'value="threaded\+curl"[^>]* checked', page)

    asked = _form(site, urls="", targets_of=compared["id"], contender="async+curl")
    answer = browser.fill(at, "/comparisons/new", **asked)

    made = service.until(
        f"/api/v1{answer.headers['Location'].partition('?')[0]}", status="completed"
    )
    assert [(c["label"], c["counts"]["up"], c["counts"]["down"]) for c in made["contenders"]] == [
        ("async+curl", 1, 1)
    ]


def test_targets_of_a_comparison_that_is_gone_are_asked_for(browser: Browser, site: str) -> None:
    answer = browser.fill(
        "/comparisons/new", "/comparisons/new", **_form(site, urls="", targets_of="cmp_gone")
    )

    assert answer.status_code == 422
    assert "is gone" in _told_of(answer.text, "urls")


def test_rounds_are_told_as_they_go_and_a_cancelled_one_keeps_what_was_measured(
    service: Service, browser: Browser, site: str
) -> None:
    body = {"urls": [f"{site}/delay/0.2"], "contenders": ["async"], "baseline": None, "rounds": 60}
    made = service.call("POST", "/api/v1/comparisons", json=body).json()
    here = f"/comparisons/{made['id']}"
    assert "Remove" not in browser.see(here)

    with service.call("GET", f"{here}/live", stream=True) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        told = next(line for line in lines if re.search(r"Round [1-9]\d* of 60", line))
        answer = browser.fill(here, f"{here}/cancel")
        last = list(lines)

    assert told
    assert answer.headers["Location"] == f"{here}?done=cancelled"
    assert "event: ended" in last
    page = browser.see(here)
    assert "cancelled before its end" in page
    assert "Run again" in page


def test_one_that_has_ended_is_removed_and_one_that_goes_on_is_not(
    service: Service, browser: Browser, site: str
) -> None:
    body = {"urls": [f"{site}/delay/1"], "contenders": ["async"], "baseline": None, "rounds": 60}
    made = service.call("POST", "/api/v1/comparisons", json=body).json()
    here = f"/comparisons/{made['id']}"

    assert browser.fill(here, f"{here}/remove").status_code == 409
    browser.fill(here, f"{here}/cancel")
    answer = browser.fill(here, f"{here}/remove")

    assert answer.headers["Location"] == "/comparisons?done=removed"
    assert "There is no comparison" in browser.see(here, status=404)


def test_a_form_without_its_token_does_nothing(service: Service, compared: dict[str, Any]) -> None:
    here = f"/comparisons/{compared['id']}"

    for path in ("/comparisons/new", "/experiments/new", f"{here}/again", f"{here}/remove"):
        assert service.call("POST", path, data={"urls": "http://a.example"}).status_code == 403

    assert service.get(f"/api/v1{here}")["status"] == "completed"
