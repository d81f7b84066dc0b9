"""textgen: train an LSTM language model on your own text, and write text with it.

Public names are resolved on first use, so that `import textgen` stays light.
"""

import importlib
import logging
from typing import TYPE_CHECKING, Any

from textgen.version import __version__

if TYPE_CHECKING:
    from textgen.artifact.model_folder import Model as Model
    from textgen.config.corpus import CorpusConfig as CorpusConfig
    from textgen.config.generation import GenerationConfig as GenerationConfig
    from textgen.config.model import ModelConfig as ModelConfig
    from textgen.config.model import NetworkConfig as NetworkConfig
    from textgen.config.training import TrainingConfig as TrainingConfig
    from textgen.errors import Busy as Busy
    from textgen.errors import DataError as DataError
    from textgen.errors import Interrupted as Interrupted
    from textgen.errors import MissingInput as MissingInput
    from textgen.errors import TextgenError as TextgenError
    from textgen.errors import TrainingDiverged as TrainingDiverged
    from textgen.errors import UnsafeModel as UnsafeModel
    from textgen.errors import UsageError as UsageError
    from textgen.evaluation.quality import Quality as Quality
    from textgen.generator import TextGenerator as TextGenerator
    from textgen.progress import ProgressReporter as ProgressReporter
    from textgen.runtime.generation.next_token import NextToken as NextToken
    from textgen.runtime.generation.result import Generation as Generation
    from textgen.runtime.generation.result import Usage as Usage
    from textgen.runtime.generation.text_stream import TextStream as TextStream
    from textgen.sampling.user_processors import LogitsProcessor as LogitsProcessor
    from textgen.session.dynamic_evaluation import Adaptation as Adaptation
    from textgen.session.session import Session as Session
    from textgen.session.session_stream import SessionStream as SessionStream
    from textgen.tokenization.tokenizer import Tokenizer as Tokenizer

# Messages go where a program lets them go, and nowhere without.
logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOMES = {
    "Adaptation": "textgen.session.dynamic_evaluation",
    "Busy": "textgen.errors",
    "CorpusConfig": "textgen.config.corpus",
    "DataError": "textgen.errors",
    "Generation": "textgen.runtime.generation.result",
    "GenerationConfig": "textgen.config.generation",
    "Interrupted": "textgen.errors",
    "LogitsProcessor": "textgen.sampling.user_processors",
    "MissingInput": "textgen.errors",
    "Model": "textgen.artifact.model_folder",
    "ModelConfig": "textgen.config.model",
    "NetworkConfig": "textgen.config.model",
    "NextToken": "textgen.runtime.generation.next_token",
    "ProgressReporter": "textgen.progress",
    "Quality": "textgen.evaluation.quality",
    "Session": "textgen.session.session",
    "SessionStream": "textgen.session.session_stream",
    "TextGenerator": "textgen.generator",
    "TextStream": "textgen.runtime.generation.text_stream",
    "TextgenError": "textgen.errors",
    "Tokenizer": "textgen.tokenization.tokenizer",
    "TrainingConfig": "textgen.config.training",
    "TrainingDiverged": "textgen.errors",
    "UnsafeModel": "textgen.errors",
    "Usage": "textgen.runtime.generation.result",
    "UsageError": "textgen.errors",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """Import a public name's home when the name is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
