"""A service for each file of tests of pages, and who reads its pages and sends their forms."""

from collections.abc import Iterator

import pytest

from tests.services import Service, running
from tests.web.reader import Reader


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that is shared by the tests of a file."""
    with running(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest.fixture
def reader(service: Service) -> Iterator[Reader]:
    """A browser without scripts."""
    with Reader(service.url) as made:
        yield made
