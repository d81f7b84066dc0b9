"""Constrained output: which tokens are allowed next, and a known way to end in time."""

from collections import deque
from collections.abc import Collection
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from textgen.config.generation import GenerationConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError, by_setting
from textgen.runtime.constraints.completion_search import CompletionSearch, Patience
from textgen.runtime.constraints.completion_tokens import Tokens
from textgen.runtime.constraints.grammar import expressions_of, grammar_of, literals_of
from textgen.runtime.constraints.grammar_compiler import GrammarCompiler, reason
from textgen.runtime.constraints.matcher_state import MatcherState
from textgen.runtime.constraints.regex_errors import explain
from textgen.tokenization.tokenizer import Tokenizer

REUSED = 16  # first tokens of a known ending that the next token may replace
LONGEST = 1 << 13  # most tokens of the first ending that is searched
# At the beginning an ending must be found. Later one is known, and each search costs time.
AT_FIRST, LATER = Patience(none=512, shorter=4), Patience(none=8, shorter=1)
SHOWN = 20  # tokens of the text that an error shows

_compilers: WeakKeyDictionary[Tokenizer, GrammarCompiler] = WeakKeyDictionary()


class Constraint:
    """Restricts a generation to a regular expression, choices, a JSON schema or a Lark grammar.

    The constraint applies to the new text, not to the prompt. Where a tokenizer joins words with
    spaces, the space between the prompt and the new text does not count.

    If the number of tokens is limited, an ending that fits into the remaining tokens is always
    known: a token after which no such ending is found is not accepted.
    """

    def __init__(
        self, config: GenerationConfig, tokenizer: Tokenizer, banned: Collection[int] = ()
    ) -> None:
        """
        Args:
            config: settings, of which `regex`, `choice`, `json_schema` or `grammar` is set.
            tokenizer: the model's; the compiler made for it is kept for later constraints.
            banned: ids that are never allowed.

        Raises:
            UsageError: the library is not installed, the constraint cannot be read, no text of
                this model fits it, or `max_new_tokens` is too small for one that does.
            DataError: the library cannot use a tokenizer of another origin.
        """
        self._name = config.constraint
        self._tokenizer = tokenizer
        self._banned = list(banned)
        compiler = _compiler(tokenizer)
        try:
            self._matcher = MatcherState.begin(compiler.compile(grammar_of(config)), compiler.later)
        except UsageError as error:
            message = explain("".join(expressions_of(config)), str(error))
            raise UsageError(f"{self._name}: {message}") from None
        except UnicodeEncodeError:
            raise UsageError(f"{self._name}: it holds a lone surrogate, no character") from None
        self._last: deque[int] = deque(maxlen=SHOWN)
        self._left = config.max_new_tokens
        self._ending: Tokens | None = None  # from here on, if one is known
        self._allowed = self._find_allowed()
        if not self._allowed.any():
            raise UsageError(f"{self._name}: {self._reason}")
        self._search = CompletionSearch(compiler.vocabulary, literals_of(config), banned)
        if self._left >= 0:
            self._ending = self._first_ending()

    @property
    def is_complete(self) -> bool:
        """Whether the text so far satisfies the constraint, and so may end here."""
        return self._matcher.is_complete

    @property
    def must_end(self) -> bool:
        """Whether the text satisfies the constraint, and no token can follow."""
        return self.is_complete and not self._allowed[EOS_ID + 1 :].any()

    def allowed(self) -> NDArray[np.bool_]:
        """Return the mask of allowed tokens.

        Returns:
            Shape (vocab_size,); `<eos>` is allowed only where the text may end.

        Raises:
            DataError: no token is allowed; the text is at a dead end.
        """
        if not self._allowed.any():
            text = self._tokenizer.decode(self._last)
            raise DataError(f"{self._name}: {self._reason} after {text!r}")
        return self._allowed

    def accept(self, token: int) -> bool:
        """Append a token, if the text can still end in time after it.

        Args:
            token: an allowed id; `<eos>` changes nothing.

        Returns:
            True if the token was appended. If False, the text is unchanged, and from now on the
            next token of its known ending is the only allowed one.

        Raises:
            DataError: the token is not allowed.
        """
        if token == EOS_ID and self._allowed[EOS_ID]:
            return True
        state = self._matcher.after([token]) if self._allowed[token] else None
        if state is None:
            raise DataError(f"{self._name}: token {token} is not allowed here")
        return self._go_on(token, state)

    @property
    def _reason(self) -> str:
        """The reason that no token is allowed."""
        return reason(self._matcher.matcher.get_error())

    def _go_on(self, token: int, state: MatcherState) -> bool:
        """Move to the state after a token, if an ending is known there."""
        ending = self._ending_after(token, state)
        if ending is None and self._ending is not None:
            self._refuse(self._ending)
            return False
        self._matcher, self._ending = state, ending
        self._left -= 1
        self._last.append(token)
        self._allowed = self._find_allowed()
        return True

    def _refuse(self, ending: Tokens) -> None:
        """Allow the next token of the known ending alone.

        A failed search takes longest. To keep them few, each one costs the text half of the tokens
        that are left besides the ending.
        """
        self._left -= (self._left - len(ending) + 1) // 2
        self._allowed = _only(next(iter(ending), EOS_ID), self._allowed)

    def _ending_after(self, token: int, state: MatcherState) -> Tokens | None:
        """Return an ending after a token that fits into the tokens left, if one is known.

        The known ending is reused as long as it fits, because a search takes longer.
        """
        known = self._ending
        if known is None or known[:1] == (token,):
            return known and known[1:]
        for ending in (known[start:] for start in range(REUSED)):
            if len(ending) < self._left and (end := state.after(ending)) and end.is_complete:
                return ending
        return self._search.find(state, self._left - 1, LATER)

    def _first_ending(self) -> Tokens:
        """Return an ending from the start of the text.

        Raises:
            UsageError: no ending is found, or none that is short enough.
        """
        ending = self._search.find(self._matcher, LONGEST, AT_FIRST)
        if ending is None:
            raise UsageError(
                f"{self._name}: no text can fit it, as far as a search can tell: whatever is "
                f"written, more must follow"
            )
        if len(ending) <= self._left:
            return ending
        shorter = self._search.find(self._matcher, self._left, AT_FIRST)
        if shorter is None:
            raise UsageError(
                f"{self._name}: no text that fits was found in {self._left} tokens, only one of "
                f"{len(ending)}{by_setting('; raise {}', 'max_new_tokens')}"
            )
        return shorter

    def _find_allowed(self) -> NDArray[np.bool_]:
        """Return the mask of allowed tokens; all False if the library fails."""
        allowed = self._matcher.allowed(self._tokenizer.vocab_size)
        allowed[EOS_ID] = self.is_complete
        allowed[self._banned] = False
        if self._ending and self._left == len(self._ending):
            return _only(self._ending[0], allowed)
        return allowed


def _only(token: int, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask of one token, if it is allowed."""
    only = np.zeros_like(allowed)
    only[token] = allowed[token]
    return only


def _compiler(tokenizer: Tokenizer) -> GrammarCompiler:
    """Return the compiler of a tokenizer, made on first use.

    Two threads may each make one; the second is kept.
    """
    compiler = _compilers.get(tokenizer)
    if compiler is None:
        compiler = _compilers[tokenizer] = GrammarCompiler(tokenizer)
    return compiler
