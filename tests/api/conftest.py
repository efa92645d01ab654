"""One service for all tests of the API."""

from collections.abc import Iterator

import pytest

from tests.services import Service, running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made
