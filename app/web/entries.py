"""What people type into fields: numbers, and lines that name something."""

import json
import re
from collections.abc import Mapping
from typing import Final

from app.web.forms import Form

# What is longer, or written in another way, is left to whoever reads it to refuse.
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?\Z")
_DECODER: Final = json.JSONDecoder()


def number(text: str) -> int | float | str:
    """A number, or else the text as it stands."""
    text = text.strip()
    if not _NUMBER.match(text):
        return text
    return float(text) if "." in text else int(text)


def written(value: float | None) -> str:
    """A number as somebody would type it."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else repr(value)


def as_typed(text: str) -> str:
    """Text as a browser sends it back when nobody has touched it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels, one on each line; what a line cannot hold is written as JSON writes text."""
    return "\n".join(f"{_word(name, '=')}={_word(value)}" for name, value in labels.items())


def labels_in(form: Form, field: str) -> dict[str, str]:
    """The labels of a field; none, once something is wrong with them, which is told beside it."""
    found: dict[str, str] = {}
    for line in form.lines(field):
        pair = _pair(line)
        if pair is None:
            form.fault(field, f"{line[:80]!r} is not written as name=value")
        elif pair[0] in found:
            form.fault(field, f"{pair[0]!r} stands there twice")
        else:
            found[pair[0]] = pair[1]
    # Some of the labels would choose more than all of them.
    return {} if field in form.errors else found


def _word(text: str, *awkward: str) -> str:
    fits = text.isprintable() and text == text.strip() and not text.startswith('"')
    if fits and not any(each in text for each in awkward):
        return text
    return json.dumps(text)


def _pair(line: str) -> tuple[str, str] | None:
    name, separator, value = line.partition("=")
    if line.startswith('"'):
        try:
            name, end = _DECODER.raw_decode(line)
        except (ValueError, RecursionError):
            return None
        separator, value = line[end : end + 1], line[end + 1 :]
    name, value = name.strip() if not line.startswith('"') else name, value.strip()
    if value.startswith('"'):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return (name, value) if separator == "=" and name else None
