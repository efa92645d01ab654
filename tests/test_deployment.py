"""The image, its composition and the unit: what can be told of them without an engine."""

import configparser
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings
from tests.services import Service, running

ROOT = Path(__file__).parents[1]


def test_the_dockerfile_has_nothing_a_linter_finds() -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), ROOT / "Dockerfile"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (found.returncode, found.stdout) == (0, "")


def test_the_final_stage_is_not_root_and_has_no_build_tools() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    final = text[text.rindex("\nFROM ") :]

    assert text.count("\nFROM ") == 2
    assert "USER 10001:10001" in final
    assert "HEALTHCHECK" in final
    assert not any(tool in final for tool in ("apt-get", "gcc", "uv ", "pip install"))


def test_what_the_dockerfile_copies_is_let_through_and_nothing_private_is() -> None:
    let_through = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {"app", "checkers", "migrations", "pyproject.toml", "requirements.lock"}

    assert let_through[0] == "*"
    assert {line[1:] for line in let_through if line.startswith("!")} >= copied


def test_the_composition_runs_read_only_with_one_volume() -> None:
    composed: Any = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    service = composed["services"]["tercet"]

    assert service["read_only"] is True
    assert service["volumes"] == ["tercet:/data"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert service["cap_drop"] == ["ALL"]
    drain = Settings().drain_seconds
    assert float(service["stop_grace_period"].rstrip("s")) > drain
    known = {f"TERCET_{name.upper()}" for name in Settings.model_fields}
    assert set(service["environment"]) <= known


def test_the_unit_is_read_by_systemd_and_tells_the_service_alone_to_stop() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(ROOT / "docs" / "tercet.service")

    service = unit["Service"]
    assert service["KillMode"] == "mixed"
    assert float(service["TimeoutStopSec"]) > Settings().drain_seconds
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(tmp_path_factory.mktemp("service"), {"TERCET_SECRET_KEY": ""}) as made:
        yield made


def test_a_setting_that_is_empty_is_one_that_was_not_given(service: Service) -> None:
    assert (service.folder / "tercet.db.key").exists()


def test_the_health_command_tells_whether_the_service_is_ready(service: Service) -> None:
    def health(port: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "app", "health"],
            env={"TERCET_PORT": port}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    well, gone = health(service.url.rpartition(":")[2]), health("1")

    assert (well.returncode, well.stdout) == (0, "ok\n")
    assert (gone.returncode, "no answer" in gone.stderr) == (1, True)
