"""The forms of corpus files, and their readers: a new form is a reader and a line in `FORMS`.

A reader gets the path of a file on this machine, the `CorpusFile`, and the statistics to update.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from textgen.config.corpus import DocumentRule
from textgen.corpus.corpus_file import SPLIT_NAMES, CorpusFile, LocalFile, Origin, suffixes
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.builder_rows import open_with_builder
from textgen.corpus.tables.csv_rows import open_csv
from textgen.corpus.tables.json_rows import open_json_lines
from textgen.corpus.tables.parquet_rows import open_parquet
from textgen.corpus.tables.table import Table
from textgen.corpus.text.plain_text import open_plain_text

_SHARD = re.compile(r"-\d+-of-\d+$")

TextReader = Callable[[Path, CorpusFile, CorpusStatistics], Iterator[str]]
TableReader = Callable[[Path, CorpusFile, CorpusStatistics], AbstractContextManager[Table]]


@dataclass(frozen=True)
class TextForm:
    """A form of files that hold running text.

    Attributes:
        suffix: the end of their names.
        reader: returns the clean text in pieces; a call refuses at once what is no text.
        is_plain: whether they hold encoded text and nothing else, so that their size is known.
    """

    suffix: str
    reader: TextReader
    is_plain: bool = False

    def read(self, file: CorpusFile, statistics: CorpusStatistics) -> Iterator[str]:
        """Yield the clean text of a file.

        Raises:
            DataError: it is no text, or damaged, naming file and line.
        """
        with file.stored.local() as path:
            yield from self.reader(path, file, statistics)

    def check(self, file: CorpusFile) -> None:
        """Refuse a file that holds no text.

        Raises:
            DataError: naming its true form.
        """
        with file.stored.local() as path:
            self.reader(path, file, CorpusStatistics())


@dataclass(frozen=True)
class TableForm:
    """A form of files that hold a table.

    Attributes:
        suffix: the end of their names; none if `datasets` reads them.
        reader: yields the table.
        is_plain: whether they hold encoded text and nothing else, so that their size is known.
    """

    suffix: str
    reader: TableReader
    is_plain: bool = False

    @contextmanager
    def open(self, file: CorpusFile, statistics: CorpusStatistics) -> Iterator[Table]:
        """Yield the table of a file. Its cells are not cleaned; `statistics` counts the decoding.

        Raises:
            DataError: the file is damaged, naming file and line or row.
            NotInstalled: the library that reads it is not installed.
        """
        with file.stored.local() as path, self.reader(path, file, statistics) as table:
            yield table


FORMS: dict[str, TextForm | TableForm] = {
    "text": TextForm(".txt", open_plain_text, is_plain=True),
    "csv": TableForm(".csv", open_csv, is_plain=True),
    "tsv": TableForm(".tsv", open_csv, is_plain=True),
    "jsonl": TableForm(".jsonl", open_json_lines, is_plain=True),
    "parquet": TableForm(".parquet", open_parquet),
}
BUILDER = TableForm("", open_with_builder)  # of every other form


def form_of(file: CorpusFile) -> TextForm | TableForm:
    """Return the form of a file. Our own readers take no options: with some, a builder reads it."""
    return BUILDER if file.options else FORMS.get(file.form, BUILDER)


def form_of_suffix(suffix: str) -> str | None:
    """Return the name of the form with a suffix; None if there is none."""
    return next((name for name, form in FORMS.items() if form.suffix == suffix), None)


def table_suffixes() -> list[str]:
    """Return the suffixes of the forms that hold tables."""
    return [form.suffix for form in FORMS.values() if isinstance(form, TableForm)]


def local_corpus_file(path: Path, rule: DocumentRule, origin: Origin) -> CorpusFile:
    """Make a corpus file of a local file. A suffix of no known form means plain text."""
    suffix, packing = suffixes(path)
    stem = path.name.lower().removesuffix(packing).removesuffix(suffix)
    split = SPLIT_NAMES.get(_SHARD.sub("", stem))
    form = form_of_suffix(suffix) or "text"
    return CorpusFile(str(path), LocalFile(path), form, packing, rule, split, origin=origin)
