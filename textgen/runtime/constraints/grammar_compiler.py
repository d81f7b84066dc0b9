"""Compiles grammars for the tokens of a model with the library `llguidance`."""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from textgen.config.tokens import EOS_ID
from textgen.errors import NotInstalled, UsageError
from textgen.runtime.constraints.completion_tokens import CompletionTokens
from textgen.runtime.constraints.token_bytes import token_bytes
from textgen.tokenization.kinds import EOS
from textgen.tokenization.tokenizer import Tokenizer

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

TRIAL = Path(__file__).with_name("trial_compile.py")
PATIENCE = 10  # seconds that compiling may take; real grammars take milliseconds
REMEMBERED = 64  # grammars that are known to compile
LONGEST_TOKEN = 1024  # bytes; the library's trie holds no longer ones
LONGEST_REASON = 200  # characters of what the library says


class GrammarCompiler:
    """Compiles grammars for one tokenizer; keep it as long as the tokenizer.

    The library parses a text byte by byte with an Earley parser (Earley 1970) over a lexer of
    regular-expression derivatives (Brzozowski 1964). It finds the allowed tokens by walking a trie
    of all tokens.

    Attributes:
        later: offset from a token's id to its row in the trie, except for the first token of a
            text, whose row is its id.
        vocabulary: the tokens in the order in which a completion search tries them.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        """
        Raises:
            UsageError: the library is not installed, or cannot use the tokenizer.
            DataError: the library cannot use a tokenizer of another origin.
        """
        _require_library()
        first, later = token_bytes(tokenizer)
        self.later = len(first) if later != first else 0
        self.vocabulary = CompletionTokens(later)
        self._trie = _trie(first + later if self.later else first)
        self._try_compile = lru_cache(REMEMBERED)(_try_compile)

    def compile(self, grammar: str) -> "LLMatcher":
        """Return a matcher at the start of a text.

        Args:
            grammar: JSON in the library's form.

        Raises:
            UsageError: not a grammar, a grammar without any text, or one that takes too long.
        """
        from llguidance import LLMatcher

        self._try_compile(grammar)
        matcher = LLMatcher(self._trie, grammar, log_level=0)
        if matcher.is_error():
            raise UsageError(reason(matcher.get_error()))
        return matcher


def _require_library() -> None:
    """Refuse to go on without the library.

    Raises:
        NotInstalled: it is missing; names the extra.
    """
    if importlib.util.find_spec("llguidance") is None:
        raise NotInstalled("a constraint", "llguidance", "constrain")


def _trie(texts: Sequence[bytes]) -> "LLTokenizer":
    """Build the library's trie; a token with empty bytes is never allowed."""
    from llguidance import LLTokenizer, TokenizerWrapper

    rows = [text if len(text) <= LONGEST_TOKEN else b"" for text in texts]
    rows[EOS_ID] = EOS.encode()
    description = SimpleNamespace(
        eos_token_id=EOS_ID, bos_token_id=None, special_token_ids=[EOS_ID], tokens=rows
    )
    try:
        return LLTokenizer(TokenizerWrapper(description))
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a class that cannot be imported
            raise
        raise UsageError(
            f"this model has too large a vocabulary for constraints: {error}"
        ) from None


def _try_compile(grammar: str) -> None:
    """Compile a grammar in another process, to refuse one that would block or crash this one."""
    command = [sys.executable, "-P", str(TRIAL)]
    try:
        done = subprocess.run(
            command, input=grammar.encode(), capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"it takes more than {PATIENCE} s to compile; make it simpler") from None
    if done.returncode:
        raise UsageError("it is too large, or nested too deeply, to compile; make it simpler")


def reason(error: str) -> str:
    """Return the reason in one line, from the library's error if there is one."""
    if not error or error.startswith("NoExtensionBias"):
        return "nothing that this model can write fits"
    lines = error.splitlines()
    message = next((line for line in lines if line.startswith("error: ")), lines[0])
    return message.rpartition("(in regex): ")[2].removeprefix("error: ")[:LONGEST_REASON]
