"""Public status pages: told to everybody, in three ways, and nothing told that is private."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
import requests

from tests.services import Service, running

PATH = "/api/v1/status-pages"
ATOM = "http://www.w3.org/2005/Atom"
NASTY = (
    "<script>alert(\"x\")</script> & 'q' \u202eabc\u200f ]]> {{ 7 * 7 }} \U0001f600 \ufffe\u0085"
)
_number = count(1)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made


def page(service: Service, *keys: str, **body: Any) -> str:
    slug = f"public-{next(_number)}"
    asked = {"slug": slug, "title": "Shop", "selection": {"keys": keys or ["none"]}, **body}
    answer = service.call("POST", PATH, json=asked)
    assert answer.status_code == 201, answer.text
    return slug


def monitor(service: Service, key: str, url: str = "/livez", **more: Any) -> str:
    body = {
        "key": key,
        "target": {"url": f"{service.url}{url}"},
        "interval_seconds": 86_400,
        "thresholds": {"down_after": 1},
        **more,
    }
    assert service.call("POST", "/api/v1/monitors", json=body).status_code in {200, 201}
    return key


def write(service: Service, slug: str, **body: Any) -> dict[str, Any]:
    asked = {"title": "Slow", "text": "We look.", "status": "investigating", **body}
    answer = service.call("POST", f"{PATH}/{slug}/updates", json=asked)
    assert answer.status_code == 201, answer.text
    written: dict[str, Any] = answer.json()
    return written


def get(service: Service, slug: str, form: str = "", **headers: str) -> requests.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.call("GET", f"/status/{slug}{form}", headers=fields)


def feed(service: Service, slug: str) -> Element:
    return ElementTree.fromstring(get(service, slug, ".atom").content)


def texts(document: Element, name: str) -> list[str]:
    return [each.text or "" for each in document.iter(f"{{{ATOM}}}{name}")]


def test_a_page_tells_how_its_components_stand(service: Service) -> None:
    slug = page(service, monitor(service, "stands", name="The stand"))

    found = service.until(f"/status/{slug}.json", status="operational")

    (component,) = found["components"]
    assert (component["name"], component["status"]) == ("The stand", "operational")
    assert (len(component["days"]), component["days"][-1]["status"]) == (90, "operational")
    assert (found["components_total"], found["incidents"]) == (1, [])
    text = get(service, slug).text
    assert "All systems operational" in text
    assert "Last 90 days: 1 operational, 89 no data." in text


def test_an_incident_is_told_without_what_is_private(service: Service) -> None:
    slug = page(service, monitor(service, "falls", "/nowhere?token=hidden"))

    found = service.until(f"/status/{slug}.json", status="major_outage")

    (incident,) = found["incidents"]
    assert (incident["title"], incident["failure"]) == (
        "falls did not answer as it should",
        "wrong_answer",
    )
    write(service, slug, title="It fell", incident=incident["id"])
    whole = "".join(get(service, slug, form).text for form in ("", ".json", ".atom"))
    assert whole.count("It fell") >= 3
    for private in ("127.0.0.1", "nowhere", "hidden", "status_unexpected", "HTTP", "404."):
        assert private not in whole


def test_what_people_write_is_shown_at_once(service: Service) -> None:
    slug = page(service)
    assert "What goes on" not in get(service, slug).text

    begun = write(service, slug, text="We look.")
    during = get(service, slug).text
    write(service, slug, text="Gone.", status="resolved", incident=begun["incident"])
    after = get(service, slug).text

    assert "What goes on" in during
    assert "What goes on" not in after
    assert after.index("Gone.") < after.index("We look.")


@pytest.mark.parametrize("form", ["", ".json", ".atom"])
def test_what_has_not_changed_is_not_sent_again(service: Service, form: str) -> None:
    # A minute of its own may begin in between: then it has changed.
    slug = page(service)
    for _ in range(2):
        first = get(service, slug, form)
        again = get(service, slug, form, If_None_Match=f'"other", W/{first.headers["ETag"]}')
        if again.status_code == 304:
            break

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=15"
    assert first.headers["ETag"] == again.headers["ETag"]


@pytest.mark.parametrize("form", ["", ".json", ".atom"])
def test_no_page_is_no_page(service: Service, form: str) -> None:
    assert get(service, "none", form).status_code == 404
    slug = page(service)
    assert get(service, slug, form).status_code == 200

    service.call("DELETE", f"{PATH}/{slug}")

    assert get(service, slug, form).status_code == 404


def test_nothing_that_is_written_becomes_markup(service: Service) -> None:
    name = monitor(service, "k<b>&\"'", name=NASTY.replace("\u0085", ""))
    slug = page(service, name, title=NASTY, description=NASTY)
    write(service, slug, title=NASTY, text=NASTY * 50, keys=[name])
    write(service, slug, title="w" * 200, text="w" * 5000)

    html = get(service, slug).text

    assert not re.search(r"<script|<b>&|alert\(&quot;|<style| style=| on[a-z]+=", html)
    assert "{{ 7 * 7 }}" in html
    assert html.count("&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;") > 50
    assert get(service, slug, ".json").json()["title"] == NASTY


def test_the_feed_is_well_formed_whatever_is_written(service: Service) -> None:
    slug = page(service, title=NASTY)
    write(service, slug, title=NASTY, text=NASTY)

    found = feed(service, slug)

    seen = NASTY.replace("\ufffe", "")
    assert texts(found, "title") == [seen, f"Investigating: {seen}"]
    assert texts(found, "content") == [seen]
    assert get(service, slug, ".atom").headers["Content-Type"] == "application/atom+xml"


def test_the_ids_of_a_feed_stay(service: Service) -> None:
    slug, other = page(service), page(service)
    write(service, slug)
    before = texts(feed(service, slug), "id")

    write(service, slug, title="More")
    after = texts(feed(service, slug), "id")

    assert set(before) < set(after)
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", each) for each in after)
    assert texts(feed(service, other), "id")[0] != after[0]


def test_a_feed_is_as_new_as_what_is_in_it(service: Service) -> None:
    slug = page(service)
    old = write(service, slug, at="2026-01-02T03:04:05Z")
    document = feed(service, slug)

    assert texts(document, "updated")[1] == old["at"]
    assert texts(document, "updated")[0] == service.get(f"{PATH}/{slug}")["updated_at"][:19] + "Z"
    assert [link.get("href") for link in document.iter(f"{{{ATOM}}}link")] == [
        f"{slug}.atom",
        slug,
        f"{slug}#{old['incident']}",
    ]


def test_a_head_of_a_page_has_no_body(service: Service) -> None:
    answer = service.call("HEAD", f"/status/{page(service)}")

    assert (answer.status_code, answer.content) == (200, b"")


def test_no_key_is_asked_of_the_public(tmp_path: Path) -> None:
    key = {"Authorization": "Bearer secret-of-the-house"}
    asked = {"slug": "open", "title": "Open", "selection": {"keys": ["none"]}}
    with running(tmp_path, {"TERCET_API_KEY": "secret-of-the-house"}) as service:
        assert service.call("POST", PATH, json=asked).status_code == 401
        assert service.call("POST", PATH, json=asked, headers=key).status_code == 201
        answers = [get(service, "open", form) for form in ("", ".json", ".atom")]
        answers.append(service.call("GET", "/badges/none/status.svg"))

    assert {answer.status_code for answer in answers} == {200}
    assert "Set-Cookie" not in answers[0].headers
    assert "style-src 'self'" in answers[0].headers["Content-Security-Policy"]
