"""Many prompts with settings of their own, and their results in the same order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any

from textgen.config.generation import GenerationConfig
from textgen.config.values import LIST_REMEDIES, kind_of, refuse
from textgen.errors import DataError, TextgenError
from textgen.runtime.engine.engine import Engine
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.scheduler import RoundCounts, write_all
from textgen.runtime.generation.sequence import TextSequence

# A prompt, or a mapping with the "prompt" and settings of its own, or why there is none.
Row = str | Mapping[str, Any] | TextgenError
SEEDS = 1 << 63  # after the largest seed comes 0
LEGAL = "a text, or a list of texts or of mappings with a 'prompt'"
ROW_REMEDIES = LIST_REMEDIES | {"mapping": "for settings of its own, put it into a list"}


def as_rows(name: str, value: Any, _: Any = None) -> Iterable[Row]:
    """Return what holds prompts in an order, whatever they are.

    Raises:
        UsageError: it is something else; names what helps.
    """
    is_one = isinstance(value, str) or getattr(value, "ndim", 1) != 1
    if is_one or kind_of(value) or not isinstance(value, Iterable):
        refuse(name, value, LEGAL, ROW_REMEDIES)
    rows: Iterable[Row] = value
    return rows


def as_prompts(name: str, value: Any, _: Any = None) -> str | list[Row]:
    """Return a prompt, or a list of several.

    Raises:
        UsageError: it is something else, or there is no prompt in it.
    """
    if isinstance(value, str):
        return value
    rows = list(as_rows(name, value))
    if rows and not any(isinstance(row, str | Mapping | TextgenError) for row in rows):
        refuse(f"the first of {name}", rows[0], "a text, or a mapping with a 'prompt'")
    return rows


Prompts = Annotated[str | Iterable[Row], as_prompts]
Rows = Annotated[Iterable[Row], as_rows]


class PromptQueue:
    """Rows that become texts; an error of one of them is its result.

    Args:
        rows: taken one by one.
        config: of all of them; the n-th is drawn with its seed + n, unless it has its own.
        begin: makes a text of a prompt and settings.
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

    def write(
        self,
        decoder: Engine,
        advanced: Callable[[RoundCounts], None],
        is_over: Callable[[], bool],
    ) -> Iterator[Generation]:
        """Write the texts side by side, and yield each result in its turn.

        Args:
            decoder: the model.
            advanced: is told what each round has done.
            is_over: asked after each whether all texts shall end as they are.
        """
        for advance in write_all(decoder, self._begun()):
            advanced(advance)
            yield from self._finished()
            if is_over():
                break
        yield from self._rest()

    def _begun(self) -> Iterator[TextSequence]:
        """Begin the texts, one by one."""
        for number, row in enumerate(self._rows):
            seed = ((self._config.seed or 0) + number) % SEEDS
            try:
                prompt, changes = _parts(row)
                if changes.get("seed") is None:
                    changes["seed"] = seed
                writing = self._begin(prompt, self._config.replace(**changes))
            except TextgenError as error:
                self._order.append(Generation.failed(error, seed))
                continue
            self._order.append(writing)
            yield writing

    def _finished(self) -> Iterator[Generation]:
        """Yield the results that are there, up to the first that is not."""
        while self._order and (isinstance(self._order[0], Generation) or self._order[0].reason):
            yield _result(self._order.popleft())

    def _rest(self) -> Iterator[Generation]:
        """Yield the results of all that were begun, and end those that have not ended."""
        for text in self._order:
            if isinstance(text, TextSequence):
                text.interrupt()
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


def _result(text: TextSequence | Generation) -> Generation:
    """Return what came of a row."""
    return text if isinstance(text, Generation) else text.result()
