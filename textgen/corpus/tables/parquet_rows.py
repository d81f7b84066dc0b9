"""Tables in columns (.parquet), by Apache Arrow.

Hugging Face `datasets` uses the same library, but unpacks a whole row group at once and several
times over. The buffered reader needs little memory.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.statistics import CorpusStatistics
from textgen.corpus.tables.table import Cells, Table, named, twice
from textgen.corpus.text.decompress import unpacked
from textgen.errors import DataError, NotInstalled, brief

ROWS_AT_ONCE = 256
BUFFER_BYTES = 1 << 20


@contextmanager
def open_parquet(path: Path, file: CorpusFile, _: CorpusStatistics) -> Iterator[Table]:
    """Yield the table of a .parquet file; only the requested columns are read.

    Args:
        path: of the file on this machine.
        file: its name and packing.

    Raises:
        DataError: it is no Parquet file, or damaged; damage further on raises when rows are read.
        NotInstalled: the library that reads it is not installed.
    """
    arrow = _import_arrow()
    with unpacked(path, file.packing, name=file.name) as plain, plain.open("rb") as raw:
        try:
            parquet = arrow.parquet.ParquetFile(raw, pre_buffer=False, buffer_size=BUFFER_BYTES)
            schema = parquet.schema_arrow
        except Exception as error:  # Arrow's errors for damaged files have no common class
            raise DataError(
                f"{file.name}: not a readable .parquet file ({brief(error)}); fetch it again"
            ) from None
        kinds = {field.name: _is_text(arrow.types, field.type) for field in schema}
        columns = {name: kinds[name] for name in named(schema.names, file.name)}
        nested = {
            field.name: key
            for field in schema
            if (key := _text_in_list_of_objects(arrow.types, field.type))
        }
        rows = partial(_rows, parquet, file.name)
        ambiguous = dict.fromkeys(twice(schema.names), file.name)
        yield Table(file.name, columns, rows, ambiguous, nested)


def _import_arrow() -> Any:
    """Import Apache Arrow, which comes with Hugging Face `datasets`.

    Raises:
        NotInstalled: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        instead = "give .txt, .csv or .jsonl"
        raise NotInstalled("reading .parquet", "pyarrow", "corpora", instead) from None
    return pyarrow


def _is_text(types: Any, kind: Any) -> bool:
    """Return whether a column of this type holds text, dictionary-encoded or not."""
    if types.is_dictionary(kind):
        return _is_text(types, kind.value_type)
    return any((types.is_string(kind), types.is_large_string(kind), types.is_string_view(kind)))


def _text_in_list_of_objects(types: Any, kind: Any) -> str:
    """Return the field of text in a column of lists of objects; nothing for other types."""
    if not (types.is_list(kind) or types.is_large_list(kind)) or not types.is_struct(
        kind.value_type
    ):
        return ""
    texts = [field.name for field in kind.value_type if _is_text(types, field.type)]
    return str(texts[-1]) if texts else ""


def _rows(parquet: Any, name: str, columns: Sequence[str]) -> Iterator[tuple[str, Cells]]:
    """Yield the place of each row, counted from 1, and its cells in some columns."""
    number = 0
    try:
        for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=columns, use_threads=False):
            for cells in batch.to_pylist():
                number += 1
                yield f"{name}: row {number}", cells
    except Exception as error:  # as above
        raise DataError(f"{name}: damaged after row {number} ({brief(error)})") from None
