"""Normalizes the texts in settings as the model's texts are normalized."""

import json
from collections.abc import Callable

from textgen.config.generation import GenerationConfig
from textgen.corpus.text.cleaning import UncleanText
from textgen.errors import UsageError
from textgen.tokenization.tokenizer import Tokenizer

LITERAL = ("stop", "ban", "choice", "dry_breakers")  # settings that are texts
SOURCES = ("regex", "grammar")  # settings that describe texts in a notation


def with_clean_texts(config: GenerationConfig, tokenizer: Tokenizer) -> GenerationConfig:
    """Return settings whose texts can match generated text: with LF, in the model's normal form.

    In a notation, characters are normalized and escapes stay; escapes of JSON, which are another
    spelling of the same text, are resolved.

    Raises:
        UsageError: a text holds a lone surrogate.
    """
    changes = dict[str, object]()
    for name in (*LITERAL, *SOURCES, "json_schema"):
        given = getattr(config, name)
        read = _plain_json if name == "json_schema" else str
        texts = [given] if isinstance(given, str) else given or ()
        clean = tuple(_clean(name, read(text), tokenizer.clean) for text in texts)
        if clean != tuple(texts):
            changes[name] = clean[0] if isinstance(given, str) else clean
    return config.replace(**changes) if changes else config


def _clean(name: str, text: str, clean: Callable[[str], str]) -> str:
    """Normalize a text of a setting."""
    try:
        return clean(text)
    except UncleanText:
        raise UsageError(f"{name}: it holds a lone surrogate, no character") from None


def _plain_json(text: str) -> str:
    r"""Return JSON without escapes of characters beyond ASCII, such as e\u0301."""
    if text.isascii() and "\\u" not in text:
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return text  # the constraint reports the error
