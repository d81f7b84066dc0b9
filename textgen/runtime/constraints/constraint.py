"""What a text must be: told token by token, by what may come next."""

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

REUSED = 16  # tokens of a known ending that the next token of a text may stand for
LONGEST = 1 << 13  # tokens of an ending that is looked for at the beginning
# At the beginning an ending must be found; later one is known, and a search costs time each time.
AT_FIRST, LATER = Patience(none=512, shorter=4), Patience(none=8, shorter=1)
SHOWN = 20  # tokens of the text that an error shows

_compilers: WeakKeyDictionary[Tokenizer, GrammarCompiler] = WeakKeyDictionary()


class Constraint:
    """What may be written next, by a regular expression, choices, a JSON schema or a Lark grammar.

    It is about the new text alone. Where a tokenizer joins words with spaces, the one between
    the prompt and the new text is no part of it.

    Where the number of tokens is limited, an ending that fits into those that are left is always
    known: a token behind which none is found is not accepted.
    """

    def __init__(
        self, config: GenerationConfig, tokenizer: Tokenizer, banned: Collection[int] = ()
    ) -> None:
        """
        Args:
            config: one of its `regex`, `choice`, `json_schema` and `grammar` is set.
            tokenizer: what the model's tokens are; what is made of it serves the next one, too.
            banned: tokens that are never allowed.

        Raises:
            UsageError: the library is not installed, the constraint cannot be read, nothing that
                the model can write fits, or `max_new_tokens` is too small for what does.
            DataError: somebody else's tokenizer is not usable.
        """
        self._name = config.constraint
        self._tokenizer = tokenizer
        self._banned = list(banned)
        compiler = _compiler(tokenizer)
        try:
            self._place = MatcherState.begin(compiler.compile(grammar_of(config)), compiler.later)
        except UsageError as error:
            told = explain("".join(expressions_of(config)), str(error))
            raise UsageError(f"{self._name}: {told}") from None
        except UnicodeEncodeError:
            raise UsageError(f"{self._name}: it holds a lone surrogate, no character") from None
        self._last: deque[int] = deque(maxlen=SHOWN)
        self._left = config.max_new_tokens
        self._ending: Tokens | None = None  # from here on, if one is known
        self._allowed = self._find_allowed()
        if not self._allowed.any():
            raise UsageError(f"{self._name}: {self._reason}")
        self._closing = CompletionSearch(compiler.vocabulary, literals_of(config), banned)
        if self._left >= 0:
            self._ending = self._first_ending()

    @property
    def is_complete(self) -> bool:
        """Whether the text so far fits, and so may end here."""
        return self._place.is_complete

    @property
    def must_end(self) -> bool:
        """Whether the text fits, and nothing can follow it."""
        return self.is_complete and not self._allowed[EOS_ID + 1 :].any()

    def allowed(self) -> NDArray[np.bool_]:
        """Return which tokens may come next.

        Returns:
            Shape (vocab_size,); `<eos>` only where the text may end.

        Raises:
            DataError: none of them; the text has come to a dead end.
        """
        if not self._allowed.any():
            text = self._tokenizer.decode(self._last)
            raise DataError(f"{self._name}: {self._reason} after {text!r}")
        return self._allowed

    def accept(self, token: int) -> bool:
        """Go on behind a token that is allowed, if the text can still end in time.

        Args:
            token: the next one; `<eos>` changes nothing.

        Returns:
            whether it can. If not, the text stays as it is, and the next token of its known ending
            is the only one that is allowed here.

        Raises:
            DataError: the token is not allowed.
        """
        if token == EOS_ID and self._allowed[EOS_ID]:
            return True
        place = self._place.after([token]) if self._allowed[token] else None
        if place is None:
            raise DataError(f"{self._name}: token {token} is not allowed here")
        return self._go_on(token, place)

    @property
    def _reason(self) -> str:
        """Why nothing is allowed."""
        return reason(self._place.matcher.get_error())

    def _go_on(self, token: int, place: MatcherState) -> bool:
        """Stand at the place behind a token, if an ending stays known."""
        ending = self._ending_behind(token, place)
        if ending is None and self._ending is not None:
            self._refuse(self._ending)
            return False
        self._place, self._ending = place, ending
        self._left -= 1
        self._last.append(token)
        self._allowed = self._find_allowed()
        return True

    def _refuse(self, ending: Tokens) -> None:
        """Allow the next token of the known ending alone.

        A search in vain takes the longest. So that there are few of them in a text, each costs it
        half of the tokens that are left besides the ending.
        """
        self._left -= (self._left - len(ending) + 1) // 2
        self._allowed = _only(next(iter(ending), EOS_ID), self._allowed)

    def _ending_behind(self, token: int, place: MatcherState) -> Tokens | None:
        """Return an ending behind the next token, of those that are left besides it, if known.

        The one that was known serves as long as it can, for a search takes longer.
        """
        known = self._ending
        if known is None or known[:1] == (token,):
            return known and known[1:]
        for ending in (known[start:] for start in range(REUSED)):
            if len(ending) < self._left and (end := place.after(ending)) and end.is_complete:
                return ending
        return self._closing.find(place, self._left - 1, LATER)

    def _first_ending(self) -> Tokens:
        """Return an ending of the whole text.

        Raises:
            UsageError: none is found, or none that is short enough.
        """
        ending = self._closing.find(self._place, LONGEST, AT_FIRST)
        if ending is None:
            raise UsageError(
                f"{self._name}: no text can fit it, as far as a search can tell: whatever is "
                f"written, more must follow"
            )
        if len(ending) <= self._left:
            return ending
        shorter = self._closing.find(self._place, self._left, AT_FIRST)
        if shorter is None:
            raise UsageError(
                f"{self._name}: no text that fits was found in {self._left} tokens, only one of "
                f"{len(ending)}{by_setting('; raise {}', 'max_new_tokens')}"
            )
        return shorter

    def _find_allowed(self) -> NDArray[np.bool_]:
        """Return which tokens may come next; where the library fails, none."""
        allowed = self._place.allowed(self._tokenizer.vocab_size)
        allowed[EOS_ID] = self.is_complete
        allowed[self._banned] = False
        if self._ending and self._left == len(self._ending):
            return _only(self._ending[0], allowed)
        return allowed


def _only(token: int, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return one of the allowed tokens alone."""
    only = np.zeros_like(allowed)
    only[token] = allowed[token]
    return only


def _compiler(tokenizer: Tokenizer) -> GrammarCompiler:
    """Return the compiler for a tokenizer, made when it is first asked for.

    Two threads may each make one; the second is kept.
    """
    compiler = _compilers.get(tokenizer)
    if compiler is None:
        compiler = _compilers[tokenizer] = GrammarCompiler(tokenizer)
    return compiler
