"""What a text must be: told token by token, by what may come next."""

import json
import re
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.generation import GenerationConfig
from textgen.errors import DataError, UsageError
from textgen.runtime.grammar_compiler import GrammarCompiler, reason
from textgen.tokenization.tokenizer import EOS_ID, Tokenizer

# Where a grammar leaves only one text, the library would choose how to cut it into tokens. Every
# way stays open instead, and the model decides.
FRAME = {"lark_grammar": '%llguidance {"no_forcing": true}\nstart: @text'}
SHOWN = 20  # tokens of the text that an error shows
KEPT_AS = "_grammar_compiler"  # the attribute of a tokenizer


class Constraint:
    """What may be written next, by a regular expression, choices, a JSON schema or a Lark grammar.

    It is about the new text alone. Where a tokenizer joins words with spaces, the one between
    the prompt and the new text is no part of it.
    """

    def __init__(self, config: GenerationConfig, tokenizer: Tokenizer) -> None:
        """
        Args:
            config: one of its `regex`, `choice`, `json_schema` and `grammar` is set.
            tokenizer: what the model's tokens are; it keeps what is made of it for the next one.

        Raises:
            UsageError: the library is not installed, the constraint cannot be read, or nothing
                that the model can write fits.
            DataError: somebody else's tokenizer is not usable.
        """
        self._name = config.constraint
        self._tokenizer = tokenizer
        compiler = _compiler(tokenizer)
        try:
            self._matcher = compiler.compile(_grammar(config))
        except UsageError as error:
            raise UsageError(f"{self._name}: {error}") from None
        except UnicodeEncodeError:
            raise UsageError(f"{self._name}: it holds a lone surrogate, no character") from None
        self._later = compiler.later
        self._row = 0  # of token 0, from which the others are counted
        self._last: deque[int] = deque(maxlen=SHOWN)
        self._allowed = self._find()
        if not self._allowed.any():
            raise UsageError(f"{self._name}: {reason(self._matcher.get_error())}")

    @property
    def is_complete(self) -> bool:
        """Whether the text so far fits, and so may end here."""
        return bool(self._allowed[EOS_ID])

    @property
    def must_end(self) -> bool:
        """Whether the text fits, and nothing can follow it."""
        return self.is_complete and not self._allowed[EOS_ID + 1 :].any()

    def allowed(self) -> NDArray[np.bool_]:
        """Return which tokens may come next.

        Returns:
            Shape (vocab_size,), read-only; `<eos>` exactly where the text may end.

        Raises:
            DataError: none of them; the text has come to a dead end.
        """
        if not self._allowed.any():
            text = self._tokenizer.decode(self._last)
            raise DataError(f"{self._name}: {reason(self._matcher.get_error())} after {text!r}")
        return self._allowed

    def accept(self, token: int) -> None:
        """Go on behind a token that is allowed; `<eos>` ends the text.

        Raises:
            DataError: it is not allowed.
        """
        if not self._allowed[token] or not self._matcher.consume_token(token and self._row + token):
            raise DataError(f"{self._name}: token {token} is not allowed here")
        if token != EOS_ID:
            self._row = self._later
        self._last.append(token)
        self._allowed = self._find()

    def _find(self) -> NDArray[np.bool_]:
        """Ask the library which tokens may come next; where it fails, none."""
        mask = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        rows = np.unpackbits(mask, bitorder="little").view(np.bool_)
        allowed = rows[self._row :][: self._tokenizer.vocab_size]
        allowed[EOS_ID] = self._matcher.is_accepting()
        allowed.flags.writeable = False
        return allowed


def _compiler(tokenizer: Tokenizer) -> GrammarCompiler:
    """Return the compiler for a tokenizer, made when it is first asked for."""
    kept = vars(tokenizer)
    if KEPT_AS not in kept:
        kept[KEPT_AS] = GrammarCompiler(tokenizer)
    compiler: GrammarCompiler = kept[KEPT_AS]
    return compiler


def _grammar(config: GenerationConfig) -> str:
    """Return the constraint in the library's form.

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


def _lark(regex: str) -> dict[str, Any]:
    """Return a grammar of one regular expression."""
    from llguidance import regex_to_lark

    backslashes = len(regex) - len(regex.rstrip("\\"))
    if backslashes % 2:  # the library would leave it out
        raise UsageError("it ends with a backslash that escapes nothing")
    return {"lark_grammar": f"start: /{regex_to_lark(regex)}/"}


def _schema(text: str) -> dict[str, Any] | bool:
    """Read a JSON schema."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not JSON: {error}") from None
    if not isinstance(schema, dict | bool):
        raise UsageError("a schema is an object, true or false")
    return schema
