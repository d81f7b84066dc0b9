"""Opens tables of every form: our own, and those that Hugging Face `datasets` has builders for."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.hub.dataset_files import import_datasets
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.csv_rows import open_csv
from textgen.corpus.tables.dialects import USUAL
from textgen.corpus.tables.json_rows import open_json
from textgen.corpus.tables.parquet_rows import open_parquet
from textgen.corpus.tables.table import Cells, Table
from textgen.corpus.text.decompress import unpack
from textgen.corpus.text.recognition import recognise
from textgen.errors import DataError, brief

OTHER = "other"  # a form that is not read by us
ROWS_AT_ONCE = 256
TEXT_TYPES = ("string", "large_string")


@contextmanager
def open_table(part: CorpusFile, tally: CorpusStatistics) -> Iterator[Table]:
    """Yield a table, for as long as it is read.

    Args:
        part: of any form but plain text.
        tally: is told what decoding changed; the cells are not cleaned.

    Raises:
        DataError: it is damaged, naming file and line or row.
        UsageError: the library that reads it is not installed.
    """
    form = OTHER if part.options else part.form  # ours has no options
    with part.file.local() as path:
        if form == "jsonl":
            yield open_json(path, recognise(path, part, tally), tally)
        elif form in USUAL:
            yield open_csv(path, recognise(path, part, tally), tally)
        elif form == "parquet":
            with _plain_file(path, part) as plain, open_parquet(plain, part) as table:
                yield table
        else:
            with _plain_file(path, part) as plain:
                yield _open_other(plain, part)


@contextmanager
def _plain_file(path: Path, part: CorpusFile) -> Iterator[Path]:
    """Yield a file that is not packed, for libraries that go back and forth in it."""
    with tempfile.TemporaryDirectory(prefix="textgen-") as folder:
        packed = bool(part.packing)
        yield unpack(path, part.packing, Path(folder), name=part.name) if packed else path


def _open_other(path: Path, part: CorpusFile) -> Table:
    """Open a file with the builder of Hugging Face `datasets` that its form names."""
    datasets = import_datasets(f".{part.form}")
    try:
        rows = datasets.load_dataset(
            part.form,
            data_files={"train": [str(path)]},
            split="train",
            streaming=True,
            **part.options,
        )
    except Exception as error:  # what the library raises for damaged files has no class in common
        raise DataError(f"{part.name}: cannot be read as {part.form} ({brief(error)})") from None
    columns = {
        name: getattr(feature, "dtype", "") in TEXT_TYPES
        for name, feature in (rows.features or {}).items()
    }
    return Table(part.name, columns, partial(_other_rows, rows, part.name))


def _other_rows(rows: Any, name: str, columns: Sequence[str]) -> Iterator[tuple[str, Cells]]:
    """Yield the rows of a data set of the library, counted from 1."""
    number = 0
    try:
        for batch in rows.iter(batch_size=ROWS_AT_ONCE):
            for cells in zip(*batch.values(), strict=True):
                number += 1
                yield f"{name}: row {number}", dict(zip(batch, cells, strict=True))
    except Exception as error:  # as above
        raise DataError(f"{name}: damaged after row {number} ({brief(error)})") from None
