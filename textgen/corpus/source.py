"""A resolved corpus: its files in order, and the rules for reading them."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from textgen.config.corpus import CorpusConfig, DocumentRule
from textgen.corpus.corpus_file import CorpusFile, LocalFile, Origin


@dataclass(frozen=True)
class Source:
    """The files of a corpus in a fixed order, and the rules for reading them.

    Attributes:
        name: what people call the corpus.
        files: its files.
        config: its settings: chosen ones, else those of its recipe, else the defaults.
        ignored: names of files of unknown form, and of splits that are not used.
    """

    name: str
    files: tuple[CorpusFile, ...]
    config: CorpusConfig
    ignored: tuple[str, ...] = ()

    @property
    def origins(self) -> list[Origin]:
        """The origins of the files, in order."""
        return list(dict.fromkeys(file.origin for file in self.files))

    @property
    def licence(self) -> str:
        """The licences of the texts for training."""
        trained = (file.origin for file in self.files if file.split in (None, "train"))
        return "; ".join(dict.fromkeys(origin.licence for origin in trained))

    @property
    def rule(self) -> DocumentRule:
        """The rule for its texts; a file may have its own."""
        return self.config.document_rule

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 over the bytes of all files, and their own settings, in order."""
        total, rule = hashlib.sha256(), self.rule
        for file in self.files:
            own = [] if file.rule == rule else [file.rule.to_dict()]
            settings = [file.split, file.form, file.origin.weight, file.label, *own]
            total.update(f"{json.dumps(settings)} {file.stored.fingerprint()}\n".encode())
        if self.config.decontaminate is not None:
            tests = LocalFile(Path(self.config.decontaminate))
            total.update(f"decontaminate {tests.fingerprint()}\n".encode())
        return total.hexdigest()
