"""A monitor as the fields of a form, and those as the document that the REST interface reads."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from app.api.monitor_out import DefinitionOut
from app.domain.errors import FieldError
from app.web import expected
from app.web.entries import as_typed, labels_in, labels_text, number, written
from app.web.forms import Form

Document = dict[str, Any]

_EVERY, _CRON = "interval", "cron"
_NUMBERS: Final = ("timeout_seconds", "attempts", "max_redirects", "max_body_bytes", "ip_version")
_SWITCHES: Final = ("follow_redirects", "verify_tls")
_THRESHOLDS: Final = ("down_after", "up_after", "recheck_seconds")
#: What becomes of a chosen method: every method that there is a name for, and any other token.
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Beside which field is told what is wrong at which place of the document.
_FIELDS: Final = {
    **{f"/target/{name}": name for name in ("url", "method", *_NUMBERS, *_SWITCHES)},
    **{f"/thresholds/{name}": name for name in _THRESHOLDS},
    **{f"/{name}": name for name in ("key", "name", "labels", "timezone", "strategy", "client",
                                     "depends_on", "channels", "cron", "interval_seconds")},
    "/target/headers": "headers",
    "/target/body": "body",
    "/target/json": "body",
    "/target/expect": "expect",
    "/target/auth": "auth",
    **{f"/target/auth{kind}/{name}": name
       for kind in ("", "/basic", "/bearer") for name in ("username", "password", "token")},
    "/slo/target": "slo_target",
    "/slo/window": "slo_window",
}  # fmt: skip
# Where a place names what it is about, that is told as well.
_NAMED: Final = ("/target/headers/", "/labels/")


def fill(form: Form, shown: DefinitionOut) -> None:
    """Write a monitor into the fields of a form; secrets stand there as `***`."""
    document = shown.model_dump(mode="json")
    target = document["target"]
    for name in ("key", "name", "timezone", "strategy", "client", "cron"):
        form.put(name, document[name] or "")
    form.put("when", _EVERY if document["cron"] is None else _CRON)
    form.put("interval_seconds", written(document["interval_seconds"]))
    form.put("labels", labels_text(document["labels"]))
    form.put("depends_on", "\n".join(document["depends_on"]))
    form.put("channels", *document["channels"])
    for name in _THRESHOLDS:
        form.put(name, written(document["thresholds"][name]))
    slo = document["slo"] or {"target": None, "window": "30d"}
    form.put("slo_target", "" if slo["target"] is None else _percent(slo["target"]))
    form.put("slo_window", slo["window"])
    _switch(form, "enabled", on=document["enabled"])
    _fill_target(form, target)


def _fill_target(form: Form, target: Document) -> None:
    form.put("url", target["url"])
    form.put("method", target["method"])
    form.put("headers", "\n".join(f"{name}: {value}" for name, value in target["headers"].items()))
    form.put("body", target["body"] or "")
    form.put("body_kind", "text")
    auth = target["auth"] or {}
    form.put("auth", auth.get("type", ""))
    for name in ("username", "password", "token"):
        form.put(name, auth.get(name, ""))
    for name in _NUMBERS:
        form.put(name, written(target[name]))
    for name in _SWITCHES:
        _switch(form, name, on=target[name])
    expected.fill(form, target["expect"])


def document_of(form: Form, stored: DefinitionOut | None) -> tuple[bytes, dict[str, str]]:
    """What a form asks for as JSON, and the fields of its expectations by their places.

    What cannot be put into JSON is told beside its field.

    Args:
        stored: the monitor that is to be changed.
    """
    before = None if stored is None else stored.model_dump(mode="json")
    target, fields = _target(form, None if before is None else before["target"])
    document: Document = {
        "key": form.text("key") or None if before is None else before["key"],
        "name": form.text("name") or None,
        "labels": labels_in(form, "labels"),
        "target": target,
        "timezone": form.text("timezone") or "UTC",
        "strategy": form.text("strategy", "async"),
        "client": form.text("client") or None,
        "enabled": form.checked("enabled"),
        "thresholds": _numbers(form, _THRESHOLDS),
        "depends_on": form.lines("depends_on"),
        "channels": form.all("channels"),
        "slo": _objective(form),
    }
    if form.text("when") == _CRON:
        # An empty text is no cron text, which is then said beside it.
        document["cron"] = form.text("cron")
    elif form.text("interval_seconds"):
        document["interval_seconds"] = number(form.text("interval_seconds"))
    try:
        return json.dumps(document).encode("ascii"), fields
    except RecursionError:
        form.fault("", "A JSON value is nested too deeply.")
        return b"{}", {}


def lay(form: Form, errors: Sequence[FieldError], fields: Mapping[str, str]) -> None:
    """Lay what is wrong with a document beside the fields it was made of."""
    told = [
        error._replace(detail=f"{_named(error.pointer)}: {error.detail}")
        if error.pointer.startswith(_NAMED)
        else error
        for error in errors
    ]
    form.faults(told, {**_FIELDS, **fields})


def _target(form: Form, before: Document | None) -> tuple[Document, dict[str, str]]:
    expectations, fields = expected.read(form, [] if before is None else before["expect"])
    target: Document = {
        "url": form.text("url"),
        "method": form.text("method") or "GET",
        "headers": _headers(form),
        **_body(form, None if before is None else before["body"]),
        "auth": _auth(form),
        **_numbers(form, _NUMBERS),
        **{name: form.checked(name) for name in _SWITCHES},
        "expect": expectations,
    }
    return target, fields


def _headers(form: Form) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in form.lines("headers"):
        name, colon, value = line.partition(":")
        if not colon:
            form.fault("headers", f"{line[:80]!r} is not written as Name: value")
        elif name.strip() in found:
            form.fault("headers", f"{name.strip()}: is given twice")
        else:
            found[name.strip()] = value.strip()
    return found


def _body(form: Form, before: str | None) -> Document:
    text = form.raw("body")
    if before is not None and text == as_typed(before):
        # A form cannot hold every character of it; what nobody touched stays as it is.
        return {"body": before}
    if form.text("body_kind") != "json":
        return {"body": text or None}
    if not text.strip():
        return {}
    try:
        return {"json": json.loads(text)}
    except (ValueError, RecursionError) as error:
        form.fault("body", f"is not JSON: {error}")
        return {}


def _auth(form: Form) -> Document | None:
    kind = form.text("auth")
    if kind == "basic":
        return {"type": kind, "username": form.raw("username"), "password": form.raw("password")}
    if kind == "bearer":
        return {"type": kind, "token": form.text("token")}
    return {"type": kind} if kind else None


def _numbers(form: Form, names: Sequence[str]) -> Document:
    """Numbers by their names; those left empty are left out, and so take their defaults."""
    return {name: number(text) for name in names if (text := form.text(name))}


def _objective(form: Form) -> Document | None:
    text = form.text("slo_target").removesuffix("%").strip()
    if not text:
        return None
    share = number(text)
    if isinstance(share, str) or not 0 < share < 100:
        form.fault("slo_target", "is a share in percent, above 0 and below 100")
        return None
    return {"target": float(Decimal(text) / 100), "window": form.text("slo_window") or "30d"}


def _percent(ratio: float) -> str:
    return f"{(Decimal(repr(ratio)) * 100).normalize():f}"


def _named(pointer: str) -> str:
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def _switch(form: Form, name: str, *, on: bool) -> None:
    if on:
        form.put(name, "1")
