"""A service for the tests of a file, and somebody who opens its pages and sends their forms."""

import re
from collections.abc import Iterator, Sequence

import pytest
import requests

from tests.services import PATIENCE_SECONDS, Service, running

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


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


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture
def visitor(service: Service) -> Iterator[Visitor]:
    made = Visitor(service)
    yield made
    made.leave()
