"""A badge as SVG: two boxes with text, as wide as the text is likely to be.

Nobody knows which font a reader has, so widths are those of DejaVu Sans at 11 px, which Verdana's
are close to; the text is then fitted to its box by `textLength`, whatever font is there.
"""

import re
import unicodedata
from functools import cache
from typing import Final

from markupsafe import escape

_HEIGHT: Final = 20
_PADDING: Final = 6.0
# Characters that are about as wide as each other, in pixels.
_WIDTHS: Final = (
    (3.1, "'ijlIJ"),
    (3.6, " ,./:;\\|"),
    (4.1, "f-()[]t!"),
    (4.5, "r"),
    (5.3, '"*_`'),
    (5.8, "s?zc"),
    (6.3, "LFkvxy"),
    (6.7, "PTYaoe"),
    (7.0, "$0123456789ESbdghnpqu{}"),
    (7.5, "KABVXZRC"),
    (8.2, "UNH"),
    (8.7, "DG&OQ"),
    (9.2, "w#+<=>^~"),
    (9.5, "M"),
    (10.7, "%m"),
    (11.0, "W@"),
)
_OTHER: Final = 7.5
_WIDE: Final = 11.0
# What XML 1.0 (2.2) forbids, other controls, and marks that would turn the text around.
_UNFIT = re.compile(
    "[^\x20-\x7e\xa0-\u200b\u2010-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_LABEL_COLOUR: Final = "#4a5361"
_FONT: Final = "Verdana,Geneva,DejaVu Sans,sans-serif"


def badge(label: str, message: str, colour: str, *, rounded: bool) -> str:
    """A badge as a document of its own.

    Args:
        label: what stands on the left; nothing does if it is empty.
        colour: of the right side, as `#rrggbb`.
        rounded: with round corners and a shade, or flat and square.
    """
    label, message = cleaned(label), cleaned(message)
    left = _box(label) if label else 0.0
    width = left + _box(message)
    told = escape(f"{label}: {message}" if label else message)
    shade = (
        '<linearGradient id="s" x2="0" y2="100%"><stop offset="0" stop-color="#fff" '
        'stop-opacity=".12"/><stop offset="1" stop-opacity=".12"/></linearGradient>'
        f'<clipPath id="r"><rect width="{width:g}" height="{_HEIGHT}" rx="3"/></clipPath>'
        if rounded
        else ""
    )
    clip = ' clip-path="url(#r)"' if rounded else ""
    boxes = f'<rect width="{left:g}" height="{_HEIGHT}" fill="{_LABEL_COLOUR}"/>' if label else ""
    boxes += f'<rect x="{left:g}" width="{width - left:g}" height="{_HEIGHT}" fill="{colour}"/>'
    if rounded:
        boxes += f'<rect width="{width:g}" height="{_HEIGHT}" fill="url(#s)"/>'
    texts = _text(label, left / 2, _LABEL_COLOUR) if label else ""
    texts += _text(message, (left + width) / 2, colour)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{_HEIGHT}" '
        f'role="img" aria-label="{told}"><title>{told}</title>{shade}'
        f"<g{clip}>{boxes}</g>"
        f'<g text-anchor="middle" font-family="{_FONT}" font-size="11">{texts}</g></svg>'
    )


def cleaned(text: str) -> str:
    """A text without what must not stand in a badge."""
    return _UNFIT.sub("", text)


def width_of(text: str) -> float:
    """How wide a text is, about, in pixels."""
    return sum(_width(character) for character in text)


def _text(text: str, middle: float, ground: str) -> str:
    fill = "#fff" if _is_dark(ground) else "#1c2430"
    fitted = f' textLength="{width_of(text):.1f}"' if text else ""
    return f'<text x="{middle:g}" y="14" fill="{fill}"{fitted}>{escape(text)}</text>'


def _box(text: str) -> float:
    return round(width_of(text) + 2 * _PADDING, 1)


def _is_dark(colour: str) -> bool:
    """Whether white is read better on it than ink (WCAG 2.2, relative luminance)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    # Where the contrasts with white and with black are the same.
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.179


def _width(character: str) -> float:
    known = _table().get(character)
    if known is not None:
        return known
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0.0
    return _WIDE if unicodedata.east_asian_width(character) in {"W", "F"} else _OTHER


@cache
def _table() -> dict[str, float]:
    return {character: width for width, characters in _WIDTHS for character in characters}
