"""The kinds of tokenizer: what each is made of, and how each is learned from text.

All but `word-strict` work on the bytes of UTF-8, so that nothing is unencodable and every text
comes back as it was. Which pieces a text is cut into first, and how the pieces become tokens:

| kind | pieces | tokens |
|---|---|---|
| byte | none | bytes |
| char | characters | the characters of the training text; others in bytes |
| bpe | GPT-2's words | learned merges of bytes |
| unigram | GPT-2's words | the likeliest segmentation into learned pieces |
| word | words with the space before them, single marks | the commonest; others in bytes |
| word-strict | what stands between white space | all words; others become `<unk>` |
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as LibraryTokenizer

from textgen.config.tokens import EOS_ID
from textgen.tokenization.byte_level import SPELLINGS

STRICT = "word-strict"
KINDS = ("char", "byte", "bpe", "unigram", "word", STRICT)
WHOLE_PIECES = ("char", "word")  # a piece is a token, if it is known at all

EOS = "<eos>"  # no piece of a byte-level kind is ever this: pre-tokenization cuts it up
LINE_END = "\n"  # the same for word-strict, whose pieces hold no white space
UNKNOWN = "<unk>"

# Scripts that put no space between words, each of whose characters makes a word of its own.
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}"
WORDS = (
    rf" ?[\p{{L}}\p{{M}}&&[^{UNSPACED}]]+(?:['’][\p{{L}}\p{{M}}]+)*"  # noqa: RUF001  # apostrophe
    rf"| ?[{UNSPACED}]| ?\p{{N}}+| ?[^\s\p{{L}}\p{{M}}\p{{N}}]|\s+(?!\S)|\s"
)
SCORE_DIGITS = 9  # what of a unigram score is the same on every run
STRETCH = 1 << 16  # characters of which it counts whether one occurs, not how often
EVERY = 1 << 30  # as many types as there are

_NORMALIZERS: dict[str, Any] = {
    "none": None,
    "nfc": normalizers.NFC(),
    "nfkc": normalizers.NFKC(),
}
_NO_MODEL: dict[str, Any] = {"vocab": {}, "merges": []}


def assemble(kind: str, model: dict[str, Any], normal_form: str) -> LibraryTokenizer:
    """Put a tokenizer together; the only place where its components are chosen.

    Args:
        kind: one of `KINDS`.
        model: `vocab` and `merges`, as `tokenizer.json` holds them.
        normal_form: of the texts.
    """
    library = LibraryTokenizer(_model(kind, model))
    if normalizer := _NORMALIZERS[normal_form]:
        library.normalizer = normalizer
    library.pre_tokenizer = _pre_tokenizer(kind)
    if kind != STRICT:
        library.decoder = decoders.ByteLevel()
    return library


def frame(told: dict[str, Any]) -> dict[str, Any]:
    """Return what a `tokenizer.json` says beside its vocabulary and merges."""
    rest = {k: v for k, v in told["model"].items() if k not in _NO_MODEL}
    return {**told, "model": rest}


def frame_of(kind: str, normal_form: str) -> dict[str, Any]:
    """Return the frame of every `tokenizer.json` of a kind."""
    return frame(json.loads(assemble(kind, _NO_MODEL, normal_form).to_str()))


def ids_of(kind: str, model: dict[str, Any]) -> dict[str, int]:
    """Return the ids of a model's spellings, after checking them.

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
        vocab_size: number of token types wanted, `<eos>` included; None for all that there are.
            A small text may give fewer, and byte and char have as many as they have.

    Returns:
        `vocab` and `merges`, as `tokenizer.json` holds them.
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
        known = [UNKNOWN, *(word for word in words if word != UNKNOWN)]
        return _numbered(known[: size - 1], eos=LINE_END)
    if kind == "char":
        texts = _alphabets(texts)
    # A word seen once is spelled in bytes, so that the network meets such spellings in training.
    pieces = _frequent_pieces(kind, texts, size, at_least=2 if kind == "word" else 1)
    longer = [piece for piece in pieces if len(piece) > 1]
    return _numbered([*SPELLINGS, *longer][: max(size - 1, len(SPELLINGS))])


def _model(kind: str, model: dict[str, Any]) -> Any:
    """Make the library's model of a vocabulary and merges."""
    if kind == "unigram":
        pieces = [(spelling, score) for spelling, score in model["vocab"]]
        return models.Unigram(pieces or [(EOS, 0.0)], None, False)
    if kind == STRICT:
        return models.WordLevel(model["vocab"], UNKNOWN)
    merges = [(left, right) for left, right in model["merges"]]
    return models.BPE(vocab=model["vocab"], merges=merges, ignore_merges=kind in WHOLE_PIECES)


def _pre_tokenizer(kind: str) -> Any:
    """Return what cuts a text into pieces before the model."""
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
    """Let the library learn; return its model as JSON holds it."""
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

    The library adds the bytes that it has not seen in random order, with scores to match, and
    sums in random order; both are evened out, so that every run gives the same tokenizer.
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
    """Yield which characters there are in each stretch of some texts, in order."""
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
    """Return the pieces that a kind cuts texts into, as it spells them, the commonest first."""
    trainer = trainers.WordLevelTrainer(
        vocab_size=most, min_frequency=at_least, show_progress=False
    )
    vocab = _train(kind, models.WordLevel(), trainer, texts)["vocab"]
    return sorted(vocab, key=vocab.__getitem__)


def _numbered(spellings: Iterable[str], eos: str = EOS) -> dict[str, Any]:
    """Number the token types, the end of a document first."""
    vocab = {spelling: index for index, spelling in enumerate([eos, *spellings])}
    return {"vocab": vocab, "merges": []}
