"""The kinds of tokenizer: their components, and their training on text.

All kinds but `word-strict` work on the bytes of UTF-8, so that every text can be encoded, and
decodes to itself. A text is first cut into pieces, then the pieces become tokens:

| kind | pieces | tokens |
|---|---|---|
| byte | none | bytes |
| char | characters | the characters of the training text; others in bytes |
| bpe | GPT-2's words | learned merges of bytes |
| unigram | GPT-2's words | the likeliest segmentation into learned pieces |
| word | words with the space before them, single marks | frequent ones; others in bytes |
| word-strict | words between white space | all words; others become `<unk>` |
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as LibraryTokenizer

from textgen.config.tokens import EOS_ID
from textgen.tokenization.byte_level import SPELLINGS

# Part of every token store's key. Raise it with each change of the ids that a text gets.
TOKENS_VERSION = 1
STRICT = "word-strict"
KINDS = ("char", "byte", "bpe", "unigram", "word", STRICT)
WHOLE_PIECES = ("char", "word")  # a piece in the vocabulary is a token

EOS = "<eos>"  # no piece of a byte-level kind is ever this: pre-tokenization cuts it up
LINE_END = "\n"  # the same for word-strict, whose pieces hold no white space
UNKNOWN = "<unk>"

# Scripts without spaces between words; each of their characters is a word.
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}"
WORDS = (
    rf" ?[\p{{L}}\p{{M}}&&[^{UNSPACED}]]+(?:['’][\p{{L}}\p{{M}}]+)*"  # noqa: RUF001  # apostrophe
    rf"| ?[{UNSPACED}]| ?\p{{N}}+| ?[^\s\p{{L}}\p{{M}}\p{{N}}]|\s+(?!\S)|\s"
)
SCORE_DIGITS = 9  # of a unigram score that are the same on every run
STRETCH = 1 << 16  # characters in which an occurrence counts once
EVERY = 1 << 30  # no limit on the number of types

_NORMALIZERS: dict[str, Any] = {
    "none": None,
    "nfc": normalizers.NFC(),
    "nfkc": normalizers.NFKC(),
}
_NO_MODEL: dict[str, Any] = {"vocab": {}, "merges": []}


def assemble(kind: str, model: dict[str, Any], normal_form: str) -> LibraryTokenizer:
    """Build a tokenizer; its components are chosen here and nowhere else.

    Args:
        kind: one of `KINDS`.
        model: `vocab` and `merges`, as in `tokenizer.json`.
        normal_form: of the texts.
    """
    library = LibraryTokenizer(_model(kind, model))
    if normalizer := _NORMALIZERS[normal_form]:
        library.normalizer = normalizer
    library.pre_tokenizer = _pre_tokenizer(kind)
    if kind != STRICT:
        library.decoder = decoders.ByteLevel()
    return library


def frame(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a `tokenizer.json` without its vocabulary and merges."""
    rest = {k: v for k, v in content["model"].items() if k not in _NO_MODEL}
    return {**content, "model": rest}


def frame_of(kind: str, normal_form: str) -> dict[str, Any]:
    """Return the frame of every `tokenizer.json` of a kind."""
    return frame(json.loads(assemble(kind, _NO_MODEL, normal_form).to_str()))


def ids_of(kind: str, model: dict[str, Any]) -> dict[str, int]:
    """Return the ids of a model's spellings, checked.

    Raises:
        ValueError: the ids are not 0, 1, 2, ..., or the first is not `<eos>`.
    """
    vocab = model["vocab"]
    if kind == "unigram":
        vocab = {spelling: index for index, (spelling, _) in enumerate(vocab)}
    if sorted(vocab.values()) != list(range(len(model["vocab"]))):
        raise ValueError("its token ids are not 0, 1, 2, ...")
    if vocab.get(LINE_END if kind == STRICT else EOS) != EOS_ID:
        raise ValueError("its first token is not the end of a document")
    return dict(vocab)


def learn(kind: str, texts: Iterable[str], vocab_size: int | None) -> dict[str, Any]:
    """Learn a model from clean texts.

    Args:
        kind: one of `KINDS`.
        texts: pieces of text, read once.
        vocab_size: the largest number of token types, including `<eos>`; None for no limit. A small
            text may give fewer. It is ignored by byte and char.

    Returns:
        `vocab` and `merges`, as in `tokenizer.json`.
    """
    size = vocab_size or EVERY
    if kind == "byte":
        return _numbered(SPELLINGS)
    if kind == "bpe":
        return _learn_bpe(texts, size)
    if kind == "unigram":
        return _learn_unigram(texts, size)
    if kind == STRICT:
        words = _frequent_pieces(kind, texts, size, at_least=1)
        types = [UNKNOWN, *(word for word in words if word != UNKNOWN)]
        return _numbered(types[: size - 1], eos=LINE_END)
    if kind == "char":
        texts = _alphabets(texts)
    # A word that occurs once is spelled in bytes, so that the network learns such spellings.
    pieces = _frequent_pieces(kind, texts, size, at_least=2 if kind == "word" else 1)
    longer = [piece for piece in pieces if len(piece) > 1]
    return _numbered([*SPELLINGS, *longer][: max(size - 1, len(SPELLINGS))])


def _model(kind: str, model: dict[str, Any]) -> Any:
    """Make the library's model from a vocabulary and merges."""
    if kind == "unigram":
        pieces = [(spelling, score) for spelling, score in model["vocab"]]
        return models.Unigram(pieces or [(EOS, 0.0)], None, False)
    if kind == STRICT:
        return models.WordLevel(model["vocab"], UNKNOWN)
    merges = [(left, right) for left, right in model["merges"]]
    return models.BPE(vocab=model["vocab"], merges=merges, ignore_merges=kind in WHOLE_PIECES)


def _pre_tokenizer(kind: str) -> Any:
    """Return the pre-tokenizer, which cuts a text into pieces."""
    if kind == STRICT:
        return pre_tokenizers.WhitespaceSplit()
    byte_level = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=kind in ("bpe", "unigram")
    )
    if kind in WHOLE_PIECES:
        pattern = r"[\s\S]" if kind == "char" else WORDS
        split = pre_tokenizers.Split(Regex(pattern), "isolated")
        return pre_tokenizers.Sequence([split, byte_level])
    return byte_level


def _train(kind: str, model: Any, trainer: Any, texts: Iterable[str]) -> dict[str, Any]:
    """Train a model of the library, and return it as JSON."""
    library = LibraryTokenizer(model)
    library.pre_tokenizer = _pre_tokenizer(kind)
    library.train_from_iterator(texts, trainer)
    learned: dict[str, Any] = json.loads(library.to_str())["model"]
    return learned


def _learn_bpe(texts: Iterable[str], size: int) -> dict[str, Any]:
    """Learn merges (Sennrich et al. 2016, over bytes as in GPT-2)."""
    trainer = trainers.BpeTrainer(
        vocab_size=size - 1, initial_alphabet=list(SPELLINGS), show_progress=False
    )
    learned = _train("bpe", models.BPE(), trainer, texts)
    by_id = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
    return _numbered(by_id) | {"merges": learned["merges"]}


def _learn_unigram(texts: Iterable[str], size: int) -> dict[str, Any]:
    """Learn pieces and their log-probabilities (Kudo 2018).

    The library adds unseen bytes in random order, with scores to match, and sums in random order.
    Sorting and rounding remove both, so that every run gives the same tokenizer.
    """
    trainer = trainers.UnigramTrainer(
        vocab_size=size - 1, initial_alphabet=list(SPELLINGS), show_progress=False
    )
    pieces = _train("unigram", models.Unigram(), trainer, texts)["vocab"]
    lowest = min((score for piece, score in pieces if len(piece) > 1), default=-1.0)
    scored = [(piece, round(max(score, lowest), SCORE_DIGITS)) for piece, score in pieces]
    scored.sort(key=lambda entry: (-entry[1], entry[0]))
    return {"vocab": [[EOS, round(lowest, SCORE_DIGITS)], *map(list, scored)], "merges": []}


def _alphabets(texts: Iterable[str]) -> Iterator[str]:
    """Yield the set of characters in each stretch of some texts, in order."""
    gathered: list[str] = []
    size = 0
    for text in texts:
        gathered.append(text)
        size += len(text)
        if size >= STRETCH:
            yield "".join(sorted(set("".join(gathered))))
            gathered, size = [], 0
    yield "".join(sorted(set("".join(gathered))))


def _frequent_pieces(kind: str, texts: Iterable[str], most: int, *, at_least: int) -> list[str]:
    """Return the pieces that a kind cuts texts into, in its spelling, the most frequent first."""
    trainer = trainers.WordLevelTrainer(
        vocab_size=most, min_frequency=at_least, show_progress=False
    )
    vocab = _train(kind, models.WordLevel(), trainer, texts)["vocab"]
    return sorted(vocab, key=vocab.__getitem__)


def _numbered(spellings: Iterable[str], eos: str = EOS) -> dict[str, Any]:
    """Number the token types, the end of a document first."""
    vocab = {spelling: index for index, spelling in enumerate([eos, *spellings])}
    return {"vocab": vocab, "merges": []}
