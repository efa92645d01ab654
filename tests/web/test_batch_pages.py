"""The pages of batches: asked for by a form, looked at while they run and after, used further."""

import csv
import io
import json
import re

import pytest
import requests

from tests.farm.servers import Servers, answering, ok
from tests.services import Service
from tests.web.browser import Browser

_HOSTILE = "<script>alert(1)</script>\"'\u202eabc\x07" + "w" * 10_000


@pytest.fixture(scope="module")
def up(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.serve(answering(ok()))}/"


@pytest.fixture(scope="module")
def hostile(farm: Servers) -> str:
    answer = ok(_HOSTILE.encode(), b"Content-Type: text/html; charset=utf-8", status=b"500 No")
    return f"http://127.0.0.1:{farm.serve(answering(answer))}/?<script>alert(2)</script>"


@pytest.fixture(scope="module")
def refused(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.refusing()}/"


def made(browser: Browser, text: str, **fields: str) -> str:
    """The path of a batch that the form was sent for, once it has ended."""
    answer = browser.fill("/batches/new", "/batches/new", list=text, **fields)
    assert answer.status_code == 303, answer.text
    path = answer.headers["Location"].partition("?")[0]
    browser.service.until("/api/v1" + path, status="completed")
    return path


def _status(browser: Browser, path: str) -> int:
    return browser.get(browser.service.url + path, timeout=30).status_code


def faults(answer: requests.Response) -> list[str]:
    assert answer.status_code == 422
    found = re.findall(r'class="wrong[^>]*>(.*?)</(?:p|ul)>', answer.text, re.DOTALL)
    return [re.sub(r"<[^>]+>", " ", each).strip() for each in found]


def outcomes_of(page: str) -> list[int]:
    """The numbers of the outcomes that a page shows, in its order."""
    return [int(seq) for seq in re.findall(r'name="rows" value="([0-9]+)"', page)]


def test_a_pasted_list_is_checked_as_the_form_says(
    service: Service, browser: Browser, up: str, refused: str
) -> None:
    path = made(
        browser, f"# mine\r\n{up}\r\n\r\n{refused}", strategy="threaded", client="curl",
        concurrency="3", per_host="0", pace="max", timeout="5s", attempts="2", name="nightly",
        labels="team=web\nodd=a=b",
    )  # fmt: skip

    batch = service.get("/api/v1" + path)
    assert (batch["strategy"], batch["client"], batch["concurrency"]) == ("threaded", "curl", 3)
    assert (batch["per_host"], batch["pace"], batch["name"]) == (0, "max", "nightly")
    assert batch["labels"] == {"team": "web", "odd": "a=b"}
    assert batch["counts"]["up"] == batch["counts"]["down"] == 1
    target = service.get(f"/api/v1{path}/targets")["items"][1]
    assert (target["timeout_seconds"], target["attempts"]) == (5, 2)


@pytest.mark.parametrize(
    "text",
    ["url,method\n{up},HEAD\n", '{{"url": "{up}", "method": "HEAD"}}\n'],
    ids=["csv", "ndjson"],
)
def test_a_list_is_read_as_it_looks(service: Service, browser: Browser, up: str, text: str) -> None:
    path = made(browser, text.format(up=up))

    (target,) = service.get(f"/api/v1{path}/targets")["items"]
    assert (target["url"], target["method"]) == (up, "HEAD")


def test_every_bad_line_is_told_beside_the_list_and_what_was_typed_is_kept(
    browser: Browser, up: str
) -> None:
    text = f"{up}\nhtp://x\n\nfoo <script>bar\n" + "http://a b/\n" * 300

    answer = browser.fill("/batches/new", "/batches/new", list=text, name="kept")

    (told,) = faults(answer)
    assert "Line 2: The scheme is &#39;htp&#39;" in told
    assert "Line 4: " in told
    assert "These are the first 100" in told
    assert "foo &lt;script&gt;bar" in answer.text
    assert 'value="kept"' in answer.text
    assert "<script>bar" not in answer.text


def test_what_is_wrong_with_a_field_is_told_beside_it(browser: Browser, up: str) -> None:
    answer = browser.fill(
        "/batches/new", "/batches/new", list=up, timeout="99999", attempts="some",
        concurrency="4.5", labels="bad", per_host="-1",
    )  # fmt: skip

    assert len(faults(answer)) == 5
    for name in ("timeout", "attempts", "concurrency", "labels", "per_host"):
        assert f'id="f-{name}-wrong"' in answer.text


def test_a_client_that_does_not_fit_is_told_beside_it(browser: Browser, up: str) -> None:
    answer = browser.fill(
        "/batches/new", "/batches/new", list=up, strategy="async", client="requests"
    )

    assert ["requests does not fit async" in each for each in faults(answer)] == [True]


@pytest.mark.parametrize("text", ["", " \n# only this\n", "url,colour\nhttp://a.example/,red\n"])
def test_a_list_without_a_target_is_refused(browser: Browser, text: str) -> None:
    answer = browser.fill("/batches/new", "/batches/new", list=text, format="")

    assert len(faults(answer)) == 1


def test_bad_urls_are_forgiven_where_that_is_asked(
    service: Service, browser: Browser, up: str
) -> None:
    path = made(browser, f"{up}\njavascript:alert(1)", skip="1")

    assert service.get("/api/v1" + path)["reasons"] == {"invalid_url": 1}
    assert 'href="javascript' not in browser.see(path)


def test_a_hundred_thousand_lines_are_accepted(service: Service, browser: Browser) -> None:
    text = "\n".join(f"http://10.0.{n >> 8 & 255}.{n & 255}/{n}" for n in range(100_000))
    answer = browser.fill("/batches/new", "/batches/new", list=text)

    path = answer.headers["Location"].partition("?")[0]
    assert service.get("/api/v1" + path)["total"] == 100_000
    assert browser.fill(path, f"{path}/cancel").headers["Location"] == f"{path}?done=cancelled"
    assert "cancelled" in browser.see(path)
    assert browser.fill(path, f"{path}/remove").headers["Location"] == "/batches?done=removed"
    assert _status(browser, path) == 404


def test_one_line_too_many_is_refused(browser: Browser) -> None:
    answer = browser.fill("/batches/new", "/batches/new", list="http://10.0.0.1/\n" * 100_001)

    assert ["more than 100000" in each for each in faults(answer)] == [True]


def test_what_a_target_says_is_text_and_nothing_else(
    browser: Browser, hostile: str, up: str
) -> None:
    path = made(browser, f"{hostile}\n{up}?\u202eabc", skip="1", name="<script>\u202e'\"")

    page = browser.see(path)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert "⟨U+202E⟩" in page
    assert "\u202e" not in browser.see("/batches")


def test_outcomes_are_filtered_and_sorted_by_the_address(
    browser: Browser, up: str, refused: str
) -> None:
    path = made(browser, f"{up}a\n{refused}b\n{up}c\n{refused}d\nhttp://10.0.0.1/")

    assert outcomes_of(browser.see(path)) == [0, 1, 2, 3, 4]
    assert outcomes_of(browser.see(path + "?status=down")) == [1, 3]
    assert outcomes_of(browser.see(path + "?reason=address_not_allowed")) == [4]
    assert outcomes_of(browser.see(f"{path}?q={refused[7:]}d")) == [3]
    assert outcomes_of(browser.see(path + "?status=up&reason=connection_refused")) == []
    assert outcomes_of(browser.see(path + "?sort=status")) == [1, 3, 4, 0, 2]
    assert outcomes_of(browser.see(path + "?down=1")) == [4, 3, 2, 1, 0]
    assert outcomes_of(browser.see(path + "?sort=total&down=1"))[-1] == 4


@pytest.mark.parametrize("order", ["", "sort=total", "sort=total&down=1", "sort=status&down=1"])
def test_pages_go_on_and_back_by_key(browser: Browser, refused: str, order: str) -> None:
    path = made(
        browser, "\n".join([*[f"{refused}{n}" for n in range(90)], *["http://10.0.0.1/"] * 31])
    )

    first = browser.see(f"{path}?{order}")
    second = browser.see(_link(first, "next"))
    third = browser.see(_link(second, "next"))
    shown = [outcomes_of(page) for page in (first, second, third)]

    assert [len(page) for page in shown] == [50, 50, 21]
    assert sorted(number for page in shown for number in page) == list(range(121))
    assert 'rel="next"' not in third
    assert outcomes_of(browser.see(_link(third, "prev"))) == shown[1]
    assert outcomes_of(browser.see(_link(second, "prev"))) == shown[0]


def _link(page: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    assert found is not None
    return found[1].replace("&amp;", "&").partition("#")[0]


@pytest.mark.parametrize(
    "query",
    ["status=odd&reason=odd&sort=odd", "after=1", "after=x.y", "before=9.9", "after=-1.5",
     f"after={'9' * 400}.1", "after=٣.٣", "q=%00%FF<script>", "q=" + "x" * 9000, "done=<b>&n=<b>"],
)  # fmt: skip
def test_an_address_that_makes_no_sense_harms_nothing(
    browser: Browser, up: str, query: str
) -> None:
    path = made(browser, up)

    assert "<script>&" not in browser.see(f"{path}?{query}")


def test_results_are_saved_whole_in_three_forms(
    browser: Browser, up: str, refused: str, service: Service
) -> None:
    path = made(browser, f"{up}\n{refused}\n{up}")

    def saved(kind: str, query: str = "") -> requests.Response:
        return service.call("GET", f"{path}/outcomes.{kind}{query}")

    listed = saved("json").json()
    assert [each["seq"] for each in listed] == [0, 1, 2]
    assert [json.loads(line) for line in saved("ndjson").text.splitlines()] == listed
    assert [row["seq"] for row in csv.DictReader(io.StringIO(saved("csv").text))] == ["0", "1", "2"]
    assert [each["seq"] for each in saved("json", "?status=down").json()] == [1]
    assert saved("json", "?status=degraded").json() == []
    assert saved("csv").headers["Content-Disposition"].startswith("attachment")
    assert saved("xml").status_code == 422


def test_a_batch_is_run_again_in_another_way(
    service: Service, browser: Browser, up: str, refused: str
) -> None:
    path = made(browser, f"{up}\n{refused}")

    answer = browser.fill(
        path, f"{path}/rerun", only="not_up", strategy="threaded", client="curl", concurrency="2"
    )

    again = service.get("/api/v1" + answer.headers["Location"].partition("?")[0])
    assert (again["strategy"], again["client"], again["concurrency"]) == ("threaded", "curl", 2)
    assert again["total"] == 1


def test_what_cannot_be_run_again_is_told_on_the_page(browser: Browser, up: str) -> None:
    path = made(browser, up)

    nothing = browser.fill(path, f"{path}/rerun", only="not_up")
    unfit = browser.fill(path, f"{path}/rerun", strategy="odd", concurrency="99999999")

    assert nothing.status_code == 422
    assert "Every target was up" in nothing.text
    assert len(faults(unfit)) >= 1
    assert 'value="99999999"' in unfit.text


def test_monitors_are_made_of_what_was_chosen_after_a_preview(
    service: Service, browser: Browser, up: str, refused: str
) -> None:
    path = made(browser, f"{up}m\n{refused}m\n{up}m\nnot a url", skip="1")
    wanted = {"of": "fitting", "interval": "5m", "labels": "team=web", "keep": "1"}

    preview = browser.fill(path, f"{path}/monitors", **wanted)
    assert preview.status_code == 200
    assert "Make 2 monitors" in preview.text
    assert service.get("/api/v1/monitors")["items"] == []

    done = browser.fill(path, f"{path}/monitors", do="make", **wanted)
    assert (done.status_code, done.headers["Location"]) == (303, "/monitors?done=saved&n=2")
    found = service.get("/api/v1/monitors")["items"]
    assert {each["key"] for each in found} == {f"{up}m", f"{refused}m"}
    assert {each["interval_seconds"] for each in found} == {300}

    again = browser.fill(path, f"{path}/monitors?status=up", **wanted | {"interval": "1m"})
    assert "are there, and left alone" in again.text
    assert 'button class="main"' not in again.text


def test_of_those_marked_only_these_are_made_monitors(browser: Browser, up: str) -> None:
    path = made(browser, f"{up}p\n{up}q\n{up}r")

    preview = browser.fill(path, f"{path}/monitors", of="marked", rows=["0", "2", "x", "99"])
    none = browser.fill(path, f"{path}/monitors", of="marked", rows=["x"])

    assert "Make 2 monitors" in preview.text
    assert ["None is meant" in each for each in faults(none)] == [True]


@pytest.mark.parametrize("interval", ["", "soon", "0.0001", "1e999", "nan", "-5"])
def test_an_interval_that_is_none_is_told_beside_it(
    browser: Browser, up: str, interval: str
) -> None:
    path = made(browser, up)

    answer = browser.fill(
        path, f"{path}/monitors", of="marked", rows=["0"], interval=interval, do="make"
    )

    assert 'id="f-interval-wrong"' in answer.text
    assert outcomes_of(answer.text) == [0]
    assert 'value="0" checked' in answer.text


def test_an_open_page_is_told_to_the_end(browser: Browser, service: Service, up: str) -> None:
    path = made(browser, up)

    told = service.call("GET", path + "/live").text

    assert re.findall("event: (.*)", told) == ["progress", "counts", "state", "ended"]
    assert "completed" in told
    assert service.call("GET", "/batches/none/live").status_code == 404


def test_the_list_shows_batches_by_the_page(browser: Browser, up: str) -> None:
    path = made(browser, up, name="the newest")

    page = browser.see("/batches")

    assert page.index("the newest") < page.index("completed")
    assert f'href="{path}"' in page
    assert "There are no older batches" in browser.see("/batches?cursor=1")
    assert _status(browser, "/batches?cursor=x") == 422


@pytest.mark.parametrize("act", ["cancel", "remove", "rerun", "monitors"])
def test_nothing_is_done_for_a_form_of_another_page(
    service: Service, browser: Browser, up: str, act: str
) -> None:
    path = made(browser, up)

    answer = service.call("POST", f"{path}/{act}", data={"of": "fitting"})

    assert answer.status_code == 403
    browser.see(path)
