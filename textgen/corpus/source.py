"""A corpus as it was named: its parts in order, and how they are to be read."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from textgen.config.corpus import CorpusConfig, DocumentRule
from textgen.corpus.corpus_file import CorpusFile, LocalFile, Origin


@dataclass(frozen=True)
class Source:
    """The parts of a corpus, in a fixed order, and how they are to be read.

    Attributes:
        name: what people call the corpus.
        parts: its files.
        config: the defaults, changed by its recipe, changed by what was chosen.
        ignored: files beside the others whose form nobody knows, and splits not used.
    """

    name: str
    parts: tuple[CorpusFile, ...]
    config: CorpusConfig
    ignored: tuple[str, ...] = ()

    @property
    def origins(self) -> list[Origin]:
        """Where the parts come from, in order."""
        return list(dict.fromkeys(part.origin for part in self.parts))

    @property
    def licence(self) -> str:
        """The licences of the texts that are trained on."""
        trained = (part.origin for part in self.parts if part.split in (None, "train"))
        return "; ".join(dict.fromkeys(origin.licence for origin in trained))

    @property
    def rule(self) -> DocumentRule:
        """How its texts are read, as far as no part says otherwise."""
        return self.config.document_rule

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 over all that is read, and what is particular to each part, in order."""
        total, rule = hashlib.sha256(), self.rule
        for part in self.parts:
            own = [] if part.rule == rule else [part.rule.to_dict()]
            told = [part.split, part.form, part.origin.weight, part.label, *own]
            total.update(f"{json.dumps(told)} {part.file.fingerprint()}\n".encode())
        if self.config.decontaminate is not None:
            tests = LocalFile(Path(self.config.decontaminate))
            total.update(f"decontaminate {tests.fingerprint()}\n".encode())
        return total.hexdigest()
