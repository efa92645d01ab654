"""Secrets: sealed in the file, sent to the target, read back as stars."""

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.storage.file import open_vault
from tests.farm.servers import Servers, ok, recording
from tests.services import Service, lay_database, running

SECRETS = ("s3cret-password", "s3cret-token", "s3cret-cookie", "s3cret-header")


def _asked(url: str) -> dict[str, object]:
    return {
        "targets": [
            {"url": url, "auth": {"type": "basic", "username": "u", "password": SECRETS[0]}},
            {"url": url, "auth": {"type": "bearer", "token": SECRETS[1]}},
            {"url": url, "headers": {"Cookie": SECRETS[2], "X-Plain": "seen"}},
            {"url": url, "headers": {"authorization": SECRETS[3]}},
        ]
    }


@pytest.mark.parametrize("settings", [{}, {"TERCET_SECRET_KEY": "sixteen characters"}])
def test_a_secret_reaches_its_target_and_nothing_else(
    tmp_path: Path, farm: Servers, settings: dict[str, str]
) -> None:
    asked: list[bytes] = []
    url = f"http://127.0.0.1:{farm.serve(recording(asked, ok()))}/"
    with running(tmp_path, settings) as service:
        answer = service.call(
            "POST", "/api/v1/batches", json=_asked(url), headers={"Prefer": "wait=30"}
        )
        again = service.call("POST", answer.json()["links"]["rerun"], headers={"Prefer": "wait=30"})
        read = service.call("GET", answer.json()["links"]["targets"])

    pair = base64.b64encode(f"u:{SECRETS[0]}".encode()).decode()
    sent = b"\n".join(asked).decode()
    assert answer.json()["counts"]["up"] == again.json()["counts"]["up"] == 4
    assert all(sent.count(secret) == 2 for secret in (pair, *SECRETS[1:]))
    targets = read.json()["items"]
    assert targets[0]["auth"] == {"type": "basic", "username": "u", "password": "***"}
    assert targets[1]["auth"] == {"type": "bearer", "token": "***"}
    assert targets[2]["headers"] == {"Cookie": "***", "X-Plain": "seen"}
    assert targets[3]["headers"] == {"authorization": "***"}
    for file in tmp_path.iterdir():
        stored = file.read_bytes()
        assert not any(s.encode() in stored for s in (pair, *SECRETS)), file


def test_the_key_lies_beside_the_database_for_its_owner_only(tmp_path: Path) -> None:
    with running(tmp_path):
        key = tmp_path / "tercet.db.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        made = key.read_bytes()

    with running(tmp_path):
        assert key.read_bytes() == made


@pytest.mark.parametrize("settings", [{}, {"TERCET_SECRET_KEY": "another key of some length"}])
def test_a_wrong_key_ends_the_start_and_says_so(tmp_path: Path, settings: dict[str, str]) -> None:
    database_url = f"sqlite:///{lay_database(tmp_path)}"
    open_vault(database_url, "sixteen characters")

    ended = subprocess.run(
        [sys.executable, "-P", "-m", "app", "serve"],
        env={**os.environ, "TERCET_PORT": "0",
             "TERCET_DATABASE_URL": database_url, **settings},
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert ended.returncode == 2
    assert "were not sealed with" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_secret_is_logged(tmp_path: Path, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.refusing()}/?token={SECRETS[1]}"
    service = Service(tmp_path, {"TERCET_LOG_FORMAT": "json"})
    service.start()
    service.call("POST", "/api/v1/batches", json=_asked(url), headers={"Prefer": "wait=30"})
    service.stop()

    assert not any(secret in service.log() for secret in SECRETS)
