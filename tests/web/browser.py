"""A browser without scripts: reads pages, and sends their forms with what stands in them."""

import re
from html.parser import HTMLParser
from typing import Any

import requests

from tests.services import Service

_PATIENCE_SECONDS = 90.0
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
Fields = dict[str, list[str]]


class Browser(requests.Session):
    """Keeps its session as a browser does; its scripts are off.

    Args:
        service: whose pages are seen.
    """

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.service = service
        self.headers.update({"Accept": "text/html"})

    def see(self, path: str, status: int = 200) -> str:
        """A page, with the status that it is expected to have."""
        answer = self.get(self.service.url + path, timeout=_PATIENCE_SECONDS)
        assert answer.status_code == status, answer.text
        return answer.text

    def form(self, path: str, action: str) -> Fields:
        """The fields of a form of a page, as a browser would send them untouched."""
        return fields_of(self.see(path), action)

    def fill(self, page: str, to: str, **fields: Any) -> requests.Response:
        """Send fields with the token of a page; where it leads is not followed."""
        token = _TOKEN.search(self.see(page))
        assert token is not None
        return self.submit(to, {"csrf": [token[1]]}, **fields)

    def submit(self, path: str, fields: Fields, **changes: Any) -> requests.Response:
        """Send a form, some of its fields changed; what follows is not followed."""
        sent = {**fields, **changes}
        return self.post(
            self.service.url + path, data=sent, allow_redirects=False, timeout=_PATIENCE_SECONDS
        )


def fields_of(text: str, action: str) -> Fields:
    """The fields of the form with this action."""
    parser = _Form(action)
    parser.feed(text)
    assert parser.fields, f"there is no form to {action}"
    return parser.fields


class _Form(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self._action = action
        self._inside = False
        self._select: str | None = None
        self._area: str | None = None
        self.fields: Fields = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        if tag == "form":
            self._inside = given.get("action") == self._action
        if not self._inside:
            return
        if tag == "input" and "name" in given:
            self._begin_input(given)
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select:
            if self._select not in self.fields or "selected" in given:
                self.fields[self._select] = [given.get("value", "")]
        elif tag == "textarea":
            self._area = given["name"]
            self._put(given["name"], "")

    def _begin_input(self, given: dict[str, Any]) -> None:
        boxed = given.get("type") in {"checkbox", "radio"}
        if not boxed or "checked" in given:
            self._put(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._area:
            # A browser drops the line end at the beginning, and sends others as two characters.
            text = self.fields[self._area][-1].replace("\r\n", "\n").replace("\r", "\n")
            self.fields[self._area][-1] = text.removeprefix("\n").replace("\n", "\r\n")
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area][-1] += data.replace("\0", "\ufffd")

    def _put(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(value)
