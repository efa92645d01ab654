"""Monitors from a file: a plain list of URLs, CSV, or YAML."""

import csv
import io
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from app.domain.monitor import key_of

_LABEL: Final = "label."
_SEVERAL: Final = frozenset({"channels", "depends_on"})
_OWN: Final = frozenset({"key", "name", "cron", "timezone", "strategy", "client"})
_SECONDS: Final = frozenset({"interval_seconds"})
_THRESHOLDS: Final[Mapping[str, Callable[[str], object]]] = {
    "down_after": int,
    "up_after": int,
    "recheck_seconds": float,
}
_OF_TARGET: Final[Mapping[str, Callable[[str], object]]] = {
    "url": str,
    "method": str,
    "timeout_seconds": float,
    "attempts": int,
}
_COLUMNS: Final = sorted(_SEVERAL | _OWN | _SECONDS | _OF_TARGET.keys() | _THRESHOLDS.keys())


class FileUnreadable(Exception):
    """What is in a file cannot be taken for monitors; the text is for the caller."""


@dataclass(frozen=True, slots=True)
class Row:
    """A monitor as the service is asked for it, and where it stood."""

    place: str
    monitor: dict[str, Any]


def read_file(path: str, common: Mapping[str, Any]) -> list[Row]:
    """The monitors of a file, in order; `-` is a list on standard input.

    Args:
        common: fields that every monitor has unless it says otherwise.

    Raises:
        FileUnreadable: with the line that is wrong.
    """
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"{path} cannot be read: {error}") from error
    suffix = Path(path).suffix.lower()
    if suffix == ".csv":
        rows = _of_csv(text)
    elif suffix in {".yaml", ".yml", ".json"}:
        rows = _of_yaml(text)
    else:
        rows = _of_list(text)
    if not rows:
        raise FileUnreadable(f"{path} holds no monitor")
    return [Row(row.place, _with_common(row.monitor, common)) for row in rows]


def monitor_of(url: str) -> dict[str, Any]:
    """A monitor of a URL and nothing else."""
    return {"key": key_of(url), "target": {"url": url}}


def _of_list(text: str) -> list[Row]:
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        url = line.strip()
        if url and not url.startswith("#"):
            rows.append(Row(f"line {number}", monitor_of(url)))
    return rows


def _of_csv(text: str) -> list[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    names = [name.strip() for name in reader.fieldnames or ()]
    unknown = [n for n in names if n not in _COLUMNS and not n.startswith(_LABEL)]
    if unknown:
        known = ", ".join(_COLUMNS)
        raise FileUnreadable(f"column {unknown[0]!r} is not known; {known} and label.NAME are")
    if "url" not in names:
        raise FileUnreadable("there is no column url")
    reader.fieldnames = names
    rows = []
    try:
        for cells in reader:
            place = f"line {reader.line_num}"
            if None in cells:
                raise FileUnreadable(f"{place}: there are more cells than columns")
            given = {name: cell.strip() for name, cell in cells.items() if cell and cell.strip()}
            if given:
                rows.append(Row(place, _of_cells(given, place)))
    except csv.Error as error:
        raise FileUnreadable(f"line {reader.line_num}: {error}") from error
    return rows


def _of_cells(given: Mapping[str, str], place: str) -> dict[str, Any]:
    monitor: dict[str, Any] = {"target": {}}
    for name, cell in given.items():
        try:
            _put(monitor, name, cell)
        except ValueError as error:
            raise FileUnreadable(f"{place}, column {name}: {cell!r} is no number") from error
    monitor.setdefault("key", key_of(monitor["target"].get("url", "")))
    return monitor


def _put(monitor: dict[str, Any], name: str, cell: str) -> None:
    if name.startswith(_LABEL):
        monitor.setdefault("labels", {})[name.removeprefix(_LABEL)] = cell
    elif name in _SEVERAL:
        monitor[name] = [part.strip() for part in cell.split(";") if part.strip()]
    elif name in _THRESHOLDS:
        monitor.setdefault("thresholds", {})[name] = _THRESHOLDS[name](cell)
    elif name in _OF_TARGET:
        monitor["target"][name] = _OF_TARGET[name](cell)
    elif name in _SECONDS:
        # A number of seconds, or text such as 5m, which the service reads itself.
        monitor[name] = float(cell) if re.fullmatch(r"[0-9.]+", cell) else cell
    else:
        monitor[name] = cell


def _of_yaml(text: str) -> list[Row]:
    try:
        # JSON is YAML too; nothing but plain values is made of what is read.
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise FileUnreadable(f"is not YAML: {error}") from error
    listed = document.get("monitors") if isinstance(document, dict) else document
    if not isinstance(listed, list):
        raise FileUnreadable("holds no list of monitors, nor one under `monitors`")
    rows = []
    for number, entry in enumerate(listed, start=1):
        place = f"monitor {number}"
        if isinstance(entry, str):
            rows.append(Row(place, monitor_of(entry)))
        elif isinstance(entry, dict):
            rows.append(Row(place, _of_entry(entry)))
        else:
            raise FileUnreadable(f"{place} is neither a URL nor an object")
    return rows


def _of_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An object as it is; `url` may stand for a target that is nothing else."""
    monitor = dict(entry)
    if "url" in monitor and "target" not in monitor:
        monitor["target"] = {"url": monitor.pop("url")}
    target = monitor.get("target")
    if "key" not in monitor and isinstance(target, dict) and isinstance(target.get("url"), str):
        monitor["key"] = key_of(target["url"])
    return monitor


def _with_common(monitor: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    whole = {**common, **monitor}
    if "interval_seconds" in monitor or "cron" in monitor:
        for name in ("interval_seconds", "cron"):
            if name not in monitor:
                whole.pop(name, None)
    if "labels" in common and isinstance(monitor.get("labels"), dict):
        whole["labels"] = {**common["labels"], **monitor["labels"]}
    return whole
