"""What the tests of the storage share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.storage.database import Database
from app.storage.file import migrate
from app.storage.vault import Vault


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """A database of its own, empty."""
    made = f"sqlite:///{tmp_path}/tercet.db"
    migrate(made)
    return made


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """That database, open."""
    made = Database(database_url, Vault(Fernet.generate_key()))
    yield made
    made.close()
