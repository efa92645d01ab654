"""Modules of a file of blackbox_exporter's as Tercet's own, or why they cannot be taken over."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import SecretStr, ValidationError

from app.api.asked import TOKEN
from app.api.probe_in import FileIn, HttpIn, ModuleIn, TlsIn
from app.api.targets import FIELD_VALUE, FRAMING
from app.domain.probe import Credentials, HeaderRule, Module
from checkers.target import SECRET_HEADERS

#: The largest file that is read, in bytes.
MAX_FILE_BYTES: Final = 4 * 1024 * 1024
_BUILT_IN: Final = """
modules:
  http_2xx: {prober: http}
  http_post_2xx: {prober: http, http: {method: POST}}
"""
_MASK: Final = "<secret>"
#: How pydantic writes a secret.
_MASKED: Final = "**********"
_OURS: Final = frozenset({"HTTP/1.0", "HTTP/1.1"})
# Fields that say something only where they are set.
_UNSUPPORTED: Final = (
    "oauth2", "proxy_url", "no_proxy", "proxy_from_environment", "proxy_connect_header",
    "http_headers", "body_file", "enable_http3", "fail_if_body_json_matches_cel",
    "fail_if_body_json_not_matches_cel",
)  # fmt: skip


class BadModules(ValueError):
    """The file cannot be used; its text says what is wrong with it, and where."""


def built_in() -> Mapping[str, Module]:
    """The modules that there are without a file."""
    return _read(_BUILT_IN)


def read_modules(path: str) -> Mapping[str, Module]:
    """The modules of a file, by name.

    Raises:
        BadModules: it cannot be read, or holds what is not known.
    """
    try:
        with Path(path).open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8"
        raise BadModules(f"{path} cannot be read: {said}.") from error
    if len(data) > MAX_FILE_BYTES:
        raise BadModules(f"{path} is larger than {MAX_FILE_BYTES} bytes.")
    try:
        return _read(text)
    except BadModules as error:
        raise BadModules(f"{path}: {error}") from error


def _read(text: str) -> Mapping[str, Module]:
    try:
        # Every scalar as it is written, so that a header of 1.10 stays one; it makes no objects.
        given = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 -- BaseLoader is safer still
        asked = FileIn.model_validate(given)
    except yaml.YAMLError as error:
        raise BadModules(f"is no YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise BadModules("is nested too deeply") from error
    except ValidationError as error:
        raise BadModules("; ".join(_sentences(error))) from error
    return {name: _module(name, each) for name, each in asked.modules.items()}


def _sentences(error: ValidationError) -> Iterator[str]:
    for found in error.errors(include_url=False, include_input=False)[:10]:
        place = ".".join(str(part) for part in found["loc"]) or "the file"
        said = found["msg"].removeprefix("Value error, ")
        yield f"{place} is not known" if found["type"] == "extra_forbidden" else f"{place}: {said}"


def _module(name: str, asked: ModuleIn) -> Module:
    http, tls = asked.http, asked.http.tls_config
    follow = http.follow_redirects
    if http.no_follow_redirects is not None:
        follow = not http.no_follow_redirects
    coding = http.compression
    return Module(
        unsupported=_unsupported(name, asked),
        timeout=asked.timeout,
        method=http.method,
        headers=tuple(http.headers.items()),
        body=http.body.encode("utf-8", "replace") or None,
        valid_status_codes=tuple(http.valid_status_codes),
        valid_http_versions=tuple(http.valid_http_versions),
        follow_redirects=follow,
        coding=coding if coding == "gzip" or coding == "deflate" else None,  # noqa: PLR1714 -- narrows
        body_size_limit=http.body_size_limit,
        prefer=4 if http.preferred_ip_protocol == "ip4" else 6,
        fallback=http.ip_protocol_fallback,
        fail_if_ssl=http.fail_if_ssl,
        fail_if_not_ssl=http.fail_if_not_ssl,
        body_matches=tuple(http.fail_if_body_matches_regexp),
        body_not_matches=tuple(http.fail_if_body_not_matches_regexp),
        header_matches=tuple(HeaderRule(**dict(r)) for r in http.fail_if_header_matches),
        header_not_matches=tuple(HeaderRule(**dict(r)) for r in http.fail_if_header_not_matches),
        credentials=_credentials(http),
        verify_tls=not tls.insecure_skip_verify,
        server_name=tls.server_name or None,
        ca_file=_file(name, "ca_file", tls.ca_file),
        cert_file=_file(name, "cert_file", tls.cert_file),
        key_file=_file(name, "key_file", tls.key_file),
        written=_written(asked),
    )


def _file(module: str, field: str, path: str | None) -> str | None:
    """The path of a file that whoever carries out a probe can read.

    Raises:
        BadModules: it cannot be read.
    """
    if not path:
        return None
    try:
        with Path(path).open("rb") as opened:
            opened.read(1)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is no path"
        place = f"modules.{module}.http.tls_config.{field}"
        raise BadModules(f"{place}: {path} cannot be read: {said}") from error
    return str(Path(path).absolute())


def _unsupported(name: str, asked: ModuleIn) -> str | None:
    if asked.prober != "http":
        return f"Module {name!r} has the prober {asked.prober}; only http is supported here."
    field = next(_unsupported_fields(asked.http), None)
    return None if field is None else f"Module {name!r} has {field}, which is not supported here."


def _unsupported_fields(http: HttpIn) -> Iterator[str]:
    for field in _UNSUPPORTED:
        if getattr(http, field):
            yield f"http.{field}"
    if http.compression == "br":
        yield "http.compression: br"
    if http.valid_http_versions and not _OURS.intersection(http.valid_http_versions):
        yield "http.valid_http_versions without HTTP/1.1"
    if http.basic_auth is not None and http.basic_auth.username_file:
        yield "http.basic_auth.username_file"
    yield from _unsupported_in_tls(http.tls_config)
    for header, value in http.headers.items():
        if not TOKEN.fullmatch(header) or not FIELD_VALUE.match(value) or header.lower() in FRAMING:
            yield f"http.headers.{header}"


def _unsupported_in_tls(tls: TlsIn) -> Iterator[str]:
    for field in ("ca", "cert", "key", "max_version"):
        if getattr(tls, field):
            yield f"http.tls_config.{field}"
    if tls.min_version not in (None, "TLS12"):
        yield f"http.tls_config.min_version: {tls.min_version}"
    if bool(tls.cert_file) != bool(tls.key_file):
        yield "http.tls_config with one of cert_file and key_file"


def _credentials(http: HttpIn) -> Credentials | None:
    if (basic := http.basic_auth) is not None:
        return Credentials(
            scheme="Basic", username=basic.username, secret=_text(basic.password),
            file=basic.password_file,
        )  # fmt: skip
    if (other := http.authorization) is not None:
        return Credentials(
            scheme=other.type, secret=_text(other.credentials), file=other.credentials_file
        )
    if http.bearer_token is None and http.bearer_token_file is None:
        return None
    return Credentials(
        scheme="Bearer", secret=_text(http.bearer_token), file=http.bearer_token_file
    )


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _written(asked: ModuleIn) -> str:
    """The module as a person may see it: what was given, what matters of the rest, no secret."""
    shown: dict[str, Any] = {"prober": asked.prober, "timeout": f"{asked.timeout:g}s"}
    if asked.prober == "http":
        http = asked.http.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        for field in ("ip_protocol_fallback", "follow_redirects", "enable_http2"):
            http.setdefault(field, getattr(asked.http, field))
        for header in http.get("headers", {}):
            if header.lower() in SECRET_HEADERS:
                http["headers"][header] = _MASK
        for field in ("oauth2", "http_headers", "proxy_connect_header"):
            if field in http:
                http[field] = _MASK
        shown["http"] = _with_mask(http)
    text: str = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True)
    return text


def _with_mask(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_mask(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_mask(each) for each in value]
    return _MASK if value == _MASKED else value
