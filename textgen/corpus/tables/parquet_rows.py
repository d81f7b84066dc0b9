"""Tables in columns (.parquet), by Apache Arrow.

Hugging Face `datasets` reads these files with the same library, but unpacks a whole row group at
once, several times over, where a buffered reader needs little memory.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from textgen.corpus.corpus_file import CorpusFile
from textgen.corpus.tables.table import Cells, Table, named, twice
from textgen.errors import DataError, NotInstalled, brief

ROWS_AT_ONCE = 256
BUFFER_BYTES = 1 << 20


@contextmanager
def open_parquet(path: Path, part: CorpusFile) -> Iterator[Table]:
    """Yield the table of a .parquet file; columns that are not asked for are not read.

    Args:
        path: where the plain file is.
        part: its name.

    Raises:
        DataError: it is none, or damaged; what is damaged before its end, when it is read.
        NotInstalled: the library that reads it is not installed.
    """
    arrow = _import_arrow()
    with path.open("rb") as raw:
        try:
            file = arrow.parquet.ParquetFile(raw, pre_buffer=False, buffer_size=BUFFER_BYTES)
            schema = file.schema_arrow
        except Exception as error:  # what Arrow raises for damage has no class in common
            raise DataError(
                f"{part.name}: not a readable .parquet file ({brief(error)}); fetch it again"
            ) from None
        kinds = {field.name: _is_text(arrow.types, field.type) for field in schema}
        columns = {name: kinds[name] for name in named(schema.names, part.name)}
        nested = {
            field.name: key
            for field in schema
            if (key := _text_in_list_of_objects(arrow.types, field.type))
        }
        rows = partial(_rows, file, part.name)
        ambiguous = dict.fromkeys(twice(schema.names), part.name)
        yield Table(part.name, columns, rows, ambiguous, nested)


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
    """Tell whether a column of this type holds text, be it as numbers of a dictionary."""
    if types.is_dictionary(kind):
        return _is_text(types, kind.value_type)
    return any((types.is_string(kind), types.is_large_string(kind), types.is_string_view(kind)))


def _text_in_list_of_objects(types: Any, kind: Any) -> str:
    """Return which field of a list of objects holds text, if a column has this type."""
    if not (types.is_list(kind) or types.is_large_list(kind)) or not types.is_struct(
        kind.value_type
    ):
        return ""
    texts = [field.name for field in kind.value_type if _is_text(types, field.type)]
    return str(texts[-1]) if texts else ""


def _rows(file: Any, name: str, columns: Sequence[str]) -> Iterator[tuple[str, Cells]]:
    """Yield the cells of some columns, rows counted from 1."""
    number = 0
    try:
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=columns, use_threads=False):
            for cells in batch.to_pylist():
                number += 1
                yield f"{name}: row {number}", cells
    except Exception as error:  # as above
        raise DataError(f"{name}: damaged after row {number} ({brief(error)})") from None
