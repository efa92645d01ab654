"""A service for the tests of a file, and a browser without scripts to see its pages with."""

from collections.abc import Iterator

import pytest

from tests.farm.servers import Handler, Servers
from tests.services import Service, running
from tests.web.browser import Browser


def at(farm: Servers, handler: Handler) -> str:
    """The URL of a target that answers so."""
    return f"http://127.0.0.1:{farm.serve(handler)}/"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture
def browser(service: Service) -> Iterator[Browser]:
    with Browser(service) as made:
        yield made
