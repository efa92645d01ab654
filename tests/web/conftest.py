"""A service for the tests of a file, and a browser without scripts to see its pages with."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import requests

from tests.farm.servers import Handler, Servers
from tests.services import PATIENCE_SECONDS, Service, running

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


class Browser:
    """Sees pages and sends their forms, as a browser does whose scripts are off."""

    def __init__(self, service: Service, session: requests.Session) -> None:
        self.service = service
        self.session = session
        session.headers["Accept"] = "text/html"

    def see(self, path: str) -> str:
        """A page that is there."""
        answer = self.session.get(self.service.url + path, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, page: str, to: str, **fields: Any) -> requests.Response:
        """What is answered to a form of a page, before following where it leads."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.see(page))
        assert token is not None
        return self.session.post(
            self.service.url + to,
            data={"csrf": token[1], **fields},
            allow_redirects=False,
            timeout=60,
        )


class Visitor:
    """Opens pages and sends forms as a browser without scripts does."""

    def __init__(self, service: Service) -> None:
        self._url = service.url
        self._session = requests.Session()
        self._session.headers["Accept"] = "text/html"

    def page(self, path: str, status: int = 200) -> str:
        """A page as text."""
        answer = self._session.get(self._url + path, timeout=PATIENCE_SECONDS)
        assert answer.status_code == status, answer.text
        return answer.text

    def send(
        self, path: str, at: str | None = None, **fields: str | Sequence[str]
    ) -> requests.Response:
        """Send a form with the token of the page that it stands on; redirects are not followed.

        Args:
            at: the page it stands on, unless that is where it is sent to.
        """
        found = _TOKEN.search(self.page(at or path))
        assert found is not None
        return self._session.post(
            self._url + path,
            data={"csrf": found[1], **fields},
            allow_redirects=False,
            timeout=PATIENCE_SECONDS,
        )

    def leave(self) -> None:
        self._session.close()


def at(farm: Servers, handler: Handler) -> str:
    """The URL of a target that answers so."""
    return f"http://127.0.0.1:{farm.serve(handler)}/"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture
def browser(service: Service) -> Iterator[Browser]:
    with requests.Session() as session:
        yield Browser(service, session)


@pytest.fixture
def visitor(service: Service) -> Iterator[Visitor]:
    made = Visitor(service)
    yield made
    made.leave()
