"""The file of a session: the model's state, what draws depend on, and the text on request.

It is a safetensors file: nothing in it is executed, and all of it is checked before it is used.
"""

import json
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from textgen.artifact.model_folder import Model
from textgen.config.generation import GenerationConfig
from textgen.errors import DataError, MissingInput, UsageError
from textgen.files import write_output
from textgen.paths import named
from textgen.runtime.generation.setting_texts import with_clean_texts
from textgen.runtime.generation.snapshot import BEGINNING, StateSnapshot
from textgen.runtime.generation.text_assembler import tokens_before
from textgen.sampling.chain import looks_back
from textgen.session.dynamic_evaluation import Adaptation
from textgen.tokenization.decoding import HELD, OPEN

FORMAT = 1
TOKENS = "tokens"  # compressed, so that a text takes no more than its own bytes
INTEGERS = ("length", "last", "drawn", "since", "known", "open")


@dataclass(frozen=True)
class SavedSession:
    """The content of a session file.

    Attributes:
        config: settings of the generations.
        snapshot: the point at which the text stands.
        model_sha256: of sizes, weights and tokenizer.
        precision: of the model that ran.
        adaptation_sha256: of the adaptation; "" without one.
    """

    config: GenerationConfig
    snapshot: StateSnapshot
    model_sha256: str
    precision: str
    adaptation_sha256: str = ""

    @classmethod
    def of(
        cls,
        model: Model,
        precision: str,
        config: GenerationConfig,
        snapshot: StateSnapshot,
        adaptation: Adaptation | None,
        *,
        text: bool,
    ) -> Self:
        """Return the content for a session.

        Args:
            model: the model of the session.
            precision: of the engine.
            config: settings of the generations.
            snapshot: the point at which the text stands.
            adaptation: of the session, if it has one; it is saved in a file of its own.
            text: whether the whole text is saved, or only the tokens that draws depend on.
        """
        back = _looked_back_at(with_clean_texts(config, model.tokenizer))
        saved = snapshot if text else _without_text(snapshot, back)
        digest = adaptation.sha256 if adaptation else ""
        return cls(config, saved, model.sha256(), precision, digest)

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: the disk refused.
        """
        snapshot, plain = self.snapshot, GenerationConfig().to_dict()
        tokens, parts = snapshot.known_tokens(), _parts(snapshot)
        metadata = {
            "format": FORMAT,
            "model": self.model_sha256,
            "precision": self.precision,
            "adaptation": self.adaptation_sha256,
            "settings": {k: v for k, v in self.config.to_dict().items() if v != plain[k]},
            "length": snapshot.length,
            "last": snapshot.last,
            "drawn": snapshot.drawn,
            "since": snapshot.generation_tokens,
            "open": snapshot.open_tokens,
            "stopped": snapshot.stopped,
            "limit": snapshot.mirostat_mu,
            "known": len(tokens),
            "parts": parts,
        }
        arrays = {str(i): part[0] for i, part in enumerate(snapshot.state or ())}
        packed = zlib.compress(tokens.astype("<i4").tobytes(), 9)
        arrays[TOKENS] = np.frombuffer(packed, np.uint8)
        header = {"session": json.dumps(metadata, separators=(",", ":"))}
        write_output(path, safetensors.numpy.save(arrays, metadata=header))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that `write` wrote.

        Raises:
            MissingInput: there is no such file.
            DataError: it is damaged, or not a session.
            OSError: it cannot be read.
        """
        path = named(path)
        if not path.exists():
            raise MissingInput(
                f"{path}: no such session; Session.save makes one, and 'textgen generate "
                f"--session {path}'"
            )
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                metadata = json.loads((file.metadata() or {})["session"])
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return cls._of_file(metadata, arrays)
        except UsageError as error:
            raise DataError(f"{path}: {error}") from None
        except (safetensors.SafetensorError, ValueError, KeyError, TypeError, zlib.error) as error:
            raise DataError(f"{path}: not a session, or a damaged one ({error})") from None

    @classmethod
    def _of_file(cls, metadata: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the session of a file's metadata and arrays.

        Raises:
            UsageError: an illegal setting.
            ValueError, KeyError, TypeError, zlib.error: something else is wrong.
        """
        if metadata["format"] != FORMAT:
            raise ValueError(f"format {metadata['format']!r}")
        for name in INTEGERS:
            if not isinstance(metadata[name], int) or metadata[name] < 0:
                raise ValueError(f"{name} is {metadata[name]!r}")
        tokens = _unpack(arrays.pop(TOKENS), metadata["known"])
        state = tuple(arrays[str(i)][None] for i in range(len(arrays))) or None
        mirostat_mu = None if metadata["limit"] is None else float(metadata["limit"])
        snapshot = replace(
            _chain(tokens, metadata["parts"], metadata["length"]),
            last=metadata["last"],
            state=state,
            drawn=metadata["drawn"],
            generation_tokens=metadata["since"],
            mirostat_mu=mirostat_mu,
            open_tokens=metadata["open"],
            stopped=bool(metadata.get("stopped")),  # older files do not have it
        )
        config = GenerationConfig.from_dict(metadata["settings"])
        names = (str(metadata[name]) for name in ("model", "precision", "adaptation"))
        return cls(config, snapshot, *names)

    def check(self, model: Model, precision: str, adaptation: Adaptation | None) -> None:
        """Refuse a model that did not generate the text.

        Raises:
            DataError: the model, its precision or the adaptation is another one, or the state does
                not fit.
        """
        if model.sha256() != self.model_sha256:
            raise DataError("the session is of another model; load the model that began it")
        if self.precision != precision:
            raise DataError(
                f"the session was saved with precision {self.precision}, not {precision}; load the "
                f"model with that precision"
            )
        if self.adaptation_sha256 != (adaptation.sha256 if adaptation else ""):
            wanted = "the one that was saved beside it" if self.adaptation_sha256 else "none"
            raise DataError(f"the session is of another adaptation; load it with {wanted}")
        shapes = [(1, units) for units in model.config.state_units().values()]
        state = self.snapshot.state
        if state is not None and [(part.shape, part.dtype) for part in state] != [
            (shape, np.dtype(np.float32)) for shape in shapes
        ]:
            raise DataError("the session is damaged: its state is not of the model's sizes")
        tokens = self.snapshot.known_tokens()
        highest = max(self.snapshot.last, int(tokens.max(initial=0)))
        if highest >= model.config.vocab_size or tokens.min(initial=0) < 0:
            raise DataError("the session is damaged: it holds what is no token of the model")


def _looked_back_at(config: GenerationConfig) -> int | None:
    """Return the number of last tokens that draws and text depend on; None for all."""
    back = looks_back(config)
    return None if back is None else max(back, tokens_before(config), HELD + OPEN + 1)


def _without_text(snapshot: StateSnapshot, kept: int | None) -> StateSnapshot:
    """Return a snapshot that knows only the last tokens of its text."""
    return replace(snapshot, before=None, tokens=snapshot.known_tokens(kept))


def _parts(snapshot: StateSnapshot) -> list[list[int]]:
    """Return of each part of a text its number of tokens, and 1 if they were drawn.

    There are no parts if feeding the text again does not give the same states: it is not known
    from its beginning, or a state was mixed into it.
    """
    parts = list[list[int]]()
    for one in reversed(list(snapshot.back())):
        if one.before is None and not one.length:
            continue
        if one.before is None or not len(one.tokens):
            return []
        if one.is_drawn and parts and parts[-1][1]:
            parts[-1][0] += len(one.tokens)
        else:
            parts.append([len(one.tokens), int(one.is_drawn)])
    return parts


def _unpack(packed: NDArray[Any], count: int) -> NDArray[np.int32]:
    """Return the tokens in compressed bytes.

    Raises:
        ValueError, zlib.error: they are damaged, or their number is another.
    """
    size = 4 * count
    data = zlib.decompressobj().decompress(packed.tobytes(), size + 1)  # and no more, ever
    if len(data) != size:
        raise ValueError(f"{len(data) // 4} tokens instead of {count}")
    return np.frombuffer(data, "<i4").astype(np.int32)


def _chain(tokens: NDArray[np.int32], parts: list[list[int]], length: int) -> StateSnapshot:
    """Return the last snapshot of a text; the states of all of them are unknown.

    Raises:
        ValueError: the parts are not those of the tokens.
    """
    if not parts:
        return StateSnapshot(tokens=tokens, length=length)
    snapshot = BEGINNING
    for count, is_drawn in parts:
        part = tokens[snapshot.length : snapshot.length + count]
        if count < 1 or len(part) != count:
            raise ValueError("its parts are not those of its tokens")
        snapshot = StateSnapshot(
            before=snapshot,
            tokens=part,
            length=snapshot.length + count,
            last=int(part[-1]),
            drawn=snapshot.drawn + (count if is_drawn else 0),
        )
    if not snapshot.length == length == len(tokens):
        raise ValueError("its parts are not all of its tokens")
    return snapshot
