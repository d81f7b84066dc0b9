"""What a setting asks of a text, as the grammar library reads it."""

import json
import re
from typing import Any

from textgen.config.generation import GenerationConfig
from textgen.errors import UsageError

# Where a grammar leaves only one text, the library would choose how to cut it into tokens. Every
# way stays open instead, and the model decides.
FRAME = {"lark_grammar": '%llguidance {"no_forcing": true}\nstart: @text'}
# Between the parts of JSON there is at most one space, unless the schema says otherwise: a weak
# model would lose itself in white space. Tokenizers that join words with spaces need the one.
LAYOUT = {"whitespace_pattern": " ?"}

_PATTERN = re.compile(r'"pattern"\s*:\s*("(?:[^"\\]|\\.)*")')
_LITERAL = re.compile(r'(?:\\[^\w\s]|[^\\\[\](){}.*+?|^$/"])+')
MOST_LITERALS = 64


def grammar_of(config: GenerationConfig) -> str:
    """Return the grammar that a text must keep to, in the library's form.

    Raises:
        UsageError: it cannot be read.
    """
    if config.regex:
        text = _lark(config.regex)
    elif config.choice:
        text = _lark("|".join(map(re.escape, config.choice)))
    elif config.json_schema:
        text = {"json_schema": _schema(config.json_schema)}
    else:
        text = {"lark_grammar": config.grammar}
    return json.dumps({"grammars": [FRAME, {"name": "text", **text}]}, ensure_ascii=False)


def literals_of(config: GenerationConfig) -> list[bytes]:
    """Return pieces of text that the setting seems to name; a guess, by its notation alone."""
    patterns = _PATTERN.findall(config.json_schema or "")
    source = config.regex or config.grammar or "|".join(map(json.loads, patterns))
    found = [re.sub(r"\\(.)", r"\1", literal) for literal in _LITERAL.findall(source)]
    return [literal.encode(errors="replace") for literal in dict.fromkeys(found)][:MOST_LITERALS]


def _lark(regex: str) -> dict[str, Any]:
    """Return a grammar of one regular expression."""
    from llguidance import regex_to_lark

    backslashes = len(regex) - len(regex.rstrip("\\"))
    if backslashes % 2:  # the library would leave it out
        raise UsageError("it ends with a backslash that escapes nothing")
    return {"lark_grammar": f"start: /{regex_to_lark(regex)}/"}


def _schema(text: str) -> dict[str, Any]:
    """Read a JSON schema, and give it a layout if it has none."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not JSON: {error}") from None
    if isinstance(schema, bool):
        schema = {"allOf": [schema]}
    if not isinstance(schema, dict):
        raise UsageError("a schema is an object, true or false")
    return {"x-guidance": LAYOUT, **schema}
