"""What can be done with a text that a person and a model write together; no screen."""

import re
import tomllib
from typing import Any, NamedTuple

from textgen.config.cowriting import CowritingConfig
from textgen.config.generation import GenerationConfig
from textgen.cowriter.tree import ROOT, TextTree
from textgen.errors import UsageError
from textgen.generator import TextGenerator
from textgen.runtime.generation.prompts import SEEDS
from textgen.session.dynamic_evaluation import Adaptation
from textgen.session.session import Session

# How much of a proposal is taken at once: up to the end of a word, or of a line.
PARTS = {
    "word": re.compile(r"\s*(?:\w+|[^\w\s]+)|\s+"),
    "line": re.compile(r"\n*[^\n]+\n?|\n+"),
    "all": re.compile(r"(?s).+"),
}


class Proposal(NamedTuple):
    """A way to go on; `seed` is that of the model."""

    text: str
    seed: int


class Request(NamedTuple):
    """What a model is asked: to go on behind a node, once with each seed."""

    node: int
    seeds: tuple[int, ...]
    config: GenerationConfig


class CoWriter:
    """A tree of text, a model that goes on with it, and what the model has proposed.

    `answer` takes a while and may run in another thread, if only one does at a time.

    Args:
        generator: the model.
        tree: the text.
        config: how proposals are written; with a seed, which grows with each of them.
        choices: how many there are at once.

    Attributes:
        proposals: that may be chosen from.
        chosen: which of them is.
    """

    def __init__(
        self,
        generator: TextGenerator,
        tree: TextTree,
        config: GenerationConfig,
        choices: CowritingConfig,
    ) -> None:
        self.tree = tree
        self.config = config
        self.choices = choices
        self.proposals: list[Proposal] = []
        self.chosen = 0
        self._sessions: dict[int, Session] = {ROOT: generator.session()}
        self._asked = 0
        self._learned: Adaptation | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, as `set` and a file take them."""
        return self.config.to_dict() | self.choices.to_dict()

    def type(self, text: str) -> None:
        """Go on with what a person types; proposals that begin so are left."""
        self.tree.type(text)
        self._follow(text)

    def erase(self) -> None:
        """Take the last character away."""
        self.dismiss()
        self.tree.erase()

    def dismiss(self) -> None:
        """Propose nothing any more."""
        self.proposals, self.chosen = [], 0

    def choose(self, step: int) -> None:
        """Choose the next proposal, or the one before."""
        if self.proposals:
            self.chosen = (self.chosen + step) % len(self.proposals)

    def accept(self, part: str) -> None:
        """Take the chosen proposal over, or its first word or line."""
        text, seed = self.proposals[self.chosen]
        found = PARTS[part].match(text)
        taken = found[0] if found else text
        self.tree.add(taken, seed)
        self._follow(taken)

    def ask(self) -> Request:
        """Return what has to be answered to propose something here, each time something else."""
        self.tree.is_open = False
        first, count = (self.config.seed or 0) + self._asked, self.choices.choices
        self._asked += count
        seeds = tuple((first + number) % SEEDS for number in range(count))
        return Request(self.tree.current, seeds, self.config)

    def answer(self, request: Request) -> list[Proposal]:
        """Let the model write.

        Raises:
            UsageError, DataError: as `Session.generate`.
        """
        session, settings = self._session(request.node).fork(), request.config.to_dict()
        session.adaptation = self._learned
        texts = [session.fork().generate(**settings | {"seed": seed}) for seed in request.seeds]
        return [Proposal(one.text, one.seed) for one in texts if one.text]

    def propose(self, request: Request, proposals: list[Proposal]) -> None:
        """Show an answer, if the text still stands where it was asked for."""
        if self.tree.current == request.node and not self.tree.is_open:
            self.proposals, self.chosen = proposals, 0

    def set(self, line: str) -> None:
        """Change settings.

        Args:
            line: names and values as in TOML, as `temperature = 0.9, top_k = 40`.

        Raises:
            UsageError: it does not say that, or no such setting or value is legal.
        """
        try:
            given: dict[str, Any] = tomllib.loads(f"settings = {{{line}}}")["settings"]
        except tomllib.TOMLDecodeError:
            raise UsageError(f"{line!r} is no setting; write: temperature = 0.9") from None
        chosen = {name: given.pop(name) for name in CowritingConfig.names() if name in given}
        self.config, self.choices = self.config.replace(**given), self.choices.replace(**chosen)

    def _follow(self, text: str) -> None:
        """Keep what is left of the proposals that begin with a text."""
        wanted = self.proposals[self.chosen] if self.proposals else None
        left = [one for one in self.proposals if one.text.startswith(text) and one.text != text]
        self.chosen = left.index(wanted) if wanted in left else 0
        self.proposals = [one._replace(text=one.text[len(text) :]) for one in left]

    def _session(self, node: int) -> Session:
        """Return a session that stands at the end of a node."""
        path = self.tree.path(node)
        known = max(place for place, number in enumerate(path) if number in self._sessions)
        session = self._sessions[path[known]]
        for number in path[known + 1 :]:
            session = session.fork()
            self._read(session, self.tree.nodes[number].text)
            self._sessions[number] = session
        return session

    def _read(self, session: Session, text: str) -> None:
        """Let a session read a stretch, and learn from it what all of them will know."""
        if not self.choices.learn:
            session.feed(text)
            return
        session.adaptation = self._learned
        session.adapt(text)
        self._learned, session.adaptation = session.adaptation, None
