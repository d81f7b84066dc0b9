"""The bytes of each token, as the first of a text and as a later one."""

import json
import re
from collections.abc import Sequence

from textgen.errors import UsageError
from textgen.tokenization.byte_level import SPELLINGS, unspell
from textgen.tokenization.decoding import BROKEN
from textgen.tokenization.kinds import STRICT
from textgen.tokenization.tokenizer import CUSTOM, Tokenizer

_SPELLED_BYTE = re.compile("<0x([0-9A-F]{2})>")  # how SentencePiece spells one


def token_bytes(tokenizer: Tokenizer) -> tuple[list[bytes], list[bytes]]:
    """Return the bytes of each token at the beginning of a text, and later in it.

    They differ where spaces join tokens: the first token of a text has no space before it.

    Returns:
        Two lists of vocab_size entries; an entry is empty if a token has no bytes, or no certain
        ones.

    Raises:
        UsageError: the bytes of a token depend on the token before it.
        DataError: the library cannot use a tokenizer of another origin.
    """
    tokens = range(tokenizer.vocab_size)
    if tokenizer.kind not in (STRICT, CUSTOM):
        texts = [tokenizer.token_bytes(token) for token in tokens]
        return texts, texts
    alone = [tokenizer.decode([token]) for token in tokens]
    whole = [token for token in tokens[1:] if BROKEN not in alone[token]]
    after = _pieces(tokenizer, whole)
    if after != _pieces(tokenizer, whole[::-1]):
        raise UsageError(
            "the model's tokenizer writes a token differently after different ones, so that no "
            "constraint can be kept"
        )
    broken = _spelled_bytes(tokenizer, set(tokens) - set(whole))
    later = broken | {token: text.encode() for token, text in after.items()}
    first = broken | {
        token: alone[token].encode()
        for token, text in after.items()
        if text in (alone[token], f" {alone[token]}")
    }
    return [first.get(token, b"") for token in tokens], [later.get(token, b"") for token in tokens]


def _pieces(tokenizer: Tokenizer, tokens: Sequence[int]) -> dict[int, str]:
    """Return the text of each token after the one before it."""
    stream = tokenizer.decode_stream(tokens, prompt=tokens[-1:])
    return dict(zip(tokens, stream, strict=False))  # at its end, the stream has one piece more


def _spelled_bytes(tokenizer: Tokenizer, broken: set[int]) -> dict[int, bytes]:
    """Return the bytes of the tokens that are parts of characters, by their spelling."""
    vocab = json.loads(tokenizer.to_json())["model"]["vocab"]
    ids = vocab if isinstance(vocab, dict) else {entry[0]: n for n, entry in enumerate(vocab)}
    spellings = {number + 1: spelling for spelling, number in ids.items()}
    return {token: _bytes(spellings[token]) for token in broken & spellings.keys()}


def _bytes(spelling: str) -> bytes:
    """Return the bytes of a token spelled in SentencePiece's or the byte-level way, else none."""
    if match := _SPELLED_BYTE.fullmatch(spelling):
        return bytes.fromhex(match[1])
    return unspell(spelling) if set(spelling) <= set(SPELLINGS) else b""
