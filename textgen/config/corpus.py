"""Settings of a corpus: reading, cleaning, splits and tokens."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textgen.config.base import Config, option
from textgen.config.readings import pattern
from textgen.config.template import RowTemplate
from textgen.errors import UsageError, by_setting

NORMAL_FORMS = ("none", "nfc", "nfkc")
SPLITS = ("train", "validation", "test")
AUTO = "auto"  # detects the encoding of each file

# A column of a table, and one of its values.
ColumnValue = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class TextPolicy(Config):
    """The rules that turn bytes into clean text."""

    encoding: str = option(
        "utf-8", "Character encoding of the corpus files; auto detects it.", group="Text"
    )
    encoding_errors: str = option(
        "strict",
        "How to handle undecodable bytes and lone surrogates: strict refuses the file, replace "
        "turns each into U+FFFD.",
        group="Text",
        choices=("strict", "replace"),
    )
    control_characters: str = option(
        "keep",
        "How to handle control characters other than tab and line end: keep leaves them in, but "
        "refuses NUL; remove deletes all of them.",
        group="Text",
        choices=("keep", "remove"),
    )
    normalize: str = option(
        "nfc", "Unicode normal form of the text.", group="Text", choices=NORMAL_FORMS
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoding == AUTO:
            return
        try:
            "".encode(self.encoding)
            codecs.getincrementaldecoder(self.encoding)
        except LookupError:
            raise UsageError(
                f"encoding is {self.encoding!r}, which is no text encoding; known are utf-8, "
                f"utf-16, latin-1, cp1252, shift_jis, gb18030 and more, and auto"
            ) from None


@dataclass(frozen=True, kw_only=True)
class DocumentRule(TextPolicy):
    """The text of a corpus that is read, the ends of documents, and the documents to keep."""

    documents: str | None = option(
        None,
        "Unit of a document: file, line, paragraph (between blank lines), row of a table, or "
        "marker (the text between markers such as <|endoftext|>).  [default: row in tables, line "
        "with --strict, else file]",
        group="Documents",
        choices=("file", "line", "paragraph", "row", "marker"),
    )
    column: str | None = option(
        None,
        "Table column with the text.  [default: text, or the only column of text]",
        group="Tables",
    )
    template: str | None = option(
        None,
        r"Text of a row, made of several columns: '$title\n$body' or '${first name}'.",
        group="Tables",
    )
    where: tuple[ColumnValue, ...] = option(
        (),
        "Keep only rows with this value in this column, such as language=en. Repeat it for other "
        "columns, or for more values of one column.",
        group="Tables",
    )
    label_column: str | None = option(
        None,
        "Table column with the label (the kind of text) of each row, such as its author.",
        group="Tables",
    )
    min_characters: int = option(
        0, "Leave out documents with fewer characters.", group="Documents", minimum=0
    )
    max_characters: int | None = option(
        None, "Leave out documents with more characters.", group="Documents", minimum=1
    )
    keep_matching: str | None = option(
        None,
        "Keep only documents that match this regular expression somewhere.",
        group="Documents",
        reads=pattern,
    )
    drop_matching: str | None = option(
        None,
        "Leave out documents that match this regular expression somewhere.",
        group="Documents",
        reads=pattern,
    )
    regex_seconds: float = option(
        1.0,
        "Time limit of a regular expression for each document, in seconds.",
        group="Documents",
        above=0,
    )
    strict: bool = option(
        False,
        "With the tokenizer word: split at white space only, end each line with <eos>, and turn "
        "unknown words into <unk>, as word-level benchmarks do.",
        group="Documents",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strict and self.documents not in (None, "line", "row"):
            raise UsageError(f"strict makes each line a document; {self.documents} does not fit")
        if self.max_characters is not None and self.max_characters < self.min_characters:
            raise UsageError(
                f"max_characters is {self.max_characters}, below min_characters "
                f"{self.min_characters}; no document is left"
            )
        if self.template is None:
            return
        if self.column is not None:
            raise UsageError("column and template exclude each other; give one of them")
        if not RowTemplate(self.template).is_valid():
            raise UsageError(f"template {self.template!r} has a $ that names nothing; write $$")
        if not RowTemplate(self.template).columns:
            raise UsageError(f"template {self.template!r} names no column; write it as '$title'")

    @property
    def row_options(self) -> dict[str, str]:
        """The chosen settings that apply to rows of tables only, by name, as people wrote them."""
        names = ("column", "template", "where", "label_column")
        given = {name: by_setting("{}", name) for name in names if getattr(self, name)}
        if self.documents != "row":
            return given
        return given | {"documents": by_setting("{}", "documents", "row")}


# Default number of types of the kinds of tokenizer that have a choice.
VOCAB_SIZES = {"bpe": 4096, "unigram": 4096, "word": 8192}
TOKENIZERS = ("char", "byte", "bpe", "unigram", "word")
SMALLEST_VOCAB = 258  # <eos>, every byte, and one learned type


@dataclass(frozen=True, kw_only=True)
class CorpusConfig(DocumentRule):
    """All settings that turn a corpus into a token store.

    Example:
        >>> from textgen import CorpusConfig
        >>> CorpusConfig(tokenizer="bpe", vocab_size=1000).validation
        0.1
    """

    splits: tuple[str, ...] = option(
        (),
        "Split of a hub dataset to read; repeat it for others.  [default: all]",
        group="Hub data sets",
    )
    streaming: bool = option(
        False,
        "Remove each file of a hub dataset after reading it, instead of keeping it.",
        group="Hub data sets",
    )
    duplicates: str = option(
        "keep",
        "Duplicate documents: keep them, leave out exact copies, or leave out near copies, too.",
        group="Duplicates",
        choices=("keep", "exact", "near"),
    )
    similarity: float = option(
        0.8,
        "Jaccard similarity of two documents' word sequences that makes them near copies.",
        group="Duplicates",
        above=0,
        maximum=1,
    )
    decontaminate: str | None = option(
        None,
        "File with test texts. Training documents that share 13 consecutive words with it are "
        "left out.",
        group="Duplicates",
    )
    validation: float | str = option(
        0.1,
        "Text held out to measure quality: a share of the corpus, a file, or the name of a split. "
        "Files and splits named train, valid or test are used as such.",
        above=0,
        below=1,
    )
    tokenizer: str = option(
        "char",
        f"Kind of tokenizer: {', '.join(TOKENIZERS)}, or the path of a tokenizer.json.",
    )
    vocab_size: int | None = option(
        None,
        "Number of token types.  [default: "
        + ", ".join(f"{size} for {kind}" for kind, size in VOCAB_SIZES.items())
        + ", all words with --strict]",
        minimum=SMALLEST_VOCAB,
        maximum=1 << 20,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokenizer not in TOKENIZERS and not self.tokenizer.endswith(".json"):
            kinds = ", ".join(TOKENIZERS)
            raise UsageError(
                f"tokenizer is {self.tokenizer!r}; it must be one of {kinds}, or a tokenizer.json, "
                f"the .json file that holds all of one"
            )
        if self.strict and self.tokenizer in TOKENIZERS and self.tokenizer != "word":
            raise UsageError(f"strict goes with the tokenizer word, not with {self.tokenizer}")
        if self.vocab_size is not None and self.tokenizer not in VOCAB_SIZES:
            raise UsageError(
                f"vocab_size does not go with the tokenizer {self.tokenizer}; it is for "
                f"{', '.join(VOCAB_SIZES)}"
            )

    @property
    def tokenizer_kind(self) -> str:
        """The kind of tokenizer to learn, or the path of a tokenizer.json."""
        return "word-strict" if self.strict else self.tokenizer

    @property
    def types_wanted(self) -> int | None:
        """The largest number of token types to learn; None for no limit."""
        return self.vocab_size or (None if self.strict else VOCAB_SIZES.get(self.tokenizer))

    @property
    def document_rule(self) -> DocumentRule:
        """The settings that decide the texts of the documents."""
        names = DocumentRule.names()
        return DocumentRule(**{name: getattr(self, name) for name in names})


def files_of(settings: Mapping[str, Any]) -> list[str]:
    """Return the settings of a corpus that may be names of files."""
    return [str(settings[n]) for n in ("validation", "decontaminate", "tokenizer") if n in settings]
