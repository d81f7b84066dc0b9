"""The request of `textgen generate`: the values of its options, and what all its modes do first."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgen.cli.prompt import read_named_files, read_prompt
from textgen.errors import UsageError
from textgen.files import check_output

if TYPE_CHECKING:
    from textgen.generator import TextGenerator


@dataclass(frozen=True, kw_only=True)
class GenerateRequest:
    """The values of the options of `textgen generate`.

    Attributes:
        prompt_argument, prompt, file: the three places for a prompt.
        model: model folder.
        settings: fields of `GenerationConfig` that were chosen.
        session: file of a session; None without one.
        goes_on: whether the session resumes from its file.
        between: the texts before and after a gap; None without a gap.
        num_samples: number of texts.
        labels: conditioning labels.
        precision: number format of the computation; None for the model's best.
        echo: whether the prompt is printed, too.
        stream: whether text is printed while it is generated; None decides by the terminal.
        as_json: whether results are printed as JSON.
        jsonl: whether prompts are read from JSON lines.
        out: file for the text; None for stdout.
        receipt: file for the receipt; None without one.
        quiet: whether only results and errors are shown.
    """

    prompt_argument: str | None
    model: Path
    prompt: str | None
    file: Path | None
    settings: dict[str, Any]
    session: Path | None
    goes_on: bool
    between: tuple[str, str] | None
    num_samples: int
    labels: tuple[str, ...]
    precision: str | None
    echo: bool
    stream: bool | None
    as_json: bool
    jsonl: bool
    out: Path | None
    receipt: Path | None
    quiet: bool

    def check(self) -> None:
        """Refuse files that cannot be written, before there is something to write.

        Raises:
            UsageError: a file serves two purposes, cannot be written, or `-c` lacks one.
        """
        if self.out and self.out == self.receipt:
            raise UsageError(
                f"{self.out} cannot hold both the text and its receipt; name another file"
            )
        if self.out and self.out == self.session:
            raise UsageError(
                f"{self.out} cannot hold both the text and its state; name another file"
            )
        for path in filter(None, (self.out, self.receipt)):
            check_output(path)
        if self.goes_on and not self.session:
            raise UsageError("-c goes on with a session; name its file with --session")

    def read_prompt(self) -> str:
        """Return the prompt, from the one place where it was given."""
        return read_prompt(self.prompt_argument, self.prompt, self.file)

    def read_settings(self) -> dict[str, Any]:
        """Return the settings, with the content of the files that they name."""
        return read_named_files(self.settings)

    def load_generator(self) -> "TextGenerator":
        """Load the model."""
        from textgen.cli.loading import load_generator

        return load_generator(self.model, precision=self.precision, labels=self.labels)
