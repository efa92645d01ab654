"""Text of a stranger's as people can be shown it: what cannot be seen is made visible."""

# Of what a target or a person wrote so much is shown.
_MOST = 2000


def plain(text: str | None, most: int = _MOST) -> str:
    """Text of a stranger's as it can be shown: controls and marks of direction made visible."""
    if text is None:
        return ""
    shown = "".join(c if c.isprintable() or c in "\n\t" else _seen(c) for c in text[:most])
    return shown if len(text) <= most else shown + "…"


def _seen(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        # Unicode's own pictures of them.
        return chr(0x2400 + code)
    return f"⟨U+{code:04X}⟩"
