"""Files of a tokenizer that are not the one that holds all of it."""

import json

WANTED = (
    "a tokenizer.json is wanted, which holds all of a tokenizer; it is often in the same folder, "
    "and transformers' save_pretrained writes one"
)


def other_file(data: bytes) -> str | None:
    """Return what a file is that was given as a tokenizer.json, and what is wanted; None if unsure.

    Args:
        data: its content.
    """
    found = _what(data)
    return f"{found}; {WANTED}" if found else None


def _what(data: bytes) -> str | None:
    """Recognise the usual other files, by what is in them."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "binary, as a SentencePiece model (.model) is"
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return _what_text(text)
    if not isinstance(told, dict) or "model" in told:
        return None
    if told and all(isinstance(number, int) for number in told.values()):
        return "a vocabulary alone (vocab.json), without merges and rules"
    if any(name.endswith(("_token", "_class", "_max_length")) for name in told):
        return "settings of a tokenizer (as tokenizer_config.json), not the tokenizer"
    return None


def _what_text(text: str) -> str | None:
    """Recognise the usual lists of lines."""
    lines = text.splitlines()
    if any(ord(character) < ord("\t") for character in text):
        return "binary, as a SentencePiece model (.model) is"
    if lines and (lines[0].startswith("#version") or all(len(one.split()) == 2 for one in lines)):
        return "merges alone (merges.txt), without vocabulary and rules"
    if len(lines) > 1 and all(len(line.split()) == 1 for line in lines):
        return "a vocabulary alone (vocab.txt), without rules"
    return None
