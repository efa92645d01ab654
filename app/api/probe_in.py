"""The module file of blackbox_exporter as it is written; what is not known in it is refused."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from app.api.asked import TOKEN
from checkers import patterns
from checkers.errors import InvalidPattern

# Go's time.ParseDuration.
_PART: Final = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_DURATION: Final = re.compile(rf"(?:{_PART.pattern})+\Z")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0,
                   "m": 60.0, "h": 3600.0}  # fmt: skip
_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(?:([KMGTPE]?)i?B)?\Z", re.IGNORECASE)
_POWERS: Final = " KMGTPE"
_METHOD: Final = re.compile(rf"(?:{TOKEN.pattern})\Z")


def _seconds(value: object) -> object:
    text = str(value)
    if text == "0":
        return 0.0
    if not _DURATION.match(text):
        raise ValueError("is no duration, such as 5s or 1m30s")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def _bytes(value: object) -> object:
    found = _SIZE.match(str(value))
    if found is None:
        raise ValueError("is no size, such as 500KB or 10MB")
    power = _POWERS.index((found[2] or " ").upper())
    return int(float(found[1]) * 1024**power)


def _pattern(value: object) -> object:
    try:
        patterns.compiled(str(value))
    except InvalidPattern as error:
        raise ValueError(str(error)) from error
    return value


def _method(value: object) -> object:
    if not _METHOD.match(str(value)):
        raise ValueError("is no method")
    return value


def _nothing(value: object) -> object:
    """A key without a value stands for what it would be without the key."""
    return {} if value in (None, "") else value


Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0, le=86_400)]
Size = Annotated[int, BeforeValidator(_bytes), Field(ge=0)]
Pattern = Annotated[str, BeforeValidator(_pattern)]
Anything = Annotated[Any, BeforeValidator(_nothing)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class HeaderRuleIn(_In):
    """A pattern for a header field."""

    header: str = Field(min_length=1)
    regexp: Pattern
    allow_missing: bool = False


class BasicAuthIn(_In):
    """A user and a password, or the file it lies in."""

    username: str = ""
    username_file: str | None = None
    password: SecretStr | None = None
    password_file: str | None = None


class AuthorizationIn(_In):
    """A scheme and what it is given."""

    type: str = Field(default="Bearer", pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
    credentials: SecretStr | None = None
    credentials_file: str | None = None


class TlsIn(_In):
    """How a handshake is made and verified."""

    ca: str | None = None
    ca_file: str | None = None
    cert: str | None = None
    cert_file: str | None = None
    key: SecretStr | None = None
    key_file: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    min_version: str | None = None
    max_version: str | None = None


class HttpIn(_In):
    """The http prober."""

    valid_status_codes: list[Annotated[int, Field(ge=100, le=999)]] = []
    valid_http_versions: list[str] = []
    preferred_ip_protocol: Literal["ip4", "ip6", ""] = ""
    ip_protocol_fallback: bool = True
    skip_resolve_phase_with_proxy: bool = False
    no_follow_redirects: bool | None = None
    fail_if_ssl: bool = False
    fail_if_not_ssl: bool = False
    method: Annotated[str, BeforeValidator(_method)] = "GET"
    headers: dict[str, str] = {}
    fail_if_body_matches_regexp: list[Pattern] = []
    fail_if_body_not_matches_regexp: list[Pattern] = []
    fail_if_body_json_matches_cel: str | None = None
    fail_if_body_json_not_matches_cel: str | None = None
    fail_if_header_matches: list[HeaderRuleIn] = []
    fail_if_header_not_matches: list[HeaderRuleIn] = []
    body: str = ""
    body_file: str | None = None
    compression: Literal["gzip", "deflate", "br", "identity", ""] = ""
    body_size_limit: Size = 0
    basic_auth: BasicAuthIn | None = None
    authorization: AuthorizationIn | None = None
    oauth2: Anything = None
    bearer_token: SecretStr | None = None
    bearer_token_file: str | None = None
    tls_config: Annotated[TlsIn, BeforeValidator(_nothing)] = TlsIn()
    proxy_url: SecretStr | None = None
    no_proxy: str | None = None
    proxy_from_environment: bool = False
    proxy_connect_header: Anything = None
    http_headers: Anything = None
    follow_redirects: bool = True
    enable_http2: bool = True
    enable_http3: bool = False

    @model_validator(mode="after")
    def _one_of_each(self) -> "HttpIn":
        given = [self.basic_auth, self.authorization, self.oauth2, self.bearer_token,
                 self.bearer_token_file]  # fmt: skip
        if sum(each is not None for each in given) > 1:
            raise ValueError("has more than one way to authorize")
        basic, other = self.basic_auth, self.authorization
        if basic and basic.password is not None and basic.password_file is not None:
            raise ValueError("has a password and a password_file")
        if other and other.credentials is not None and other.credentials_file is not None:
            raise ValueError("has credentials and a credentials_file")
        if other and other.type.lower() == "basic":
            raise ValueError("has an authorization of type Basic; that is basic_auth")
        return self


class ModuleIn(_In):
    """A module; what other probers are told is not looked into."""

    prober: Literal["http", "tcp", "icmp", "dns", "grpc", "unix"]
    timeout: Duration = 0.0
    http: Annotated[HttpIn, BeforeValidator(_nothing)] = HttpIn()
    tcp: Anything = None
    icmp: Anything = None
    dns: Anything = None
    grpc: Anything = None
    unix: Anything = None


class FileIn(_In):
    """The file."""

    modules: dict[str, ModuleIn]
