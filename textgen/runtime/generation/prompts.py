"""Many prompts, each with settings of its own, and their results in the same order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any

from textgen.config.generation import GenerationConfig
from textgen.config.values import LIST_REMEDIES, kind_of, refuse
from textgen.errors import DataError, TextgenError
from textgen.progress import ProgressReporter
from textgen.runtime.engine.engine import Engine
from textgen.runtime.generation.loop import interrupt
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.scheduler import RoundCounts, run_all
from textgen.runtime.generation.sequence import TextSequence

# A prompt, a mapping with the "prompt" and settings of its own, or the error in its place.
Row = str | Mapping[str, Any] | TextgenError
SEEDS = 1 << 63  # after the largest seed comes 0
LEGAL = "a text, or a list of texts or of mappings with a 'prompt'"
ROW_REMEDIES = LIST_REMEDIES | {"mapping": "for settings of its own, put it into a list"}


def as_rows(name: str, value: Any, _: Any = None) -> Iterable[Row]:
    """Return an iterable of rows, whatever the rows are.

    Raises:
        UsageError: the value is no such iterable; the message names a remedy.
    """
    is_one = isinstance(value, str) or getattr(value, "ndim", 1) != 1
    if is_one or kind_of(value) or not isinstance(value, Iterable):
        refuse(name, value, LEGAL, ROW_REMEDIES)
    rows: Iterable[Row] = value
    return rows


def as_prompts(name: str, value: Any, _: Any = None) -> str | list[Row]:
    """Return a prompt, or a list of several.

    Raises:
        UsageError: the value is something else, or no row in it is a prompt.
    """
    if isinstance(value, str):
        return value
    rows = list(as_rows(name, value))
    if rows and not any(isinstance(row, str | Mapping | TextgenError) for row in rows):
        refuse(f"the first of {name}", rows[0], "a text, or a mapping with a 'prompt'")
    return rows


Prompts = Annotated[str | Iterable[Row], as_prompts]
Rows = Annotated[Iterable[Row], as_rows]


class CountsReporter:
    """Gives the counts of each round to a function: what `generate_each` once asked for.

    Args:
        advanced: the function.
    """

    def __init__(self, advanced: Callable[[RoundCounts], None]) -> None:
        self._advanced = advanced
        self._read = 0

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        """Take the tokens that were read, then those that were written."""
        if stage == "reading":
            self._read = done
        else:
            self._advanced(RoundCounts(self._read, done))


class PromptQueue:
    """Rows that become texts side by side; an error of a row is its result.

    Args:
        rows: taken one by one.
        config: of all rows; the n-th row has this seed + n, unless it has its own.
        begin: makes a sequence of a prompt and settings.
    """

    def __init__(
        self,
        rows: Iterable[Row],
        config: GenerationConfig,
        begin: Callable[[str, GenerationConfig], TextSequence],
    ) -> None:
        self._rows = rows
        self._config = config
        self._begin = begin
        self._order: deque[TextSequence | Generation] = deque()

    def run(
        self,
        engine: Engine,
        progress: ProgressReporter,
        is_over: Callable[[], bool],
    ) -> Iterator[Generation]:
        """Generate the texts side by side, and yield each result in its turn.

        Args:
            engine: the model.
            progress: is told, after each round, the tokens of its stages "reading" and "writing".
            is_over: asked after each round whether all texts shall end as they are.
        """
        for counts in run_all(engine, self._sequences()):
            progress.advance("reading", counts.read)
            progress.advance("writing", counts.written)
            yield from self._finished()
            if is_over():
                break
        yield from self._rest()

    def _sequences(self) -> Iterator[TextSequence]:
        """Begin the sequences, one by one."""
        for number, row in enumerate(self._rows):
            seed = ((self._config.seed or 0) + number) % SEEDS
            try:
                prompt, changes = _parts(row)
                if changes.get("seed") is None:
                    changes["seed"] = seed
                sequence = self._begin(prompt, self._config.replace(**changes))
            except TextgenError as error:
                self._order.append(Generation.failed(error, seed))
                continue
            self._order.append(sequence)
            yield sequence

    def _finished(self) -> Iterator[Generation]:
        """Yield the results up to the first that is not there yet."""
        while self._order and _is_finished(self._order[0]):
            yield _result(self._order.popleft())

    def _rest(self) -> Iterator[Generation]:
        """Yield the results of all rows that were begun; end those that have not ended."""
        for text in self._order:
            if isinstance(text, TextSequence):
                interrupt(text)
            yield _result(text)


def _parts(row: Row) -> tuple[str, dict[str, Any]]:
    """Return the prompt and the settings of a row."""
    if isinstance(row, TextgenError):
        raise row
    if isinstance(row, str):
        return row, {}
    if not isinstance(row, Mapping):
        raise DataError(f"a row is of type {type(row).__name__}; it must be a text or a mapping")
    changes = {str(name): value for name, value in row.items()}
    prompt = changes.pop("prompt", "")
    if not isinstance(prompt, str):
        raise DataError(f"prompt is of type {type(prompt).__name__}; it must be a text")
    return prompt, changes


def _is_finished(text: TextSequence | Generation) -> bool:
    """Tell whether the result of a row is there."""
    return isinstance(text, Generation) or text.finish_reason is not None


def _result(text: TextSequence | Generation) -> Generation:
    """Return the result of a row."""
    return text if isinstance(text, Generation) else text.result()
