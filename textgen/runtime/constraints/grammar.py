"""Constraints of `GenerationConfig` as grammars of the library `llguidance`."""

import json
import re
from contextlib import suppress
from typing import Any

from textgen.config.generation import GenerationConfig
from textgen.errors import UsageError

# Where a grammar allows one text only, the library would choose its tokens. With `no_forcing` the
# model chooses among all tokens that write it.
FRAME = {"lark_grammar": '%llguidance {"no_forcing": true}\nstart: @text'}
# At most one space between the parts of JSON, unless the schema says otherwise: a weak model would
# write white space without end. Tokenizers that join words with spaces need the one.
LAYOUT = {"whitespace_pattern": " ?"}

_PATTERN = re.compile(r'"pattern"\s*:\s*("(?:[^"\\]|\\.)*")')
_LITERAL = re.compile(r'(?:\\[^\w\s]|[^\\\[\](){}.*+?|^$/"])+')
_SLASHED = re.compile(r"/((?:[^/\\\n]|\\.)+)/")
_GBNF = re.compile(r"^[ \t]*[\w-]+[ \t]*::=", re.MULTILINE)
MOST_LITERALS = 64


def grammar_of(config: GenerationConfig) -> str:
    """Return the constraint as a grammar in the library's JSON form.

    Raises:
        UsageError: the constraint cannot be read.
    """
    if config.regex:
        text = _lark(config.regex)
    elif config.choice:
        text = _lark("|".join(map(re.escape, config.choice)))
    elif config.json_schema:
        text = {"json_schema": _schema(config.json_schema)}
    else:
        text = {"lark_grammar": _from_gbnf(config.grammar or "")}
    return json.dumps({"grammars": [FRAME, {"name": "text", **text}]}, ensure_ascii=False)


def expressions_of(config: GenerationConfig) -> list[str]:
    """Return the regular expressions in the constraint, guessed from its notation."""
    expressions = [config.regex or "", *_SLASHED.findall(config.grammar or "")]
    with suppress(ValueError):  # not JSON; `_schema` refuses it
        expressions += [
            str(json.loads(text)) for text in _PATTERN.findall(config.json_schema or "")
        ]
    return expressions


def literals_of(config: GenerationConfig) -> list[bytes]:
    """Return literal texts in the constraint, guessed from its notation."""
    source = config.grammar or "|".join(filter(None, expressions_of(config)))
    literals = [re.sub(r"\\(.)", r"\1", literal) for literal in _LITERAL.findall(source)]
    return [literal.encode(errors="replace") for literal in dict.fromkeys(literals)][:MOST_LITERALS]


def _lark(regex: str) -> dict[str, Any]:
    """Return a grammar of one regular expression."""
    from llguidance import regex_to_lark

    backslashes = len(regex) - len(regex.rstrip("\\"))
    if backslashes % 2:  # the library would leave it out
        raise UsageError("it ends with a backslash that escapes nothing")
    return {"lark_grammar": f"start: /{regex_to_lark(regex)}/"}


def _from_gbnf(grammar: str) -> str:
    """Return a Lark grammar; a GBNF grammar (llama.cpp) is converted."""
    if not _GBNF.search(grammar):
        return grammar
    from llguidance.gbnf_to_lark import gbnf_to_lark

    try:
        return str(gbnf_to_lark(grammar))
    except Exception as error:  # the library raises bare Exception, for whatever it cannot read
        message = " ".join(str(error).split())
        raise UsageError(
            f"it looks like GBNF (of llama.cpp), but cannot be read: {message}"
        ) from None


def _schema(text: str) -> dict[str, Any]:
    """Read a JSON schema and add the default layout."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not JSON: {error}") from None
    if isinstance(schema, bool):
        schema = {"allOf": [schema]}
    if not isinstance(schema, dict):
        raise UsageError("a schema is an object, true or false")
    return {"x-guidance": LAYOUT, **schema}
