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
_PHASES: Final = ("connect", "processing", "resolve", "tls", "transfer")


def metrics(probed: Probed) -> str:
    """The figures, sorted by name."""
    parts: list[str] = []
    if probed.parsed:
        _add(parts, "probe_dns_lookup_time_seconds", probed.phases.name_lookup or 0.0)
    _add(parts, "probe_duration_seconds", probed.seconds)
    _add(parts, "probe_failed_due_to_regex", int(probed.failed_due_to_regex))
    _add(parts, "probe_http_content_length", probed.content_length)
    parts.extend(_phases(probed))
    if probed.last_modified is not None:
        _add(parts, "probe_http_last_modified_timestamp_seconds", probed.last_modified)
    _add(parts, "probe_http_redirects", probed.redirects)
    _add(parts, "probe_http_ssl", int(probed.chain is not None))
    _add(parts, "probe_http_status_code", probed.status_code)
    _add(parts, "probe_http_uncompressed_body_length", probed.body_length)
    _add(parts, "probe_http_version", probed.http_version)
    if probed.parsed:
        _add(parts, "probe_ip_addr_hash", probed.ip_addr_hash)
        _add(parts, "probe_ip_protocol", probed.ip_protocol)
    if probed.chain is not None:
        parts.extend(_certificates(probed.chain))
    _add(parts, "probe_success", int(probed.success))
    if probed.chain is not None:
        _add(parts, "probe_tls_cipher_info", 1, {"cipher": probed.tls_cipher})
        _add(parts, "probe_tls_version_info", 1, {"version": probed.tls_version})
    return "".join(parts)


def _phases(probed: Probed) -> Iterator[str]:
    if not probed.parsed:
        return
    name, phases = "probe_http_duration_seconds", probed.phases
    yield _HEAD[name]
    seconds = (phases.connect, phases.wait, phases.name_lookup, phases.tls, phases.receive)
    for phase, taken in zip(_PHASES, seconds, strict=True):
        if probed.dialled or phase == "resolve":
            yield f'{name}{{phase="{phase}"}} {taken or 0}\n'


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
