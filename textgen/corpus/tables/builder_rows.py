"""Tables of other forms, by the builders of Hugging Face `datasets`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.datasets_library import import_datasets
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.table import Cells, Table
from textgen.corpus.text.decompress import unpacked
from textgen.errors import DataError, brief

ROWS_AT_ONCE = 256
TEXT_TYPES = ("string", "large_string")


@contextmanager
def open_with_builder(path: Path, file: CorpusFile, _: CorpusStatistics) -> Iterator[Table]:
    """Yield the table that a builder makes of a file.

    Args:
        path: of the file on this machine.
        file: its form is the name of the builder.

    Raises:
        DataError: it is damaged; damage further on raises when the rows are read.
        NotInstalled: `datasets` is not installed.
    """
    datasets = import_datasets(f".{file.form}")
    with unpacked(path, file.packing, name=file.name) as plain:
        rows = _open(datasets, plain, file)
        columns = {
            name: getattr(feature, "dtype", "") in TEXT_TYPES
            for name, feature in (rows.features or {}).items()
        }
        yield Table(file.name, columns, partial(_rows, rows, file.name))


def _open(datasets: Any, path: Path, file: CorpusFile) -> Any:
    """Return the rows of a file as the library streams them."""
    try:
        return datasets.load_dataset(
            file.form,
            data_files={"train": [str(path)]},
            split="train",
            streaming=True,
            **file.options,
        )
    except Exception as error:  # the library's errors for damaged files have no common class
        raise DataError(f"{file.name}: cannot be read as {file.form} ({brief(error)})") from None


def _rows(rows: Any, name: str, columns: Sequence[str]) -> Iterator[tuple[str, Cells]]:
    """Yield the place and the cells of each row, counted from 1."""
    number = 0
    try:
        for batch in rows.iter(batch_size=ROWS_AT_ONCE):
            for cells in zip(*batch.values(), strict=True):
                number += 1
                yield f"{name}: row {number}", dict(zip(batch, cells, strict=True))
    except Exception as error:  # as above
        raise DataError(f"{name}: damaged after row {number} ({brief(error)})") from None
