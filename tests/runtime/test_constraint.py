"""Whatever is drawn from what a constraint allows fits it; what cannot be kept is refused."""

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import decoders, models, pre_tokenizers

from textgen.config.generation import GenerationConfig
from textgen.errors import DataError, UsageError
from textgen.runtime import grammar_compiler
from textgen.runtime.constraint import Constraint
from textgen.tokenization.byte_level import SPELLINGS
from textgen.tokenization.kinds import KINDS
from textgen.tokenization.tokenizer import EOS_ID, Tokenizer

MOST = 3000  # tokens that a text of these constraints needs at most, by far
TEXT = (
    'The tide comes in. Go now! Boats wait. the tide, the boats wait. 1 + 22 + 345\n'
    '{ "name" : "tide" , "n" : 12 , "tags" : [ "a" , "bc" , null ] } é 漢\n'
)
WORDS = TEXT.split()

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "n": {"type": "integer", "minimum": -20, "maximum": 300},
        "tags": {"type": "array", "items": {"enum": ["a", "bc", None]}, "maxItems": 3},
    },
    "required": ["name", "n", "tags"],
    "additionalProperties": False,
}
SUM = """
start: term (" + " term)*
term: NUMBER | "(" start ")"
NUMBER: /[1-9][0-9]{0,2}/
"""
REGEX = r"[A-Za-zé漢]+( [a-z]+)*[.!]?"
CHOICE = ("the tide", "the", "the boats wait.", "1 + (22)\n\t/\\", "漢")


def fits_schema(text: str) -> bool:
    value = json.loads(text)
    return (
        list(value) == ["name", "n", "tags"]
        and len(value["name"]) <= 6
        and type(value["n"]) is int
        and -20 <= value["n"] <= 300
        and len(value["tags"]) <= 3
        and set(value["tags"]) <= {"a", "bc", None}
    )


def is_sum(text: str) -> bool:
    tree = ast.walk(ast.parse(text, mode="eval"))
    parts = (ast.Expression, ast.BinOp, ast.Add, ast.Constant)
    return all(isinstance(node, parts) for node in tree) and " " not in text.replace(" + ", "")


CHECKS: dict[str, tuple[dict[str, Any], Callable[[str], Any]]] = {
    "regex": ({"regex": REGEX}, lambda text: re.fullmatch(REGEX, text)),
    "choice": ({"choice": CHOICE}, lambda text: text in CHOICE),
    "json_schema": ({"json_schema": json.dumps(SCHEMA)}, fits_schema),
    "grammar": ({"grammar": SUM}, is_sum),
}


def byte_level() -> LibraryTokenizer:
    """Like GPT-2's: parts of characters are tokens; one token is registered as special."""
    vocab = {spelling: number for number, spelling in enumerate([*SPELLINGS, "Ġtide", "the"])}
    library = LibraryTokenizer(models.BPE(vocab=vocab, merges=[]))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    library.add_special_tokens(["<|endoftext|>"])
    return library


def sentence_piece() -> LibraryTokenizer:
    """Like Llama 2's: bytes have spellings of their own, and the first space of a text goes."""
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁the", "the", "▁tide"]
    letters = sorted({*TEXT, *map(chr, range(33, 127))} - {" ", "\n", "漢"})
    vocab = {piece: number for number, piece in enumerate([*pieces, *letters])}
    library = LibraryTokenizer(models.BPE(vocab=vocab, merges=[], byte_fallback=True))
    library.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return library


def word_piece() -> LibraryTokenizer:
    """Like BERT's: words, and pieces that go on with one."""
    pieces = ["[UNK]", *dict.fromkeys(WORDS), "##s", "##ing", "##.", "##!"]
    vocab = {piece: number for number, piece in enumerate(pieces)}
    library = LibraryTokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    library.decoder = decoders.WordPiece()
    return library


FOREIGN = {"byte-level": byte_level, "sentence-piece": sentence_piece, "word-piece": word_piece}


@lru_cache(None)
def tokenizer_of(kind: str) -> Tokenizer:
    if kind in FOREIGN:
        return Tokenizer.from_json(FOREIGN[kind]().to_str())
    return Tokenizer.train(kind, [TEXT], normal_form="none", vocab_size=300)


@pytest.fixture(autouse=True, scope="module")
def _rehearse_once() -> Iterator[None]:
    """All tokenizers share what is known about a grammar."""
    with pytest.MonkeyPatch.context() as patch:
        once = lru_cache(None)(grammar_compiler._rehearse)
        patch.setattr(grammar_compiler, "_rehearse", once)
        yield


def draw(tokenizer: Tokenizer, seed: int, **settings: Any) -> list[int]:
    """Draw any tokens that are allowed, and end soon once that is."""
    random = np.random.default_rng(seed)
    constraint = Constraint(GenerationConfig(**settings), tokenizer)
    tokens: list[int] = []
    while EOS_ID not in tokens and len(tokens) < MOST:
        ends = constraint.must_end or (constraint.is_complete and random.random() < 0.3)
        token = EOS_ID if ends else int(random.choice(np.flatnonzero(constraint.allowed())))
        constraint.accept(token)
        tokens.append(token)
    assert tokens[-1] == EOS_ID
    return tokens


def check_draws(kind: str, name: str, seeds: range) -> None:
    """Texts fit with and without a prompt, but for the space that joins them to it."""
    tokenizer, (settings, fits) = tokenizer_of(kind), CHECKS[name]
    prompt = tokenizer.encode("the tide")
    for seed in seeds:
        tokens = draw(tokenizer, seed, **settings)
        text = tokenizer.decode(tokens)
        assert fits(text), text
        after = "".join(tokenizer.decode_stream(tokens, prompt))
        assert after in (text, f" {text}")
        assert after == text or kind in ("word-strict", "sentence-piece", "word-piece")


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("kind", [*KINDS, *FOREIGN])
def test_any_text_that_is_allowed_fits(kind: str, name: str) -> None:
    check_draws(kind, name, range(20))


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("kind", [*KINDS, *FOREIGN])
def test_a_thousand_texts_that_are_allowed_fit(kind: str, name: str) -> None:
    check_draws(kind, name, range(1000))
