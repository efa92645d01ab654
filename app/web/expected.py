"""Expectations as people read them, and as a row of a form asks for them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from app.web.entries import as_typed, number
from app.web.forms import Form
from checkers import Subject
from checkers.looks import OPS

#: What each op says.
_OPS: Final = {
    "==": "is", "!=": "is not", "in": "is one of", "not_in": "is none of", "<": "is below",
    "<=": "is at most", ">": "is above", ">=": "is at least", "contains": "contains",
    "excludes": "does not contain", "matches": "matches", "not_matches": "does not match",
    "exists": "is there", "absent": "is absent", "length": "has the length",
}  # fmt: skip
_SUBJECTS: Final = {
    Subject.STATUS: "status",
    Subject.BODY: "body",
    Subject.JSON: "JSON value",
    Subject.HEADER: "header",
    Subject.SHA256: "SHA-256 of the body",
    Subject.BODY_BYTES: "size of the body in bytes",
    Subject.TOTAL: "total time in seconds",
    Subject.NAME_LOOKUP: "name look-up in seconds",
    Subject.CONNECT: "TCP connect in seconds",
    Subject.TLS: "TLS handshake in seconds",
    Subject.WAIT: "wait for the first byte in seconds",
    Subject.RECEIVE: "receiving in seconds",
    Subject.CERTIFICATE_DAYS: "days the certificate has left",
    Subject.TLS_VERSION: "TLS version",
    Subject.REDIRECTS: "number of redirects",
}
_TEXTS: Final = frozenset({"body", "header", "sha256", "tls_version"})
_LISTS: Final = ("in", "not_in")
#: Rows that a form has at most: one more than there may be expectations.
_MOST_ROWS: Final = 101

Expectation = Mapping[str, Any]


class Group(NamedTuple):
    """What can be expected of one subject: values of a choice, with what is shown of them."""

    name: str
    options: Sequence[tuple[str, str]]


#: What a row can ask for.
GROUPS: Final = [
    Group(name, [(f"{of.value} {op}", f"{name} {_OPS[op]}") for op in OPS[of]])
    for of, name in _SUBJECTS.items()
]


def sentence(expectation: Expectation) -> str:
    """An expectation in words."""
    of, op = Subject(expectation["of"]), expectation["op"]
    about = expectation.get("name") or expectation.get("path")
    words = [_SUBJECTS[of], about, _OPS[op], _value_text(expectation)]
    return " ".join(str(word) for word in words if word)


def rows_of(form: Form) -> list[int]:
    """The numbers of the rows that a form was sent with."""
    return [n for n in range(_MOST_ROWS) if form.checked(_field(n, "what"))]


def fill(form: Form, expectations: Sequence[Expectation]) -> None:
    """Write expectations into rows, and an empty row below them."""
    for n, each in enumerate(expectations):
        for part, text in zip(_PARTS, _texts(each), strict=True):
            form.put(_field(n, part), text)
    add_row(form)


def add_row(form: Form) -> None:
    """Put an empty row below the others."""
    rows = rows_of(form)
    following = rows[-1] + 1 if rows else 0
    if following < _MOST_ROWS:
        for part in _PARTS:
            form.put(_field(following, part), "")


def drop_row(form: Form, row: str) -> None:
    """Take a row out, by its number; those below it move up."""
    kept = [[form.raw(_field(n, part)) for part in _PARTS] for n in rows_of(form) if str(n) != row]
    for n in rows_of(form):
        for part in _PARTS:
            form.drop(_field(n, part))
    for n, texts in enumerate(kept):
        for part, text in zip(_PARTS, texts, strict=True):
            form.put(_field(n, part), text)


def read(form: Form, stored: Sequence[Expectation]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The expectations of a form, and beside which field what is wrong with them is told.

    Args:
        stored: those that there are. A row that shows one of them as it is stands for it: a form
            cannot hold every character that an expectation can.
    """
    kept: defaultdict[tuple[str, ...], list[Expectation]] = defaultdict(list)
    for each in stored:
        kept[tuple(map(as_typed, _texts(each)))].append(each)
    found: list[dict[str, Any]] = []
    fields: dict[str, str] = {}
    for n in rows_of(form):
        texts = tuple(form.raw(_field(n, part)) for part in _PARTS)
        if not texts[0]:
            continue
        at = f"/target/expect/{len(found)}"
        fields |= {
            at: _field(n, "what"),
            f"{at}/name": _field(n, "at"),
            f"{at}/path": _field(n, "at"),
            f"{at}/value": _field(n, "value"),
        }
        same = kept.get(texts)
        found.append(dict(same.pop(0)) if same else _asked(*texts))
    return found, fields


_PARTS: Final = ("what", "at", "value", "otherwise")


def _field(row: int, part: str) -> str:
    return f"expect-{row}-{part}"


def _texts(expectation: Expectation) -> tuple[str, str, str, str]:
    """An expectation as its row shows it."""
    about = expectation.get("name") or expectation.get("path") or ""
    what = f"{expectation['of']} {expectation['op']}"
    return what, about, _value_text(expectation), expectation.get("otherwise") or ""


def _value_text(expectation: Expectation) -> str:
    if "value" not in expectation:
        return ""
    of, op, value = expectation["of"], expectation["op"], expectation["value"]
    if of == "json" and not (op == "matches" and isinstance(value, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _asked(what: str, about: str, value: str, otherwise: str) -> dict[str, Any]:
    of, _, op = what.partition(" ")
    asked: dict[str, Any] = {"of": of, "op": op}
    if about.strip():
        asked["path" if of == "json" else "name"] = about.strip()
    if op not in {"exists", "absent"} and (value.strip() or of in _TEXTS):
        asked["value"] = _value(of, op, value)
    if otherwise:
        asked["otherwise"] = otherwise
    return asked


def _value(of: str, op: str, text: str) -> Any:
    if of == "json":
        return text if op == "matches" else _json(text)
    if of == "status" and op in _LISTS:
        return [number(part) for part in text.split(",") if part.strip()]
    return text if of in {"body", "header"} else text.strip() if of in _TEXTS else number(text)


def _json(text: str) -> Any:
    """JSON, or the text itself where it is none: who expects UP need not write quotes."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
