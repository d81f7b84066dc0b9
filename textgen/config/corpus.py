"""How a corpus is read, cleaned, cut into splits and turned into tokens."""

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


AUTO = "auto"  # the encoding that a file seems to be in

# A column of a table, and a value of it.
ColumnValue = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class TextPolicy(Config):
    """How bytes become clean text."""

    encoding: str = option(
        "utf-8",
        "Character encoding of the corpus files; auto tries to find out which it is.",
        group="Text",
    )
    encoding_errors: str = option(
        "strict",
        "What becomes of bytes that are no text in this encoding, and of lone surrogates: strict "
        "refuses the file, replace puts U+FFFD in their place.",
        group="Text",
        choices=("strict", "replace"),
    )
    control_characters: str = option(
        "keep",
        "What becomes of control characters other than tab and line end: keep refuses NUL alone, "
        "which a text does not hold; remove takes all of them out.",
        group="Text",
        choices=("keep", "remove"),
    )
    normalize: str = option(
        "nfc",
        "Unicode normal form that the text is brought to.",
        group="Text",
        choices=NORMAL_FORMS,
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
    """Which text of a corpus is read, where a document of it ends, and which are kept."""

    documents: str | None = option(
        None,
        "What a document is: a file, a line, a paragraph (between blank lines), a row of a table, "
        "or what is between markers as <|endoftext|>.  [default: row in tables, line with "
        "--strict, else file]",
        group="Documents",
        choices=("file", "line", "paragraph", "row", "marker"),
    )
    column: str | None = option(
        None,
        "Column of a table that holds the text.  [default: text, or the only one of text]",
        group="Tables",
    )
    template: str | None = option(
        None,
        r"Text made of several columns, as '$title\n$body' or '${first name}'.",
        group="Tables",
    )
    where: tuple[ColumnValue, ...] = option(
        (),
        "Keep only rows with this value in this column, as language=en; repeat it for other "
        "columns, or for other values that will do.",
        group="Tables",
    )
    label_column: str | None = option(
        None,
        "Column of a table that says what kind of text a row holds, as its author.",
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
        "Keep only documents in which this regular expression is found.",
        group="Documents",
        reads=pattern,
    )
    drop_matching: str | None = option(
        None,
        "Leave out documents in which this regular expression is found.",
        group="Documents",
        reads=pattern,
    )
    regex_seconds: float = option(
        1.0, "Time that a regular expression may take for a document.", group="Documents", above=0
    )
    strict: bool = option(
        False,
        "With the tokenizer word: split at white space only, one <eos> a line, unknown words are "
        "<unk>, as word-level benchmarks do.",
        group="Documents",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strict and self.documents not in (None, "line", "row"):
            raise UsageError(f"strict takes a line for a document; {self.documents} does not fit")
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
        """The options given that say something of rows, which plain text has not, by setting."""
        names = ("column", "template", "where", "label_column")
        given = {name: by_setting("{}", name) for name in names if getattr(self, name)}
        if self.documents != "row":
            return given
        return given | {"documents": by_setting("{}", "documents", "row")}


# Types that a tokenizer learns if nothing is said; the others have as many as they have.
VOCAB_SIZES = {"bpe": 4096, "unigram": 4096, "word": 8192}
TOKENIZERS = ("char", "byte", "bpe", "unigram", "word")
SMALLEST_VOCAB = 258  # <eos>, every byte, and something learned


@dataclass(frozen=True, kw_only=True)
class CorpusConfig(DocumentRule):
    """How a corpus becomes a token store."""

    splits: tuple[str, ...] = option(
        (),
        "Split of a hub set that is read; repeat it for others.  [default: all]",
        group="Hub data sets",
    )
    streaming: bool = option(
        False,
        "Keep no copy of a hub set's files: each is read as it comes, and removed.",
        group="Hub data sets",
    )
    duplicates: str = option(
        "keep",
        "What becomes of documents that come again: keep them, or leave out exact copies, or "
        "copies and near copies.",
        group="Duplicates",
        choices=("keep", "exact", "near"),
    )
    similarity: float = option(
        0.8,
        "Share of word sequences in common (Jaccard) that makes documents near copies.",
        group="Duplicates",
        above=0,
        maximum=1,
    )
    decontaminate: str | None = option(
        None,
        "File with texts to be tested on: documents to train on that share 13 words in a row "
        "with it are left out.",
        group="Duplicates",
    )
    validation: float | str = option(
        0.1,
        "What is held out to measure quality: a share of the corpus, a file, or the name of a "
        "split. Files and splits named train, valid or test are used as such.",
        above=0,
        below=1,
    )
    tokenizer: str = option(
        "char",
        f"What a token is: {', '.join(TOKENIZERS)}, or what a tokenizer.json of your own says.",
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
            known = ", ".join(TOKENIZERS)
            raise UsageError(
                f"tokenizer is {self.tokenizer!r}; it must be one of {known}, or a tokenizer.json, "
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
        """The kind of tokenizer to learn; a path if it is one of the user's own."""
        return "word-strict" if self.strict else self.tokenizer

    @property
    def types_wanted(self) -> int | None:
        """Number of token types to learn; None for all that there are."""
        return self.vocab_size or (None if self.strict else VOCAB_SIZES.get(self.tokenizer))

    @property
    def document_rule(self) -> DocumentRule:
        """The part that decides the texts of the documents, whatever the tokens."""
        names = DocumentRule.names()
        return DocumentRule(**{name: getattr(self, name) for name in names})


def files_of(settings: Mapping[str, Any]) -> list[str]:
    """Return what may be names of files among the settings of a corpus."""
    return [str(settings[n]) for n in ("validation", "decontaminate", "tokenizer") if n in settings]
