"""A service for the pages of a module, and somebody who opens them and sends their forms."""

import re
from collections.abc import Iterator

import pytest
import requests

from tests.services import Service, running


class Reader:
    """Opens pages as a browser without scripts does, and sends forms with the page's token."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html"

    def page(self, path: str, status: int = 200) -> str:
        answer = self.session.get(self.service.url + path, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.text

    def send(
        self, path: str, page: str, **fields: str | list[str] | list[int]
    ) -> requests.Response:
        """What comes of a form; `page` is where it stands. Nobody is led on by the answer."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.page(page))
        assert token is not None
        sent = {"csrf": token[1], **fields}
        return self.session.post(
            self.service.url + path, data=sent, timeout=60, allow_redirects=False
        )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest.fixture(scope="module")
def reader(service: Service) -> Iterator[Reader]:
    made = Reader(service)
    yield made
    made.session.close()
