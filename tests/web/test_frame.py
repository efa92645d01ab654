"""What all pages have in common: signing in, forms that belong to a page, errors, the policy."""

import re
from collections.abc import Iterator

import pytest
import requests

from tests.services import Service, running

_KEY = "correct horse battery staple"
_PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a key."""
    with running(tmp_path_factory.mktemp("locked"), {"TERCET_API_KEY": _KEY}) as made:
        yield made


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers.update(_PAGE)
        yield session


def _token(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def _sign_in(
    service: Service, browser: requests.Session, key: str = _KEY, to: str = "/"
) -> requests.Response:
    page = browser.get(service.url + "/sign-in", params={"next": to})
    fields = {"csrf": _token(page.text), "key": key, "next": to}
    return browser.post(service.url + "/sign-in", data=fields, allow_redirects=False)


def test_who_has_not_signed_in_is_led_to_the_page_for_it_and_back(
    locked: Service, browser: requests.Session
) -> None:
    led = browser.get(locked.url + "/monitors?status=down", allow_redirects=False)
    assert led.status_code == 303
    assert led.headers["Location"] == "/sign-in?next=%2Fmonitors%3Fstatus%3Ddown"

    back = _sign_in(locked, browser, to="/monitors?status=down")

    assert (back.status_code, back.headers["Location"]) == (303, "/monitors?status=down")
    assert "Monitors" in browser.get(locked.url + "/monitors").text


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(
    locked: Service, browser: requests.Session
) -> None:
    cookie = _sign_in(locked, browser).headers["Set-Cookie"]

    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert _KEY not in cookie


def test_a_wrong_key_begins_nothing_and_is_not_repeated(
    locked: Service, browser: requests.Session
) -> None:
    answer = _sign_in(locked, browser, key="wrong<script>")

    assert answer.status_code == 401
    assert "This is not the key" in answer.text
    assert "wrong&lt;script" not in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:x"]
)
def test_nobody_is_led_to_another_site(
    locked: Service, browser: requests.Session, elsewhere: str
) -> None:
    assert _sign_in(locked, browser, to=elsewhere).headers["Location"] == "/"


def test_a_session_that_was_ended_is_none_for_a_copy_of_its_cookie_either(
    locked: Service, browser: requests.Session
) -> None:
    _sign_in(locked, browser)
    copy = dict(browser.cookies)
    token = _token(browser.get(locked.url + "/").text)

    browser.post(locked.url + "/sign-out", data={"csrf": token})

    answer = requests.get(
        locked.url + "/", cookies=copy, headers=_PAGE, allow_redirects=False, timeout=30
    )
    assert answer.status_code == 303


def test_a_session_reads_the_rest_interface_and_changes_nothing_through_it(
    locked: Service, browser: requests.Session
) -> None:
    _sign_in(locked, browser)

    assert browser.get(locked.url + "/api/v1/monitors").status_code == 200
    made = browser.post(locked.url + "/api/v1/monitors", json={"target": {"url": "http://a.b/"}})
    assert made.status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "é", "x" * 5000])
def test_a_cookie_that_is_none_of_ours_opens_nothing(locked: Service, cookie: str) -> None:
    answer = requests.get(
        locked.url + "/api/v1/monitors",
        headers={"Cookie": f"tercet_session={cookie}".encode()},
        timeout=30,
    )

    assert answer.status_code == 401


@pytest.mark.parametrize("token", [None, "", "wrong", "é" * 20])
def test_a_form_without_the_token_of_its_page_is_refused(
    locked: Service, browser: requests.Session, token: str | None
) -> None:
    _sign_in(locked, browser)
    fields = {} if token is None else {"csrf": token}

    answer = browser.post(locked.url + "/sign-out", data=fields)

    assert answer.status_code == 403
    assert "belongs to an older page" in answer.text


def test_the_token_of_one_session_is_none_for_another(
    locked: Service, browser: requests.Session
) -> None:
    _sign_in(locked, browser)
    token = _token(browser.get(locked.url + "/").text)
    with requests.Session() as other:
        _sign_in(locked, other)

        answer = other.post(locked.url + "/sign-out", data={"csrf": token})

    assert answer.status_code == 403


def test_what_was_not_found_is_a_page_for_people_and_a_problem_for_programs(
    locked: Service, browser: requests.Session
) -> None:
    _sign_in(locked, browser)

    page = browser.get(locked.url + "/comparisons/<script>alert(1)</script>")
    problem = browser.get(locked.url + "/comparisons/none", headers={"Accept": "*/*"})

    assert page.status_code == problem.status_code == 404
    assert "<script>alert" not in page.text
    assert problem.json()["code"] == "not_found"


def test_pages_allow_nothing_inline_and_no_other_host(locked: Service) -> None:
    answer = requests.get(locked.url + "/sign-in", headers=_PAGE, timeout=30)

    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"<script(?![^>]*src=)[^>]*>|<style|\son\w+=|\sstyle=", answer.text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text)


def test_files_may_be_kept_for_ever_at_the_address_that_names_them(locked: Service) -> None:
    page = requests.get(locked.url + "/sign-in", headers=_PAGE, timeout=30).text
    address = re.search(r'href="(/static/tercet.css\?[0-9a-f]+)"', page)
    assert address is not None

    answer = requests.get(locked.url + address[1], timeout=30)

    assert "immutable" in answer.headers["Cache-Control"]
    again = {"If-None-Match": answer.headers["ETag"]}
    assert requests.get(locked.url + address[1], headers=again, timeout=30).status_code == 304


@pytest.mark.parametrize("path", ["/static/../frame.py", "/static/%2e%2e/frame.py", "/static/none"])
def test_nothing_else_can_be_had_as_a_file(locked: Service, path: str) -> None:
    request = requests.Request("GET", locked.url).prepare()
    request.url = locked.url + path
    with requests.Session() as session:
        assert session.send(request, timeout=30).status_code == 404


def test_the_page_of_the_rest_interface_runs_its_own_script_only(
    locked: Service, browser: requests.Session
) -> None:
    _sign_in(locked, browser)

    answer = browser.get(locked.url + "/docs")

    policy = answer.headers["Content-Security-Policy"]
    assert "'sha256-" in policy
    assert "unsafe" not in policy
