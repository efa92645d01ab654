"""A service for the tests of a file, and a browser without scripts to see its pages with."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.farm.servers import Handler, Servers
from tests.services import Service, running


class Browser:
    """Sees pages and sends their forms, as a browser does whose scripts are off."""

    def __init__(self, service: Service, session: requests.Session) -> None:
        self.service = service
        self.session = session
        session.headers["Accept"] = "text/html"

    def see(self, path: str, status: int = 200) -> str:
        """A page, with the status that it is expected to have."""
        answer = self.session.get(self.service.url + path, timeout=60)
        assert answer.status_code == status, answer.text
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
