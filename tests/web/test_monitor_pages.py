"""A monitor in the browser: its page, its form, many from a list, and many at once."""

import itertools
import json
import re
import uuid
from typing import Any

import pytest
import requests

from app.domain.monitor import key_of
from tests.farm.servers import Servers, answering, ok, recording
from tests.services import PATIENCE_SECONDS, Service
from tests.web.browser import Browser, Fields, fields_of

_NEW = "/monitors/new"
_PASTE = "/monitors/paste"
_API = "/api/v1/monitors"
_HOSTILE = "<script>alert(1)</script>\"'\u202e\x01" + "w" * 10_000


@pytest.fixture
def key() -> str:
    return f"k{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def url(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.serve(answering(ok()))}/"


@pytest.fixture(scope="module")
def hostile_url(farm: Servers) -> str:
    said = ok(_HOSTILE.encode(), status=b"500 <script>alert(2)</script>")
    return f"http://127.0.0.1:{farm.serve(answering(said))}/?<script>"


def _make(service: Service, key: str, url: str, **more: Any) -> dict[str, Any]:
    target = {"url": url, **more.pop("target", {})}
    body = {"key": key, "target": target, "interval_seconds": 3600, **more}
    answer = service.call("POST", _API, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _edit(browser: Browser, key: str, id_: str) -> tuple[str, Fields]:
    path = f"/monitors/{id_}/edit"
    return path, browser.form(f"/monitors/{key}/edit", path)


def test_a_monitor_is_made_from_its_form_and_its_page_is_shown(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    fields = browser.form(_NEW, _NEW)

    sent = browser.submit(
        _NEW, fields, do="save", key=key, url=url, labels="team=web\r\n\"a=b\"=\" c\"",
        slo_target="99.9", interval_seconds="30m",
        **{"expect-0-what": "status in", "expect-0-value": "2xx, 301"},
    )  # fmt: skip

    made = service.get(f"{_API}/{key}")
    assert sent.status_code == 303, sent.text
    assert sent.headers["Location"] == f"/monitors/{made['id']}?done=created"
    assert made["labels"] == {"team": "web", "a=b": " c"}
    assert made["slo"] == {"target": 0.999, "window": "30d"}
    assert made["interval_seconds"] == 1800
    assert made["target"]["expect"][0]["value"] == ["2xx", 301]
    page = browser.see(sent.headers["Location"])
    assert "Created." in page
    assert "status is one of 2xx, 301" in page


def test_saving_an_untouched_form_changes_nothing(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    made = _make(
        service, key, url, name="Ein Geschäft", labels={"a=b": "c\nd", "e": '"f'},
        cron="0 8 * * 1-5", interval_seconds=None, timezone="Europe/Vienna",
        slo={"target": 0.9995, "window": "7d"}, strategy="threaded", client="curl",
        thresholds={"down_after": 3, "up_after": 1, "recheck_seconds": 0.25},
        target={
            "method": "POST", "headers": {"Authorization": "Bearer hidden", "X-A": "b"},
            "body": "\na\r\nb\x00", "timeout_seconds": 0.35, "verify_tls": False, "ip_version": 4,
            "expect": [
                {"of": "json", "path": "$.a", "op": "==", "value": "1"},
                {"of": "json", "path": "$.b", "op": "in", "value": [1, None, {"c": "d"}]},
                {"of": "json", "path": "$.c", "op": "matches", "value": '^"\n'},
                {"of": "body", "op": "contains", "value": "  x\r\ny "},
                {"of": "status", "op": "not_in", "value": ["5xx", 404, "400-403"]},
                {"of": "header", "name": "x", "op": "absent", "otherwise": "degraded"},
            ],
        },
    )  # fmt: skip
    before = service.get(f"{_API}/{key}")

    sent = browser.submit(*_edit(browser, key, made["id"]), do="save")

    after = service.get(f"{_API}/{key}")
    assert sent.status_code == 303, sent.text
    assert after["updated_at"] == before["updated_at"]


def test_secrets_are_not_on_the_page_and_stay_when_they_are_not_typed_anew(
    service: Service, browser: Browser, key: str, farm: Servers
) -> None:
    asked: list[bytes] = []
    url = f"http://127.0.0.1:{farm.serve(recording(asked, ok()))}/"
    auth = {"type": "basic", "username": "u", "password": "hidden-word"}
    made = _make(service, key, url, target={"auth": auth})
    path, fields = _edit(browser, key, made["id"])

    sent = browser.submit(path, fields, do="save", name="Another")

    asked.clear()
    service.call("POST", f"{_API}/{key}/check")
    assert sent.status_code == 303
    assert fields["password"] == ["***"]
    assert "hidden-word" not in browser.see(f"/monitors/{key}/edit") + browser.see(
        f"/monitors/{key}"
    )
    assert b"Authorization: Basic dTpoaWRkZW4td29yZA==" in asked[0]


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(
    service: Service, browser: Browser, key: str
) -> None:
    fields = browser.form(_NEW, _NEW)
    wrong = {
        "url": "<b>example", "timeout_seconds": "soon", "attempts": "11", "labels": "web",
        "headers": "No colon", "body": "{", "body_kind": "json", "slo_target": "100",
        "max_body_bytes": "1e3", "interval_seconds": "nan",
    }  # fmt: skip

    answer = browser.submit(_NEW, fields, do="save", key=key, **wrong)

    kept = fields_of(answer.text, _NEW)
    assert answer.status_code == 422
    assert {name: kept[name][0] for name in wrong} == wrong
    for name in wrong.keys() - {"url", "body_kind"}:
        assert f'id="f-{name}-wrong"' in answer.text, name
    assert "<b>example" not in answer.text
    assert service.call("GET", f"{_API}/{key}").status_code == 404


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("url", {"url": "ftp://example.org/"}),
        ("cron", {"when": "cron", "cron": "often"}),
        ("timezone", {"timezone": "Mars/Olympus"}),
        ("client", {"strategy": "async", "client": "requests"}),
        ("token", {"auth": "bearer", "token": "white space"}),
        ("auth", {"auth": "basic", "username": "u", "password": "***"}),
        ("headers", {"headers": "Content-Length: 5"}),
        ("expect-0-value", {"expect-0-what": "body matches", "expect-0-value": "("}),
        ("expect-0-at", {"expect-0-what": "header exists"}),
        ("expect-1-value", {"expect-0-what": "", "expect-1-what": "json ==", "expect-1-at": "$"}),
    ],
)
def test_a_rule_of_the_contract_is_told_beside_its_field(
    browser: Browser, url: str, field: str, typed: dict[str, str]
) -> None:
    answer = browser.submit(_NEW, browser.form(_NEW, _NEW), **{"do": "save", "url": url, **typed})

    assert answer.status_code == 422
    assert f'id="f-{field}-wrong"' in answer.text


def test_what_only_the_database_knows_is_told_beside_its_field_too(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    _make(service, key, url)
    fields = browser.form(_NEW, _NEW)

    taken = browser.submit(_NEW, fields, do="save", key=key, url=url)
    absent = browser.submit(
        _NEW, fields, do="save", url=url, depends_on="nobody", channels=["no-one"]
    )

    assert (taken.status_code, absent.status_code) == (422, 422)
    assert 'id="f-key-wrong"' in taken.text
    assert 'id="f-depends_on-wrong"' in absent.text
    assert 'id="f-channels-wrong"' in absent.text


def test_a_try_shows_every_expectation_and_stores_nothing(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    fields = browser.form(_NEW, _NEW)
    rows = {
        "expect-0-what": "body contains", "expect-0-value": "nowhere",
        "expect-1-what": "status ==", "expect-1-value": "200",
    }  # fmt: skip

    answer = browser.submit(_NEW, fields, do="try", key=key, url=url, **rows)

    assert answer.status_code == 200
    assert "body contains nowhere" in answer.text
    assert "status is 200" in answer.text
    assert "body unexpected" in answer.text
    assert service.call("GET", f"{_API}/{key}").status_code == 404


def test_rows_of_expectations_come_and_go_without_scripts(browser: Browser) -> None:
    fields = browser.form(_NEW, _NEW)
    typed = {"expect-0-what": "status ==", "expect-0-value": "204", "url": "x"}

    more = fields_of(browser.submit(_NEW, fields, do="more", **typed).text, _NEW)
    fewer = fields_of(browser.submit(_NEW, more, drop="0").text, _NEW)

    assert more["expect-0-value"] == ["204"]
    assert "expect-1-what" in more
    assert fewer["expect-0-what"] == [""]
    assert "expect-1-what" not in fewer
    assert fewer["url"] == ["x"]


@pytest.mark.parametrize("window", ["24h", "7d", "30d", "365d", "<script>"])
def test_nothing_a_target_says_becomes_markup(
    service: Service, browser: Browser, key: str, hostile_url: str, window: str
) -> None:
    made = _make(
        service, key, hostile_url, name=_HOSTILE[:180].replace("\x01", ""),
        labels={"<script>": _HOSTILE[:200]},
        target={"expect": [{"of": "body", "op": "contains", "value": "<script>no"}]},
    )  # fmt: skip
    service.call("POST", f"{_API}/{key}/check")

    page = browser.see(f"/monitors/{made['id']}?window={window}")

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "\x01" not in page


def test_a_check_by_hand_shows_what_was_found_and_counts(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    expect = [{"of": "body", "op": "contains", "value": "hell"}]
    made = _make(service, key, url, target={"expect": expect})
    path = f"/monitors/{made['id']}/check"

    answer = browser.submit(path, browser.form(f"/monitors/{key}", path))

    assert answer.status_code == 200
    assert "Checked now" in answer.text
    assert "body contains hell" in answer.text
    assert service.get(f"{_API}/{key}")["last_outcome"]["status"] == "up"


def test_an_open_page_is_told_of_one_more_outcome(
    service: Service, browser: Browser, key: str, hostile_url: str
) -> None:
    made = _make(service, key, hostile_url)
    row = re.search(r'sse-swap="outcome-(\d+)"', browser.see(f"/monitors/{key}"))
    assert row is not None
    live = f"{service.url}/live?rows={row[1]}&also=outcome,last"

    with requests.get(live, stream=True, timeout=PATIENCE_SECONDS) as told:
        lines = told.iter_lines(chunk_size=1, decode_unicode=True)
        next(line for line in lines if line.startswith("event: state"))
        service.call("POST", f"{_API}/{made['id']}/check")
        next(line for line in lines if line == f"event: outcome-{row[1]}")
        said = "\n".join(itertools.takewhile(bool, lines))

    assert said.startswith('data: <li id="o-')
    assert "&lt;script&gt;alert(1)" in said
    assert "<script>" not in said


def test_it_is_paused_resumed_and_removed(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    here = f"/monitors/{_make(service, key, url)['id']}"

    paused = browser.submit(f"{here}/pause", browser.form(here, f"{here}/pause"))
    stood = service.get(f"{_API}/{key}")["status"]
    browser.submit(f"{here}/resume", browser.form(here, f"{here}/resume"))
    again = service.get(f"{_API}/{key}")["enabled"]
    removed = browser.submit(f"{here}/remove", browser.form(here, f"{here}/remove"))

    assert paused.headers["Location"] == f"{here}?done=paused"
    assert (stood, again) == ("paused", True)
    assert removed.headers["Location"] == "/monitors?done=removed"
    browser.see(here, 404)


def test_what_others_depend_on_is_not_removed(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    here = f"/monitors/{_make(service, key, url)['id']}"
    _make(service, f"{key}-child", url, depends_on=[key])

    answer = browser.submit(f"{here}/remove", browser.form(here, f"{here}/remove"))

    assert answer.status_code == 409
    assert "depends on it" in answer.text


@pytest.mark.parametrize("act", ["check", "pause", "resume", "remove", "edit"])
def test_a_form_without_the_token_of_its_page_does_nothing(
    service: Service, browser: Browser, key: str, url: str, act: str
) -> None:
    here = f"/monitors/{_make(service, key, url)['id']}"
    browser.see(here)

    answer = browser.submit(f"{here}/{act}", {"csrf": ["made-up"]})

    assert answer.status_code == 403
    assert service.get(f"{_API}/{key}")["enabled"] is True


def test_a_list_is_shown_before_it_is_made(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    _make(service, key, f"{url}there")
    listed = f"# mine\r\n{url}{key}\r\n{url}there\r\nnonsense <b>\r\n{url}{key}"
    typed = {"list": listed, "interval_seconds": "1h", "labels": f"of={key}"}

    looked = browser.submit(_PASTE, browser.form(_PASTE, _PASTE), do="look", **typed)
    none = service.get(f"{_API}?label=of={key}")["items"]
    # Scripts end lines otherwise than forms do.
    shown = fields_of(looked.text, _PASTE)
    shown["list"][0] = shown["list"][0].replace("\r\n", "\n")
    made = browser.submit(_PASTE, shown, do="make")

    assert looked.status_code == 200
    assert none == []
    assert f"is watched already, as {key}" in looked.text
    assert "stands in line 2 as well" in looked.text
    assert "<b>" not in fields_of(looked.text, _PASTE)["list"][0].replace("nonsense <b>", "")
    assert made.headers["Location"] == "/monitors?done=created&n=1"
    (monitor,) = service.get(f"{_API}?label=of={key}")["items"]
    assert (monitor["target"]["url"], monitor["interval_seconds"]) == (f"{url}{key}", 3600)


def test_a_list_that_was_changed_since_it_was_shown_is_shown_again(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    looked = browser.submit(_PASTE, browser.form(_PASTE, _PASTE), do="look", list=f"{url}{key}")

    again = browser.submit(_PASTE, fields_of(looked.text, _PASTE), do="make", list=f"{url}{key}2")

    assert again.status_code == 200
    assert "What would become of it" in again.text
    assert service.get(f"{_API}?text={key}")["items"] == []


def test_rows_of_csv_and_json_keep_their_own_fields(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    one, two = f"{url}{key}-csv", {"key": key, "target": {"url": url}, "cron": "0 8 * * *"}
    header = "url,method,attempts,label.of"
    lists = [f"{header}\r\n{one},HEAD,3,{key}\r\n{one},GET,x,", json.dumps(two) + "\r\n[]"]

    for listed in lists:
        looked = browser.submit(
            _PASTE, browser.form(_PASTE, _PASTE), do="look", list=listed, interval_seconds="90"
        )
        assert looked.text.count('<span class="status s-down">refused') == 1
        assert browser.submit(_PASTE, fields_of(looked.text, _PASTE), do="make").status_code == 303

    (monitor,) = service.get(f"{_API}?label=of={key}")["items"]
    assert monitor["key"] == key_of(one)
    assert (monitor["target"]["method"], monitor["target"]["attempts"]) == ("HEAD", 3)
    assert monitor["interval_seconds"] == 90
    assert service.get(f"{_API}/{key}")["cron"] == "0 8 * * *"


@pytest.mark.parametrize(
    "listed",
    [
        "{" * 200_000, "[" * 200_000, '{"url": "http://\\ud800.example/", "key": ["a"]}',
        '{"target": 5}', '{"target": {"url": 7}, "labels": 3}', '{"url": NaN}', 'url\r\n"a',
        "url,url\r\na,b", "shoe\r\nurl", "\ufeffurl\r\n,,,", "http://a\u202eb/\r\n" * 3,
        f"http://{'w' * 10_000}/", '{"url": "http://a/", "json": ' + "[" * 980 + "]" * 980 + "}",
    ],
)  # fmt: skip
def test_a_list_of_anything_is_refused_row_by_row(browser: Browser, listed: str) -> None:
    looked = browser.submit(_PASTE, browser.form(_PASTE, _PASTE), do="look", list=listed)

    assert looked.status_code == 200
    assert '<span class="status s-down">refused' in looked.text
    assert "Make them" not in looked.text


def test_a_form_of_anything_is_answered(browser: Browser, url: str) -> None:
    fields = browser.form(_NEW, _NEW)
    deep = "[" * 980 + "]" * 980

    for name in fields.keys() - {"csrf", "url"}:
        for typed in (_HOSTILE, deep, "\ud7ff\ufffe", "9" * 5000, "-1", ""):
            changed = {"url": url, "do": "more", "body_kind": "json", name: typed}
            assert browser.submit(_NEW, fields, **changed).status_code == 200
            refused = browser.submit(_NEW, fields, **{**changed, "do": "save", "key": "a\x01"})
            assert refused.status_code == 422, name


def _bulk(browser: Browser, ids: list[str], **more: str) -> Any:
    return browser.submit(
        "/monitors/bulk", browser.form("/monitors", "/monitors/bulk"), rows=ids, **more
    )


def test_many_are_paused_labelled_maintained_and_removed_at_once(
    service: Service, browser: Browser, key: str, url: str
) -> None:
    ids = [_make(service, f"{key}-{n}", url)["id"] for n in range(3)]

    paused = _bulk(browser, [*ids, "mon_gone"], do="pause", back="?status=up&page=2")
    _bulk(browser, ids, do="resume")
    _bulk(browser, ids, do="label", label=f"of={key}")
    _bulk(browser, ids, do="maintenance", hours="0.5")

    assert paused.headers["Location"] == "/monitors?status=up&page=2&done=paused&n=3"
    assert len(service.get(f"{_API}?label=of={key}")["items"]) == 3
    newest = service.get("/api/v1/maintenances")["items"][0]
    assert newest["selection"]["keys"] == [f"{key}-{n}" for n in range(3)]
    removed = _bulk(browser, ids, do="remove", back="")
    assert removed.headers["Location"] == "/monitors?done=removed&n=3"
    assert service.get(f"{_API}?text={key}")["items"] == []


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "pause", "rows": []},
        {"do": "dance"},
        {"do": "label", "label": "web"},
        {"do": "maintenance", "hours": "1e9"},
        {"do": "maintenance", "hours": "nan"},
    ],
)
def test_what_cannot_be_done_to_many_is_said(
    service: Service, browser: Browser, key: str, url: str, sent: dict[str, Any]
) -> None:
    made = _make(service, key, url)
    fields = browser.form("/monitors", "/monitors/bulk")

    answer = browser.submit("/monitors/bulk", fields, **{"rows": [made["id"]], **sent})

    assert answer.status_code == 422
    assert service.get(f"{_API}/{key}")["updated_at"] == made["updated_at"]


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", "?a\r\nb: c", "?#x"])
def test_the_way_back_leads_nowhere_else(
    service: Service, browser: Browser, key: str, url: str, back: str
) -> None:
    made = _make(service, key, url)

    answer = _bulk(browser, [made["id"]], do="resume", back=back)

    assert answer.headers["Location"] == "/monitors?done=resumed&n=1"
