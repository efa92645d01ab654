"""What the operator may set: `TERCET_…` variables, read once at the entry point."""

import importlib.util
import ipaddress
import re
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from checkers import CheckerError, InvalidUrl, parse, tls

_EXPORTER = "opentelemetry.exporter.otlp.proto.http"
_LOOPBACK_NAMES = frozenset({"localhost"})
_HOST = re.compile(r"[A-Za-z0-9_.-]+\Z|\[?[0-9A-Fa-f:.]+\]?\Z")


class Settings(BaseSettings):
    """The settings of a service; a bad value ends the start with its name."""

    model_config = SettingsConfigDict(
        env_prefix="TERCET_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    database_url: str = Field(
        default="sqlite:///tercet.db", description="Where everything is stored; SQLite only."
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port; 0: any free one.")
    api_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Bearer key for every call; needed to listen on anything but loopback.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Names the service is called by, by commas, besides localhost and its address.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Seals secrets in the database; without it, a key file lies beside that.",
    )
    allowed_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Loopback, private or reserved networks that may be checked, by commas.",
    )
    ca_bundle: str | None = Field(
        default=None, description="A PEM file of certificates to trust instead of the system's."
    )
    probe_modules: str | None = Field(
        default=None,
        description="The module file of `/probe`, a blackbox.yml; read anew when it has changed.",
    )
    max_request_bytes: int = Field(
        default=32 * 1024 * 1024, ge=1024, description="The largest request body, in bytes."
    )
    per_host: int = Field(
        default=10,
        ge=0,
        le=10_000,
        description="Checks of monitors in flight at most to one host and port; 0: no limit.",
    )
    canary_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="By commas: when none of them answers, our own connectivity is lost.",
    )
    heartbeat_url: str | None = Field(
        default=None,
        description="Called every minute while all is well, for whoever watches the watcher.",
    )
    retention_days: float = Field(
        default=30.0,
        ge=0,
        le=36_500,
        description="How long batches and comparisons are kept once ended; 0: for ever.",
    )
    raw_days: float = Field(
        default=7.0,
        ge=1,
        le=36_500,
        description="How long single outcomes of monitors are kept; their roll-ups stay.",
    )
    raw_max_bytes: int = Field(
        default=5_000_000_000,
        ge=1_000_000,
        description="How much room those may take; beyond it the oldest go first.",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="URL of an OTLP/HTTP traces endpoint that checks of monitors are told to.",
    )
    otlp_sample: float = Field(
        default=1.0, ge=0, le=1, description="The share of those checks that are traced."
    )
    drain_seconds: float = Field(
        default=8.0,
        ge=0,
        le=600,
        description="How long checks in flight may take to end once the service is told to stop.",
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Log lines for people (console) or for machines (json)."
    )

    @field_validator("database_url")
    @classmethod
    def _sqlite_only(cls, value: str) -> str:
        if not value.startswith("sqlite:///") or value in ("sqlite:///", "sqlite:///:memory:"):
            raise ValueError("must be sqlite:///PATH, the path of a file")
        return value

    @field_validator("allowed_networks", "allowed_hosts", "canary_urls", mode="before")
    @classmethod
    def _by_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("allowed_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _HOST.match(host):
                raise ValueError(f"{host!r} is not the name of a host, without scheme and port")
        return value

    @field_validator("canary_urls")
    @classmethod
    def _canaries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            _must_be_a_url(url)
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _heartbeat(cls, value: str | None) -> str | None:
        if value is not None:
            _must_be_a_url(value)
        return value

    @field_validator("ca_bundle")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                tls.check_bundle(value)
            except CheckerError as error:
                raise ValueError(str(error)) from error
        return value

    @field_validator("otlp_endpoint")
    @classmethod
    def _traceable(cls, value: str | None) -> str | None:
        if value is not None:
            _must_be_a_url(value)
            if not _is_there(_EXPORTER):
                raise ValueError("needs the extra: pip install 'tercet[otel]'")
        return value

    @property
    def passphrase(self) -> str | None:
        """What secrets are sealed with; `None`: the key file's key."""
        return None if self.secret_key is None else self.secret_key.get_secret_value()

    @property
    def loopback_only(self) -> bool:
        """Whether nobody but this machine can reach the service."""
        if self.host in _LOOPBACK_NAMES:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def _must_be_a_url(url: str) -> None:
    try:
        parse(url)
    except InvalidUrl as error:
        raise ValueError(f"{url!r}: {error}") from error


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
