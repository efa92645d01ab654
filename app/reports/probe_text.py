"""A probe as Prometheus and people read it: the names of blackbox_exporter, in text format 0.0.4.

Written by hand: every probe has the same few lines, and building a registry for each of them costs
more than the check.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from app.domain.probe import Module
from app.domain.probed import Probed
from checkers import Outcome
from checkers.probe import Chain

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# As Go counts an instant that there is none of, from its year 1.
_NO_INSTANT: Final = -62135596800
_HELP: Final = {
    "probe_dns_lookup_time_seconds": "Seconds that looking up the target's name took",
    "probe_duration_seconds": "Seconds from the first look-up or connect call to the end",
    "probe_failed_due_to_regex": "Whether a pattern of the module failed the probe",
    "probe_http_content_length": "Content-Length of the final response, -1 where it has none",
    "probe_http_duration_seconds": "Seconds of each phase, summed over all redirects",
    "probe_http_last_modified_timestamp_seconds": "Last-Modified of the final response, Unix time",
    "probe_http_redirects": "Redirects that the target answered with",
    "probe_http_ssl": "Whether the final response came over TLS",
    "probe_http_status_code": "Status code of the final response, 0 where there was none",
    "probe_http_uncompressed_body_length": "Bytes of the final body, its coding undone",
    "probe_http_version": "HTTP version of the final response",
    "probe_ip_addr_hash": "Hash of the address of the target, to tell when it changes",
    "probe_ip_protocol": "IP version that the target was asked by, 4 or 6",
    "probe_ssl_earliest_cert_expiry": "When the first certificate shown expires, Unix time",
    "probe_ssl_last_chain_expiry_timestamp_seconds":
        "When the longest-lived verified chain expires, Unix time",
    "probe_ssl_last_chain_info": "The certificate that the server showed as its own",
    "probe_success": "Whether the target is as the module wants it",
    "probe_tls_cipher_info": "The cipher suite agreed on",
    "probe_tls_version_info": "The TLS version agreed on",
}  # fmt: skip
_HEAD: Final = {
    name: f"# HELP {name} {text}\n# TYPE {name} gauge\n" for name, text in _HELP.items()
}
# All that stands before a value, for those that are in nearly every answer.
_DNS, _DURATION, _REGEX, _LENGTH, _MODIFIED, _REDIRECTS, _SSL, _STATUS, _BODY = (
    f"{_HEAD[name]}{name} "
    for name in (
        "probe_dns_lookup_time_seconds", "probe_duration_seconds", "probe_failed_due_to_regex",
        "probe_http_content_length", "probe_http_last_modified_timestamp_seconds",
        "probe_http_redirects", "probe_http_ssl", "probe_http_status_code",
        "probe_http_uncompressed_body_length",
    )
)  # fmt: skip
_VERSION, _HASH, _PROTOCOL, _SUCCESS = (
    f"{_HEAD[name]}{name} "
    for name in ("probe_http_version", "probe_ip_addr_hash", "probe_ip_protocol", "probe_success")
)
_PHASES: Final = "probe_http_duration_seconds"
_CONNECT: Final = f'{_HEAD[_PHASES]}{_PHASES}{{phase="connect"}} '
_PROCESSING, _RESOLVE, _TLS, _TRANSFER = (
    f'{_PHASES}{{phase="{phase}"}} ' for phase in ("processing", "resolve", "tls", "transfer")
)


_USUAL: Final = (
    f"{_DNS}%r\n{_DURATION}%r\n{_REGEX}%d\n{_LENGTH}%d\n{_CONNECT}%r\n{_PROCESSING}%r\n"
    f"{_RESOLVE}%r\n{_TLS}%r\n{_TRANSFER}%r\n{_REDIRECTS}%d\n{_SSL}%d\n{_STATUS}%d\n{_BODY}%d\n"
    f"{_VERSION}%r\n{_HASH}%d\n{_PROTOCOL}%d\n{_SUCCESS}%d\n"
)


def metrics(probed: Probed) -> str:
    """The figures, sorted by name."""
    plain = probed.dialled and probed.last_modified is None and not probed.tls_version
    return _usual(probed) if plain else _of_any(probed)


def _of_any(probed: Probed) -> str:
    parts: list[str] = []
    phases = probed.phases
    if probed.parsed:
        parts.append(f"{_DNS}{phases.name_lookup or 0}\n")
    parts.append(
        f"{_DURATION}{probed.seconds}\n{_REGEX}{probed.failed_due_to_regex:d}\n"
        f"{_LENGTH}{probed.content_length}\n"
    )
    if probed.dialled:
        parts.append(
            f"{_CONNECT}{phases.connect or 0}\n{_PROCESSING}{phases.wait or 0}\n"
            f"{_RESOLVE}{phases.name_lookup or 0}\n{_TLS}{phases.tls or 0}\n"
            f"{_TRANSFER}{phases.receive or 0}\n"
        )
    elif probed.parsed:
        parts.append(f"{_HEAD[_PHASES]}{_RESOLVE}{phases.name_lookup or 0}\n")
    if probed.last_modified is not None:
        parts.append(f"{_MODIFIED}{probed.last_modified}\n")
    parts.append(
        f"{_REDIRECTS}{probed.redirects}\n{_SSL}{bool(probed.tls_version):d}\n"
        f"{_STATUS}{probed.status_code}\n{_BODY}{probed.body_length}\n"
        f"{_VERSION}{probed.http_version}\n"
    )
    if probed.parsed:
        parts.append(f"{_HASH}{probed.ip_addr_hash}\n{_PROTOCOL}{probed.ip_protocol}\n")
    if probed.chain is not None:
        parts.extend(_certificates(probed.chain))
    parts.append(f"{_SUCCESS}{probed.success:d}\n")
    if probed.tls_version:
        _add(parts, "probe_tls_cipher_info", 1, {"cipher": probed.tls_cipher})
        _add(parts, "probe_tls_version_info", 1, {"version": probed.tls_version})
    return "".join(parts)


def _usual(probed: Probed) -> str:
    """As above, of what nearly every probe over plain HTTP has."""
    phases = probed.phases
    return _USUAL % (
        phases.name_lookup or 0, probed.seconds, probed.failed_due_to_regex, probed.content_length,
        phases.connect or 0, phases.wait or 0, phases.name_lookup or 0, phases.tls or 0,
        phases.receive or 0, probed.redirects, 0, probed.status_code, probed.body_length,
        probed.http_version, probed.ip_addr_hash, probed.ip_protocol, probed.success,
    )  # fmt: skip


def _certificates(chain: Chain) -> list[str]:
    parts: list[str] = []
    _add(parts, "probe_ssl_earliest_cert_expiry", chain.earliest)
    last = _NO_INSTANT if chain.verified is None else chain.verified
    _add(parts, "probe_ssl_last_chain_expiry_timestamp_seconds", last)
    labels = {
        "fingerprint_sha256": chain.fingerprint,
        "issuer": chain.issuer,
        "subject": chain.subject,
        "subjectalternative": ",".join(chain.names),
    }
    _add(parts, "probe_ssl_last_chain_info", 1, labels)
    return parts


def _add(parts: list[str], name: str, value: float, labels: dict[str, str] | None = None) -> None:
    given = ""
    if labels:
        given = ",".join(f'{label}="{_quoted(text)}"' for label, text in labels.items())
        given = f"{{{given}}}"
    parts.append(f"{_HEAD[name]}{name}{given} {value}\n")


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def debug(name: str, module: Module, outcome: Outcome, probed: Probed, timeout: float) -> str:
    """What went on, the figures and the module, for a person who wonders."""
    return "\n\n\n".join(
        (
            "Logs for the probe:\n" + "".join(_log(name, outcome, probed, timeout)),
            "Metrics that would have been returned:\n" + metrics(probed),
            "Module configuration:\n" + module.written,
        )
    )


def _log(name: str, outcome: Outcome, probed: Probed, timeout: float) -> Iterator[str]:
    began = outcome.started_at
    ended = began + (outcome.total or 0.0)

    def line(at: float, level: str, msg: str, **facts: object) -> str:
        stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
        fields = {"ts": stamp.replace("+00:00", "Z"), "module": name, "target": outcome.url,
                  "level": level, "msg": msg, **facts}  # fmt: skip
        return " ".join(f"{key}={_logfmt(value)}" for key, value in fields.items()) + "\n"

    yield line(began - outcome.queued, "info", "Probe begins", timeout_seconds=timeout)
    if outcome.facts is not None and outcome.facts.address is not None:
        yield line(began, "info", "Asked the target", ip=outcome.facts.address,
                   ip_protocol=f"ip{probed.ip_protocol}")  # fmt: skip
    if probed.redirects:
        yield line(ended, "info", "Was redirected", redirects=probed.redirects,
                   final_url=outcome.final_url)  # fmt: skip
    if probed.status_code:
        yield line(ended, "info", "Had a response", status_code=probed.status_code,
                   http_version=outcome.http_version, body_bytes=probed.body_length)  # fmt: skip
    yield line(ended, "info", "Phases in seconds", **_told(outcome))
    if probed.why is not None:
        yield line(ended, "error", probed.why, reason=outcome.reason or "by_the_module")
    said = "Probe succeeded" if probed.success else "Probe failed"
    yield line(ended, "info" if probed.success else "error", said, duration_seconds=probed.seconds)


def _told(outcome: Outcome) -> dict[str, object]:
    phases = outcome.phases
    names: Sequence[str] = phases.__struct_fields__
    told = {each: getattr(phases, each) for each in names}
    return {**told, "queued": outcome.queued, "error_bound": outcome.error_bound}


def _logfmt(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    text = "" if value is None else str(value)
    if text and not any(c in '" =\\' or not c.isprintable() for c in text):
        return text
    shown = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown) + '"'
