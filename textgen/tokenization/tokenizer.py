"""Text to token ids and back, through the `tokenizers` library and one `tokenizer.json`."""

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as LibraryTokenizer

from textgen.config.corpus import NORMAL_FORMS, TOKENIZERS
from textgen.errors import DataError
from textgen.tokenization.text import clean_text

TokenIds = NDArray[np.int32]

EOS = "<eos>"
EOS_ID = 0
LARGEST_FILE = 64 << 20  # bytes; bounds what a foreign tokenizer.json can ask for


class Tokenizer:
    """A byte-level tokenizer: nothing is unencodable, and every text comes back as it was.

    Every kind is a BPE model over the bytes of UTF-8. `bpe` has learned merges; `char` has none,
    but a type for each character of the training text, found whole before any merging.

    `<eos>` is an ordinary entry of the vocabulary that no text can reach (pre-tokenization never
    leaves the five characters in one piece), not a registered special token, which would match
    in text after a reload.
    """

    def __init__(self, library: LibraryTokenizer, kind: str, normal_form: str) -> None:
        self._library = library
        self.kind = kind
        self.normal_form = normal_form
        self.vocab_size = library.get_vocab_size()
        self._bytes = _bytes_by_id(library.get_vocab())

    @classmethod
    def train(
        cls, kind: str, texts: Iterable[str], *, normal_form: str, vocab_size: int
    ) -> "Tokenizer":
        """Learn a tokenizer from clean texts.

        Args:
            kind: "char" or "bpe".
            texts: pieces of text, read once.
            normal_form: the normal form that the texts are in.
            vocab_size: number of token types wanted of bpe; a small text may give fewer.
        """
        if kind == "char":
            characters = {character for text in texts for character in set(text)}
            spellings = [_spell(c) for c in sorted(characters) if ord(c) > 127]
            library = _build(kind, _numbered([*SPELLINGS, *spellings]), [], normal_form)
        else:
            library = _build(kind, *_learn_bpe(texts, vocab_size), normal_form)
        return cls(library, kind, normal_form)

    @classmethod
    def from_json(cls, text: str) -> "Tokenizer":
        """Read a `tokenizer.json`.

        Only the vocabulary and merges of the file are used; the tokenizer is built anew from
        them, and all else in the file must be what ours says. So no foreign component ever runs.

        Raises:
            DataError: not a tokenizer of textgen's making.
        """
        if len(text) > LARGEST_FILE:
            raise DataError(f"tokenizer.json has {len(text)} characters; more than any real one")
        try:
            told = json.loads(text)
            vocab, merges = told["model"]["vocab"], told["model"]["merges"]
            if sorted(vocab.values()) != list(range(len(vocab))) or vocab.get(EOS) != EOS_ID:
                raise ValueError("its token ids are not 0, 1, 2, ...")
            pairs = [(left, right) for left, right in merges]
            for kind, normal_form in [(k, n) for k in TOKENIZERS for n in NORMAL_FORMS]:
                if _frame(told) == _frame(json.loads(_build(kind, {}, [], normal_form).to_str())):
                    return cls(_build(kind, vocab, pairs, normal_form), kind, normal_form)
        except Exception as error:  # the library raises bare Exception for merges it cannot use
            raise DataError(f"tokenizer.json is damaged: {error}") from None
        raise DataError("tokenizer.json holds components that textgen does not write")

    def to_json(self) -> str:
        """Return the content of `tokenizer.json` (Hugging Face format)."""
        return str(self._library.to_str(pretty=True))

    def clean(self, text: str) -> str:
        """Return the text as the tokenizer sees it: LF line ends, in its normal form."""
        return clean_text(text, self.normal_form)

    def encode(self, text: str) -> TokenIds:
        """Return the ids, of shape (tokens,), such that `decode` gives `clean(text)`.

        Raises:
            DataError: a lone surrogate in the text.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: list[str]) -> list[TokenIds]:
        """Return the ids of each text, using all cores."""
        cleaned = [self.clean(text) for text in texts]
        encodings = self._library.encode_batch_fast(cleaned, add_special_tokens=False)
        return [np.array(encoding.ids, np.int32) for encoding in encodings]

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of ids; `<eos>` has none, a broken character becomes U+FFFD."""
        return "".join(self.decode_stream(tokens))

    def decode_stream(self, tokens: Iterable[int]) -> Iterator[str]:
        """Yield the text that each id completes, then what is left: characters are never split.

        One piece an id, possibly empty, and one at the end; joined they are `decode(tokens)`.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for token in tokens:
            yield decoder.decode(self._bytes[token])
        yield decoder.decode(b"", final=True)

    def token_bytes(self, token: int) -> bytes:
        """Return the UTF-8 bytes that an id stands for; none for `<eos>`."""
        return self._bytes[token]


_NORMALIZERS: dict[str, Any] = {
    "none": None,
    "nfc": normalizers.NFC(),
    "nfkc": normalizers.NFKC(),
}


def _build(
    kind: str, vocab: dict[str, int], merges: list[tuple[str, str]], normal_form: str
) -> LibraryTokenizer:
    """Put a tokenizer together; the only place where its components are chosen."""
    library = LibraryTokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=kind == "char"))
    if normalizer := _NORMALIZERS[normal_form]:
        library.normalizer = normalizer
    library.pre_tokenizer = _pre_tokenizer(kind)
    library.decoder = decoders.ByteLevel()
    return library


def _frame(told: dict[str, Any]) -> dict[str, Any]:
    """Return what a `tokenizer.json` says beside its vocabulary and merges."""
    return {**told, "model": {**told["model"], "vocab": None, "merges": None}}


def _pre_tokenizer(kind: str) -> Any:
    """Return what cuts a text before the model: single characters, or GPT-2's words."""
    if kind == "char":
        single = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        return pre_tokenizers.Sequence([single, byte_level])
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def _learn_bpe(
    texts: Iterable[str], vocab_size: int
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Learn a vocabulary and merges (Sennrich et al. 2016, over bytes as in GPT-2)."""
    library = LibraryTokenizer(models.BPE())
    library.pre_tokenizer = _pre_tokenizer("bpe")
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 1, initial_alphabet=list(SPELLINGS), show_progress=False
    )
    library.train_from_iterator(texts, trainer)
    model = json.loads(library.to_str())["model"]
    by_id = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return _numbered(by_id), [(left, right) for left, right in model["merges"]]


def _numbered(spellings: list[str]) -> dict[str, int]:
    """Number the token types, `<eos>` first."""
    return {spelling: index for index, spelling in enumerate([EOS, *spellings])}


def _byte_spellings() -> tuple[str, ...]:
    """Return GPT-2's table: printable Latin-1 stands for itself, the rest from U+0100 on."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return tuple(chr(byte if byte in printable else next(others)) for byte in range(256))


# How a byte-level vocabulary spells each byte.
SPELLINGS = _byte_spellings()


def _spell(text: str) -> str:
    """Spell a text as a byte-level vocabulary does."""
    return "".join(SPELLINGS[byte] for byte in text.encode())


def _bytes_by_id(vocab: dict[str, int]) -> list[bytes]:
    """Return the bytes of each id; nothing for `<eos>`."""
    byte_of = {spelling: byte for byte, spelling in enumerate(SPELLINGS)}
    table = [b""] * len(vocab)
    for spelling, token in vocab.items():
        if token != EOS_ID:
            table[token] = bytes(byte_of[character] for character in spelling)
    return table
