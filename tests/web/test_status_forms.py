"""Status pages made and written for in a browser, without any script."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
import requests

from tests.services import Service, running


class Browser:
    """Keeps a session, and sends the token of the page it looks at."""

    def __init__(self, url: str) -> None:
        self._url, self._session, self.page = url, requests.Session(), ""

    def open(self, path: str) -> str:
        return self._seen(self._session.get(self._url + path, timeout=60))

    def send(self, path: str, **fields: str) -> requests.Response:
        token = re.search(r'name="csrf" value="([^"]+)"', self.page)
        assert token is not None
        answer = self._session.post(
            self._url + path, data={"csrf": token[1], **fields}, timeout=60,
            headers={"Accept": "text/html"},
        )  # fmt: skip
        self._seen(answer)
        return answer

    def _seen(self, answer: requests.Response) -> str:
        self.page = answer.text
        return self.page


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        for key in ("a", "b"):
            watched = {"key": key, "target": {"url": "http://127.0.0.1:1/"}, "enabled": False}
            assert made.call("POST", "/api/v1/monitors", json=watched).status_code == 201
        yield made


@pytest.fixture
def browser(service: Service) -> Browser:
    return Browser(service.url)


def test_a_page_is_made_changed_and_removed(service: Service, browser: Browser) -> None:
    browser.open("/status-pages/new")
    made = browser.send("/status-pages/new", slug="shop", title="Shop", keys="b\n a \n\nb")
    assert (made.status_code, "Created." in made.text) == (200, True)
    browser.send(
        "/status-pages/shop/edit", title="Our shop", description="Two\r\nlines", labels="team = web"
    )

    changed = service.get("/api/v1/status-pages/shop")
    assert "Saved." in browser.page
    assert (changed["title"], changed["description"]) == ("Our shop", "Two\nlines")
    assert changed["selection"] == {"keys": [], "labels": {"team": "web"}}
    assert "Our shop" in browser.open("/status-pages")
    browser.open("/status-pages/shop/edit")
    assert "No status page yet" in browser.send("/status-pages/shop/remove").text


def test_what_is_wrong_stands_beside_what_was_typed(browser: Browser) -> None:
    browser.open("/status-pages/new")

    answer = browser.send("/status-pages/new", slug="No!", title="", keys="<b>", labels="team")

    assert answer.status_code == 422
    wrong = re.findall(r'id="f-(\w+)-wrong"', answer.text)
    assert wrong == ["slug", "title", "labels"]
    assert 'value="No!"' in answer.text
    assert "&lt;b&gt;</textarea>" in answer.text
    assert "&#39;team&#39; is not written name=value." in answer.text


def test_a_slug_that_is_taken_is_told_beside_it(browser: Browser) -> None:
    browser.open("/status-pages/new")
    for _ in range(2):
        answer = browser.send("/status-pages/new", slug="taken", title="T", keys="a")
        browser.open("/status-pages/new")

    assert answer.status_code == 422
    assert "There is a status page &#39;taken&#39; already." in answer.text


def test_updates_are_written_and_taken_back(service: Service, browser: Browser) -> None:
    browser.open("/status-pages/new")
    browser.send("/status-pages/new", slug="told", title="Told", keys="a\nb")
    to = "/status-pages/told/updates"

    refused = browser.send(to, text="<i>kept</i>", status="investigating", affected="c")
    assert refused.status_code == 422
    assert "&lt;i&gt;kept&lt;/i&gt;</textarea>" in refused.text
    assert re.findall(r'id="f-(\w+)-wrong"', refused.text) == ["subject", "affected"]
    ids = re.findall(r' id="([^"]+)"', refused.text)
    assert len(ids) == len(set(ids))
    browser.send(to, subject="Slow <b>", text="We look.", status="investigating", affected="a")
    matter = re.search(r'<option value="(mat_\w+)">', browser.page)
    assert matter is not None
    browser.send(to, text="Gone.", status="resolved", incident=matter[1])

    updates = service.get("/api/v1/status-pages/told")["updates"]
    assert [(each["title"], each["status"]) for each in updates] == [
        ("Slow <b>", "resolved"),
        ("Slow <b>", "investigating"),
    ]
    assert "Slow <b>" in unescape(browser.open("/status/told"))
    browser.open("/status-pages/told/edit")
    browser.send(f"{to}/{updates[0]['id']}/remove")
    assert len(service.get("/api/v1/status-pages/told")["updates"]) == 1


def test_a_form_that_comes_from_elsewhere_is_refused(service: Service, browser: Browser) -> None:
    browser.open("/status-pages/new")
    browser.page = '<input name="csrf" value="forged">'

    answer = browser.send("/status-pages/new", slug="forged", title="Forged", keys="a")

    assert answer.status_code == 403
    assert service.call("GET", "/api/v1/status-pages/forged").status_code == 404


def test_a_page_called_new_is_managed_like_any_other(browser: Browser) -> None:
    browser.open("/status-pages/new")

    browser.send("/status-pages/new", slug="new", title="News", keys="a")

    assert "News" in browser.open("/status-pages/new/edit")
    assert "New status page" in browser.open("/status-pages/new")
