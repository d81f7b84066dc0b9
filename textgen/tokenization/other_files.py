"""Recognition of other files of a tokenizer, given in the place of its tokenizer.json."""

import json

REMEDY = (
    "a tokenizer.json is wanted, which holds all of a tokenizer; it is often in the same folder, "
    "and transformers' save_pretrained writes one"
)


def other_file(data: bytes) -> str | None:
    """Return the kind of a file given as a tokenizer.json, with a remedy; None if it is unknown.

    Args:
        data: its content.
    """
    kind = _kind(data)
    return f"{kind}; {REMEDY}" if kind else None


def _kind(data: bytes) -> str | None:
    """Return the kind of a file by its content."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "binary, as a SentencePiece model (.model) is"
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _kind_of_text(text)
    if not isinstance(content, dict) or "model" in content:
        return None
    if content and all(isinstance(number, int) for number in content.values()):
        return "a vocabulary alone (vocab.json), without merges and rules"
    if any(name.endswith(("_token", "_class", "_max_length")) for name in content):
        return "settings of a tokenizer (as tokenizer_config.json), not the tokenizer"
    return None


def _kind_of_text(text: str) -> str | None:
    """Return the kind of a file of lines."""
    lines = text.splitlines()
    if any(ord(character) < ord("\t") for character in text):
        return "binary, as a SentencePiece model (.model) is"
    if lines and (lines[0].startswith("#version") or all(len(line.split()) == 2 for line in lines)):
        return "merges alone (merges.txt), without vocabulary and rules"
    if len(lines) > 1 and all(len(line.split()) == 1 for line in lines):
        return "a vocabulary alone (vocab.txt), without rules"
    return None
