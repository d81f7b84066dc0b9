"""Text to token ids and back, through the `tokenizers` library and one `tokenizer.json`."""

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
CUSTOM = "custom"  # the kind of a tokenizer that somebody else made
CUSTOM_SHIFT = 1  # what its ids are more than the library's
LARGEST_FILE = 64 << 20  # characters; bounds what a foreign tokenizer.json can ask for


class Tokenizer:
    """Text to ids and back. Id 0 is `<eos>`, which no text can reach.

    The kinds of textgen's own making are described in `kinds`. `<eos>` is an ordinary entry of
    their vocabularies, not a registered special token, which would match in text after a reload.

    A tokenizer that somebody else made (kind `custom`) keeps its own ids, plus one. Whether it
    gives every text back as it was is its maker's affair: `loses` finds out.
    """

    def __init__(self, library: LibraryTokenizer, kind: str, normal_form: str) -> None:
        """
        Args:
            library: the tokenizer of the `tokenizers` library.
            kind: one of `kinds.KINDS`, or `CUSTOM`.
            normal_form: of the text that it sees.

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
            library.model.dropout = None  # chance has no place between a text and its ids
        library.encode_special_tokens = True  # in a text they are text
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
            normal_form: the normal form that the texts are in.
            vocab_size: number of token types wanted, `<eos>` included; None for all that there
                are. A small text may give fewer.
        """
        model = learn_model(kind, texts, vocab_size)
        return cls(assemble(kind, model, normal_form), kind, normal_form)

    @classmethod
    def from_json(cls, text: str) -> "Tokenizer":
        """Read a `tokenizer.json` in Hugging Face's format.

        One of textgen's own is built anew from its vocabulary and merges alone. Any other is
        handed to the library, which can run nothing; its errors, panics included, are caught.

        Raises:
            DataError: not a tokenizer, or a damaged one.
        """
        if len(text) > LARGEST_FILE:
            raise DataError(f"tokenizer.json has {len(text)} characters; more than any real one")
        with as_data_errors():
            told = json.loads(text)
            found = frame(told)
            for kind, normal_form in [(k, n) for k in KINDS for n in NORMAL_FORMS]:
                if found == frame_of(kind, normal_form):
                    ids_of(kind, told["model"])
                    return cls(assemble(kind, told["model"], normal_form), kind, normal_form)
            return cls(LibraryTokenizer.from_str(text), CUSTOM, _normal_form(told))

    @classmethod
    def from_file(cls, path: Path, normal_form: str | None = None) -> "Tokenizer":
        """Read a `tokenizer.json` of one's own.

        Args:
            path: the file.
            normal_form: that texts are brought to before it sees them; None leaves it as it is.

        Raises:
            MissingInput: no such file.
            DataError: not a tokenizer, or one of textgen's with another normal form.
        """
        try:
            data = path.read_bytes()
            tokenizer = cls.from_json(data.decode("utf-8"))
        except (FileNotFoundError, IsADirectoryError):
            raise MissingInput(f"{path}: no such file") from None
        except (DataError, UnicodeDecodeError) as error:
            told = other_file(data) or error
            raise DataError(f"{path}: {told}") from None
        if normal_form in (None, tokenizer.normal_form):
            return tokenizer
        if tokenizer.kind != CUSTOM:
            raise DataError(
                f"{path}: made for text in the form {tokenizer.normal_form}, not {normal_form}; "
                + by_setting("pass {}", "normalize", tokenizer.normal_form)
            )
        return cls(_normalized(tokenizer._library, normal_form), CUSTOM, normal_form)

    def to_json(self) -> str:
        """Return the content of `tokenizer.json` (Hugging Face format)."""
        return str(self._library.to_str(pretty=True))

    def clean(self, text: str) -> str:
        """Return the text as the tokenizer sees it: LF line ends, in its normal form."""
        return clean_text(text, self.normal_form)

    def clean_prompt(self, text: str) -> str:
        """Return a text that is given to be read, clean and without a byte order mark.

        Raises:
            DataError: a lone surrogate in the text.
        """
        return self.clean(text.removeprefix(BYTE_ORDER_MARK))

    def encode(self, text: str) -> TokenIds:
        """Return the ids, of shape (tokens,), such that `decode` gives `clean(text)`.

        Raises:
            DataError: a lone surrogate in the text.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the ids of each text, using all cores."""
        cleaned = [self.clean(text) for text in texts]
        return self._encoding.encode_batch(cleaned)

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of ids; `<eos>` has none, a broken character becomes U+FFFD.

        Raises:
            DataError: an id that no token has, or the library cannot use somebody else's tokenizer.
        """
        ids = list(tokens)
        if strange := next((n for n in ids if not 0 <= n < self.vocab_size), None):
            raise DataError(f"no token has the id {strange}; there are 0 to {self.vocab_size - 1}")
        return "".join(self.decode_stream(ids))

    def decode_stream(self, tokens: Iterable[int], prompt: Prompt = ()) -> Iterator[str]:
        """Yield the text that each id completes, then what is left: characters are never split.

        One piece an id, possibly empty, and one at the end; joined they are `decode(tokens)`.
        Arguments and errors as for `detokenizer`.
        """
        detokenizer = self.detokenizer(prompt)
        for token in tokens:
            yield detokenizer.push(token)
        yield detokenizer.finish()

    def detokenizer(self, prompt: Prompt = (), *, strict: bool = False) -> Detokenizer:
        """Return the way back to text of one stream, which is told its ids one by one.

        Args:
            prompt: the ids before them, on which a space between two words may depend.
            strict: whether it refuses ids whose bytes make no character behind those before them,
                and `<eos>` within one; where it is not known what bytes ids hold, it does not.

        Raises:
            DataError: the library cannot use somebody else's tokenizer; this method, or one of
                the stream's.
        """
        return self._decoding.begin(prompt, strict=strict)

    def misfits(self, begun: bytes = b"") -> NDArray[np.intp]:
        """Return the ids whose bytes make no characters behind the beginning of one.

        Args:
            begun: the first bytes of a character, or none.

        Returns:
            Ascending, of shape (ids,). None where tokens are whole words, or somebody else's.
        """
        return self._decoding.misfits(begun)

    def token_bytes(self, token: int) -> bytes:
        """Return the UTF-8 bytes that an id stands for; none for `<eos>`."""
        return self._decoding.token_bytes(token)

    def loses(self, text: str) -> str | None:
        """Return the first line of a clean text that does not come back as it was, if any."""
        if self.decode(self.encode(text)) == text:
            return None
        lines = text.splitlines(keepends=True)
        return next((line for line in lines if self.decode(self.encode(line)) != line), text)


def _decoding(library: LibraryTokenizer, kind: str, vocab: dict[str, int], size: int) -> Decoding:
    """Return the way from ids to text."""
    if kind == CUSTOM and isinstance(library.decoder, decoders.ByteLevel):
        return ByteDecoding(foreign_bytes_by_id(vocab, size, CUSTOM_SHIFT))
    if kind == CUSTOM:
        return LibraryDecoding(library)
    if kind == STRICT:
        words = sorted(vocab, key=vocab.__getitem__)
        return WordDecoding(["", *words[1:]])
    return ByteDecoding(bytes_by_id(vocab, EOS_ID))


def _normal_form(told: dict[str, Any]) -> str:
    """Return the Unicode form that a foreign tokenizer's first normalizer brings text to."""
    first = told.get("normalizer") or {}
    if first.get("type") == "Sequence":
        first = next(iter(first["normalizers"]), {})
    name = str(first.get("type")).lower()
    return name if name in NORMAL_FORMS else "none"


def _normalized(library: LibraryTokenizer, normal_form: str) -> LibraryTokenizer:
    """Put a Unicode normal form before a foreign tokenizer's own normalizers."""
    if normal_form == "none":
        return library
    first = {"nfc": normalizers.NFC(), "nfkc": normalizers.NFKC()}[normal_form]
    rest = library.normalizer
    library.normalizer = first if rest is None else normalizers.Sequence([first, rest])
    return library
