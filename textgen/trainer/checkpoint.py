"""A checkpoint: all that a run needs to go on as if nothing had happened, as one folder.

`manifest.json` holds sizes and SHA-256 of the other files; `checkpoint.json` holds plain facts.
"""

import importlib.metadata
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from textgen.artifact.model_folder import MANIFEST
from textgen.config.model import ModelConfig
from textgen.config.training import TrainingConfig
from textgen.errors import DataError, UsageError
from textgen.identity import file_identity, identity
from textgen.json_files import read_json, to_json
from textgen.tokenization.tokenizer import Tokenizer
from textgen.trainer.history import History, read_jsonl
from textgen.trainer.run_state import RunState
from textgen.version import __version__

FORMAT = 1
FACTS = "checkpoint.json"
ARRAYS = "state.safetensors"
HISTORY = "history.jsonl"
TOKENIZER = "tokenizer.json"
LIBRARIES = ("tensorflow", "keras", "numpy")


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run between two steps.

    Attributes:
        config: of the model.
        training: with nothing left to defaults; it holds the thread count.
        corpus: what `TokenStore.provenance` says.
        data: what `TokenStore.identity` says.
        tokenizer: of the data.
        init_from: the model that the run began with, if any.
        progress: schedule, position in the data, carried state, best so far, history.
        variables: weights, optimizer, seeds, in the order of `Step.variables()`.
        versions: of what has computed it so far.
    """

    config: ModelConfig
    training: TrainingConfig
    corpus: dict[str, Any]
    data: dict[str, Any]
    tokenizer: Tokenizer
    init_from: dict[str, str] | None
    progress: RunState
    variables: list[NDArray[Any]]
    versions: dict[str, str]

    def write(self, folder: Path) -> None:
        """Write the files into a new folder.

        Raises:
            OSError: the disk refused.
        """
        variables = {f"variable.{n}": array for n, array in enumerate(self.variables)}
        files = {
            ARRAYS: safetensors.numpy.save(
                variables | self.progress.arrays(self.config.recurrent_cell)
            ),
            HISTORY: self.progress.history.to_jsonl(),
            TOKENIZER: self.tokenizer.to_json().encode(),
            FACTS: to_json(self._facts()),
        }
        identities = {name: identity(data) for name, data in files.items()}
        manifest = {"format": FORMAT, "files": identities}
        for name, data in (files | {MANIFEST: to_json(manifest)}).items():
            (folder / name).write_bytes(data)

    @classmethod
    def read(cls, folder: Path) -> "Checkpoint":
        """Read a checkpoint, every byte of which is compared with its SHA-256.

        Raises:
            DataError: it is not whole.
        """
        try:
            _check_files(folder, read_json(folder / MANIFEST))
            facts = read_json(folder / FACTS)
            arrays = safetensors.numpy.load_file(folder / ARRAYS)
            count = sum(name.startswith("variable.") for name in arrays)
            variables = [arrays[f"variable.{n}"] for n in range(count)]
            events = read_jsonl((folder / HISTORY).read_bytes())
            history = History(**facts["history"], events=events)
            config = ModelConfig.from_dict(facts["config"])
            cell = config.recurrent_cell
            return cls(
                config=config,
                training=TrainingConfig.from_dict(facts["training"]),
                corpus=facts["corpus"],
                data=facts["data"],
                tokenizer=Tokenizer.from_json((folder / TOKENIZER).read_text(encoding="utf-8")),
                init_from=facts["init_from"],
                progress=RunState.from_parts(facts["progress"], arrays, history, cell),
                variables=variables,
                versions=facts["versions"],
            )
        except FileNotFoundError as error:
            raise DataError(f"{error.filename}: missing") from None
        except (KeyError, TypeError, ValueError, UsageError, safetensors.SafetensorError) as error:
            raise DataError(f"{folder}: damaged ({error})") from None

    def _facts(self) -> dict[str, Any]:
        """Return what is neither an array nor an event, as values that JSON can hold."""
        history = self.progress.history
        return {
            "config": self.config.to_dict(),
            "training": self.training.to_dict(),
            "corpus": self.corpus,
            "data": self.data,
            "init_from": self.init_from,
            "progress": self.progress.to_dict(),
            "history": {"every": history.every, "sums": history.sums},
            "versions": self.versions,
        }


def present_versions() -> dict[str, str]:
    """Return the versions of what computes here: libraries, Python, machine."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    here = {"textgen": __version__, "python": platform.python_version()}
    return here | versions | {"machine": f"{platform.system()} {platform.machine()}"}


def _check_files(folder: Path, manifest: dict[str, Any]) -> None:
    """Refuse a checkpoint of another form, or one that is not what it was when written."""
    if manifest.get("format") != FORMAT:
        raise DataError(f"{folder}: format {manifest.get('format')!r} is not read")
    for name in (ARRAYS, HISTORY, TOKENIZER, FACTS):
        if manifest["files"][name] != file_identity(folder / name):
            raise DataError(f"{folder / name}: changed or damaged")
