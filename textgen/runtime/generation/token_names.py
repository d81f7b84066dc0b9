"""Tokens in settings: named by a text that is exactly one token, or by an id."""

import math
import reprlib

from textgen.config.generation import GenerationConfig, TokenName
from textgen.config.tokens import EOS_ID
from textgen.errors import UsageError
from textgen.sampling.dry import breaker_tokens as find_breakers
from textgen.tokenization.kinds import EOS
from textgen.tokenization.tokenizer import Tokenizer

# Number of tokens that an error lists of a text that is several.
LISTED = 12


def token_biases(config: GenerationConfig, tokenizer: Tokenizer) -> list[tuple[int, float]]:
    """Return token ids and what to add to their logits; banned tokens get minus infinity.

    Raises:
        UsageError: `logit_bias` or `banned_tokens` names what is not a token, or all are banned.
    """
    biases = [(_token(n, tokenizer, "logit_bias"), bias) for n, bias in config.logit_bias]
    banned = {_token(name, tokenizer, "banned_tokens") for name in config.banned_tokens}
    if len(banned) == tokenizer.vocab_size:
        raise UsageError("banned_tokens holds every token of the model; leave at least one")
    return biases + [(token, -math.inf) for token in sorted(banned)]


def breaker_tokens(config: GenerationConfig, tokenizer: Tokenizer) -> frozenset[int]:
    """Return the tokens across which DRY sees no repetition; none if it is off."""
    if "dry" not in config.active_samplers:
        return frozenset()
    return find_breakers(
        config.dry_breakers, map(tokenizer.token_bytes, range(tokenizer.vocab_size))
    )


def _token(name: TokenName, tokenizer: Tokenizer, setting: str) -> int:
    """Return the id of a token that a setting names."""
    if isinstance(name, int):
        if 0 <= name < tokenizer.vocab_size:
            return name
        legal = f"0 to {tokenizer.vocab_size - 1}"
        raise UsageError(f"{setting}: no token has the id {name}; this model's are {legal}")
    tokens = tokenizer.encode(name).tolist()
    if len(tokens) == 1:
        return int(tokens[0])
    shown = [f"{show_token(token, tokenizer)} #{token}" for token in tokens[:LISTED]]
    more = ["..."] if len(tokens) > LISTED else []
    raise UsageError(
        f"{setting}: {reprlib.repr(name)} is {len(tokens)} tokens of this model, not one: "
        f"{', '.join(shown + more)}; name one of them, by its text or id"
    )


def show_token(token: int, tokenizer: Tokenizer) -> str:
    """Return a token for people: its text in quotes, or its bytes if they are no text."""
    data = tokenizer.token_bytes(token)
    try:
        return EOS if token == EOS_ID else repr(data.decode())
    except UnicodeDecodeError:
        return f"bytes {data.hex(' ')}"
