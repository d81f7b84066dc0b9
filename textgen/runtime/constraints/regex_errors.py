"""What a regular expression holds that the grammar library does not know, and what to write."""

import re

_REFERENCE = "write the pattern again; what it matched before cannot be asked for"
_LOOKAROUND = "describe the text itself; nothing can look ahead or back"
_BORDER = "write what stands there, as a space or [^a-z]"
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
    "(?#": "leave the remark out",
} | {f"\\{number}": _REFERENCE for number in range(1, 10)}

_CONSTRUCT = re.compile(r"\\.|\(\?(?:P=|<?[=!]|[>(#])", re.DOTALL)
_ANCHOR = "lookarounds not supported yet"  # what the library says of ^ and $, too
UNKNOWN = (_ANCHOR, "look-around", "backreferences", "unrecognized")


def explain(regex: str, error: str) -> str:
    """Return why an expression cannot be used, in our words where they say more.

    Args:
        regex: the expression, or what holds it.
        error: what the library says.
    """
    if not error.startswith(UNKNOWN):
        return error
    for found in _CONSTRUCT.findall(regex):
        if found in INSTEAD:
            return f"{found} is not supported: {INSTEAD[found]}"
    if error.startswith(_ANCHOR):
        return "^ and $ may stand at the beginning and at the end alone; for a line end write \\n"
    return error
