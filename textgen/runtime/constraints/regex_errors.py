"""Explains regular expressions that the grammar library does not support."""

import re

_REFERENCE = "write the pattern again; back references are not available"
_LOOKAROUND = "describe the text itself; lookaround is not available"
_BORDER = "write the character there, for instance a space or [^a-z]"
_WHOLE = "leave it out; the whole text is matched anyway"
INSTEAD = {
    "\\b": _BORDER,
    "\\B": _BORDER,
    "\\<": _BORDER,
    "\\>": _BORDER,
    "\\Z": _WHOLE,
    "\\G": _WHOLE,
    "(?P=": _REFERENCE,
    "(?=": _LOOKAROUND,
    "(?!": _LOOKAROUND,
    "(?<=": _LOOKAROUND,
    "(?<!": _LOOKAROUND,
    "(?>": "write (?: instead",
    "(?(": "write the cases with | between them",
    "(?#": "leave out the comment",
} | {f"\\{number}": _REFERENCE for number in range(1, 10)}

_CONSTRUCT = re.compile(r"\\.|\(\?(?:P=|<?[=!]|[>(#])", re.DOTALL)
_ANCHOR = "lookarounds not supported yet"  # what the library says of ^ and $, too
UNKNOWN = (_ANCHOR, "look-around", "backreferences", "unrecognized")


def explain(regex: str, error: str) -> str:
    """Return a message with a remedy where we have one, else the library's.

    Args:
        regex: the expression, or a text that contains it.
        error: the library's message.
    """
    if not error.startswith(UNKNOWN):
        return error
    for construct in _CONSTRUCT.findall(regex):
        if construct in INSTEAD:
            return f"{construct} is not supported: {INSTEAD[construct]}"
    if error.startswith(_ANCHOR):
        return "^ and $ are allowed at the beginning and the end only; for a line end write \\n"
    return error
