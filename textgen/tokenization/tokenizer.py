"""Tokenizers: text to token ids and back, by the `tokenizers` library and one `tokenizer.json`."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import decoders, normalizers

from textgen.config.corpus import NORMAL_FORMS
from textgen.config.model import LARGEST_SIZE
from textgen.config.tokens import EOS_ID
from textgen.corpus.text.cleaning import clean_text
from textgen.errors import DataError, MissingInput, by_setting
from textgen.tokenization.byte_decoding import ByteDecoding
from textgen.tokenization.byte_level import bytes_by_id, foreign_bytes_by_id
from textgen.tokenization.decoding import Decoding, Detokenizer, Prompt
from textgen.tokenization.encoding import CharacterEncoding, Encoding, LibraryEncoding, TokenIds
from textgen.tokenization.kinds import KINDS, STRICT, assemble, frame, frame_of, ids_of
from textgen.tokenization.kinds import learn as learn_model
from textgen.tokenization.library_decoding import LibraryDecoding
from textgen.tokenization.library_errors import as_data_errors
from textgen.tokenization.other_files import other_file
from textgen.tokenization.word_decoding import WordDecoding

__all__ = ["CUSTOM", "TokenIds", "Tokenizer"]

BYTE_ORDER_MARK = "\ufeff"
CHARACTER_KINDS = ("char", "byte")  # a token is a character, or a byte of one
CUSTOM = "custom"  # the kind of a foreign tokenizer
CUSTOM_SHIFT = 1  # that is added to the library's ids of a foreign tokenizer
TOKENIZER = "tokenizer.json"  # the name of its file, in a model folder and elsewhere
LARGEST_FILE = 64 << 20  # characters; bounds the memory for a foreign tokenizer.json


class Tokenizer:
    """A tokenizer: text to token ids and back. Id 0 is `<eos>`, which no text encodes to.

    The module `kinds` describes the kinds that textgen learns. `<eos>` is an ordinary entry of
    their vocabularies, not a registered special token, which would match in text after a reload.

    A foreign tokenizer (kind `custom`) keeps its own ids, plus one. It may not decode every text to
    itself; `loses` finds a text that it changes.

    Attributes:
        kind: "char", "byte", "bpe", "unigram", "word", "word-strict" or "custom".
        normal_form: the Unicode normal form that texts are brought to: "none", "nfc" or "nfkc".
        vocab_size: the number of token types, including `<eos>`.

    Example:
        >>> from textgen import TextGenerator
        >>> tokenizer = TextGenerator.from_pretrained().tokenizer
        >>> tokens = tokenizer.encode("The ferry was late.")
        >>> tokenizer.decode(tokens)
        'The ferry was late.'
    """

    def __init__(self, library: LibraryTokenizer, kind: str, normal_form: str) -> None:
        """
        Args:
            library: the tokenizer of the `tokenizers` library.
            kind: one of `kinds.KINDS`, or `CUSTOM`.
            normal_form: of the texts.

        Raises:
            DataError: its vocabulary cannot hold every text, or its ids are too large.
        """
        self._library = library
        self.kind = kind
        self.normal_form = normal_form
        shift = CUSTOM_SHIFT if kind == CUSTOM else 0
        vocab = library.get_vocab(with_added_tokens=True)
        self.vocab_size = max(vocab.values(), default=-1) + 1 + shift
        if not 2 <= self.vocab_size <= LARGEST_SIZE:
            raise DataError(f"tokenizer.json has {self.vocab_size} token types; 2 to 2**20 work")
        self._decoding = _decoding(library, kind, vocab, self.vocab_size)
        self._encoding: Encoding = (
            CharacterEncoding(vocab, EOS_ID)
            if kind in CHARACTER_KINDS
            else LibraryEncoding(library, shift)
        )
        if getattr(library.model, "dropout", None):
            library.model.dropout = None  # the ids of a text must not be random
        library.encode_special_tokens = True  # special tokens in a text are text
        library.no_truncation()
        library.no_padding()

    @classmethod
    def train(
        cls, kind: str, texts: Iterable[str], *, normal_form: str, vocab_size: int | None = None
    ) -> "Tokenizer":
        """Learn a tokenizer from clean texts.

        Args:
            kind: one of `kinds.KINDS`.
            texts: pieces of text, read once.
            normal_form: of the texts: "none", "nfc" or "nfkc".
            vocab_size: the largest number of token types, including `<eos>`; None for no limit.
                A small text may give fewer.

        Returns:
            the tokenizer.
        """
        model = learn_model(kind, texts, vocab_size)
        return cls(assemble(kind, model, normal_form), kind, normal_form)

    @classmethod
    def from_json(cls, text: str) -> "Tokenizer":
        """Read a `tokenizer.json` in Hugging Face's format.

        One of textgen's own is rebuilt from its vocabulary and merges alone. Any other is read by
        the library, which runs no code from it.

        Args:
            text: the content of the file.

        Raises:
            DataError: the text is no tokenizer, or a damaged one.
        """
        if len(text) > LARGEST_FILE:
            raise DataError(f"tokenizer.json has {len(text)} characters; more than any real one")
        with as_data_errors():
            content = json.loads(text)
            own_frame = frame(content)
            for kind, normal_form in [(k, n) for k in KINDS for n in NORMAL_FORMS]:
                if own_frame == frame_of(kind, normal_form):
                    ids_of(kind, content["model"])
                    return cls(assemble(kind, content["model"], normal_form), kind, normal_form)
            return cls(LibraryTokenizer.from_str(text), CUSTOM, _normal_form(content))

    @classmethod
    def from_file(cls, path: Path, normal_form: str | None = None) -> "Tokenizer":
        """Read a `tokenizer.json` from a file.

        Args:
            path: the file.
            normal_form: the form that texts are brought to first; None for that of the file.

        Raises:
            MissingInput: the file does not exist.
            DataError: it holds no tokenizer, or one of textgen's with another normal form.
        """
        try:
            data = path.read_bytes()
            tokenizer = cls.from_json(data.decode("utf-8"))
        except (FileNotFoundError, IsADirectoryError):
            raise MissingInput(f"{path}: no such file") from None
        except (DataError, UnicodeDecodeError) as error:
            problem = other_file(data) or error
            raise DataError(f"{path}: {problem}") from None
        if normal_form in (None, tokenizer.normal_form):
            return tokenizer
        if tokenizer.kind != CUSTOM:
            raise DataError(
                f"{path}: made for text in the form {tokenizer.normal_form}, not {normal_form}; "
                + by_setting("pass {}", "normalize", tokenizer.normal_form)
            )
        return cls(_normalized(tokenizer._library, normal_form), CUSTOM, normal_form)

    def to_json(self) -> str:
        """Return the content of `tokenizer.json`, in Hugging Face's format."""
        return str(self._library.to_str(pretty=True))

    def clean(self, text: str) -> str:
        """Return a text with LF line ends in the tokenizer's normal form.

        Args:
            text: any text.

        Raises:
            DataError: a lone surrogate in the text.
        """
        return clean_text(text, self.normal_form)

    def clean_prompt(self, text: str) -> str:
        """Return a prompt clean and without a byte order mark.

        Args:
            text: any text.

        Raises:
            DataError: a lone surrogate in the text.
        """
        return self.clean(text.removeprefix(BYTE_ORDER_MARK))

    def encode(self, text: str) -> TokenIds:
        """Return the ids of a text, which `decode` turns back into `clean(text)`.

        Args:
            text: any text; it gets no `<eos>`.

        Returns:
            int32, of shape (tokens,).

        Raises:
            DataError: a lone surrogate in the text.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the ids of each text, encoded on all cores.

        Args:
            texts: any texts.

        Returns:
            int32 arrays, each of shape (tokens,).

        Raises:
            DataError: a lone surrogate in a text.
        """
        cleaned = [self.clean(text) for text in texts]
        return self._encoding.encode_batch(cleaned)

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of ids. `<eos>` has no text; a broken character becomes U+FFFD.

        Args:
            tokens: the ids.

        Raises:
            DataError: an id is out of range, or the library cannot use a foreign tokenizer.
        """
        ids = list(tokens)
        if invalid := next((n for n in ids if not 0 <= n < self.vocab_size), None):
            raise DataError(f"no token has the id {invalid}; there are 0 to {self.vocab_size - 1}")
        return "".join(self.decode_stream(ids))

    def decode_stream(self, tokens: Iterable[int], prompt: Prompt = ()) -> Iterator[str]:
        """Yield the text that each id completes, then the rest. Characters are never split.

        Args:
            tokens: the ids.
            prompt: the ids before them, on which a space between two words may depend.

        Yields:
            a text for each id, perhaps empty, and one at the end. Joined, they are
            `decode(tokens)`.

        Raises:
            DataError: the library cannot use a foreign tokenizer.
        """
        detokenizer = self.detokenizer(prompt)
        for token in tokens:
            yield detokenizer.push(token)
        yield detokenizer.finish()

    def detokenizer(self, prompt: Prompt = (), *, strict: bool = False) -> Detokenizer:
        """Return the decoder of a stream of ids, which takes them one by one.

        Args:
            prompt: the ids before them, on which a space between two words may depend.
            strict: whether it refuses ids whose bytes make no character after the previous ones,
                and `<eos>` within a character, where the bytes of ids are known.

        Raises:
            DataError: the library cannot use a foreign tokenizer; also raised by the decoder.
        """
        return self._decoding.begin(prompt, strict=strict)

    def misfits(self, begun: bytes = b"") -> NDArray[np.intp]:
        """Return the ids whose bytes make no characters after the beginning of one.

        Args:
            begun: the first bytes of a character, or none.

        Returns:
            Ascending, of shape (ids,). Empty for whole words and foreign tokenizers.
        """
        return self._decoding.misfits(begun)

    def token_bytes(self, token: int) -> bytes:
        """Return the UTF-8 bytes of an id; none for `<eos>`."""
        return self._decoding.token_bytes(token)

    def loses(self, text: str) -> str | None:
        """Return the first line of a clean text that does not decode to itself; None if all do.

        Args:
            text: a clean text.
        """
        if self.decode(self.encode(text)) == text:
            return None
        lines = text.splitlines(keepends=True)
        return next((line for line in lines if self.decode(self.encode(line)) != line), text)


def _decoding(library: LibraryTokenizer, kind: str, vocab: dict[str, int], size: int) -> Decoding:
    """Return the decoder of a tokenizer."""
    if kind == CUSTOM and isinstance(library.decoder, decoders.ByteLevel):
        return ByteDecoding(foreign_bytes_by_id(vocab, size, CUSTOM_SHIFT))
    if kind == CUSTOM:
        return LibraryDecoding(library)
    if kind == STRICT:
        words = sorted(vocab, key=vocab.__getitem__)
        return WordDecoding(["", *words[1:]])
    return ByteDecoding(bytes_by_id(vocab, EOS_ID))


def _normal_form(content: dict[str, Any]) -> str:
    """Return the Unicode normal form of a foreign tokenizer's first normalizer."""
    first = content.get("normalizer") or {}
    if first.get("type") == "Sequence":
        first = next(iter(first["normalizers"]), {})
    name = str(first.get("type")).lower()
    return name if name in NORMAL_FORMS else "none"


def _normalized(library: LibraryTokenizer, normal_form: str) -> LibraryTokenizer:
    """Add a Unicode normal form before the normalizers of a foreign tokenizer."""
    if normal_form == "none":
        return library
    first = {"nfc": normalizers.NFC(), "nfkc": normalizers.NFKC()}[normal_form]
    rest = library.normalizer
    library.normalizer = first if rest is None else normalizers.Sequence([first, rest])
    return library
