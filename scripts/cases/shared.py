"""What several cases use: the inputs, and a model that is trained once."""

import os
import threading
from functools import cached_property
from pathlib import Path

from cases.processes import TEXTGEN, run
from cases.small_text import SMALL_TEXT

NETWORK = ("--units", "8", "--batch-size", "2", "--window", "8")
TWO_STEPS = ("--steps", "2", *NETWORK)


class Shared:
    """The inputs and the model of a run.

    Args:
        inputs: the folder with the reports and their files.
        scratch: a folder for all that is made.
    """

    def __init__(self, inputs: Path, scratch: Path) -> None:
        self.inputs = inputs
        self.scratch = scratch
        self._training = threading.Lock()

    def environment(self, home: Path) -> dict[str, str]:
        """Return the environment of a command: a home of its own, and no settings of ours."""
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("TEXTGEN_", "XDG_"))}
        return kept | {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "LC_ALL": "C.UTF-8",
        }

    @property
    def model(self) -> Path:
        """A small model of characters, trained for two steps."""
        with self._training:
            return self._model

    @cached_property
    def _model(self) -> Path:
        corpus, model = self.scratch / "small.txt", self.scratch / "model"
        corpus.write_text(SMALL_TEXT, encoding="utf-8")
        arguments = ("train", str(corpus), "-o", str(model), *TWO_STEPS, "-q")
        done = run(TEXTGEN, arguments, self.scratch, self.environment(self.scratch / "home"))
        if done.code:
            raise RuntimeError(f"the model that cases share: {done}")
        return model
