"""The actions of the co-writer on a text that a person and a model write together."""

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

# The part of a proposal that is accepted: up to the end of a word, of a line, or all.
PARTS = {
    "word": re.compile(r"\s*(?:\w+|[^\w\s]+)|\s+"),
    "line": re.compile(r"\n*[^\n]+\n?|\n+"),
    "all": re.compile(r"(?s).+"),
}


class Proposal(NamedTuple):
    """A proposed continuation.

    Attributes:
        text: the continuation.
        seed: the seed that the model wrote it with.
    """

    text: str
    seed: int


class Request(NamedTuple):
    """A request for continuations of a node, one with each seed.

    Attributes:
        node: number of the node.
        seeds: seeds of the continuations.
        config: settings of the generation.
    """

    node: int
    seeds: tuple[int, ...]
    config: GenerationConfig


class CoWriter:
    """A tree of text, the model that continues it, and the model's current proposals.

    `answer` is slow and may run in another thread, in one thread at a time.

    Args:
        generator: the model.
        tree: the text.
        config: settings of the generation. Each proposal adds 1 to the seed.
        choices: number of proposals, and whether the model adapts.

    Attributes:
        proposals: the current proposals.
        chosen: index of the chosen proposal.
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
        """All settings by name, as `set` and the document take them."""
        return self.config.to_dict() | self.choices.to_dict()

    def type(self, text: str) -> None:
        """Add typed text, and keep the proposals that begin with it."""
        self.tree.type(text)
        self._follow(text)

    def erase(self) -> None:
        """Remove the last character."""
        self.dismiss()
        self.tree.erase()

    def dismiss(self) -> None:
        """Drop all proposals."""
        self.proposals, self.chosen = [], 0

    def choose(self, step: int) -> None:
        """Choose the next proposal (step 1), or the previous one (step -1)."""
        if self.proposals:
            self.chosen = (self.chosen + step) % len(self.proposals)

    def accept(self, part: str) -> None:
        """Accept the chosen proposal, or its first word or line.

        Args:
            part: a key of `PARTS`.
        """
        text, seed = self.proposals[self.chosen]
        match = PARTS[part].match(text)
        accepted = match[0] if match else text
        self.tree.add(accepted, seed)
        self._follow(accepted)

    def ask(self) -> Request:
        """Return a request for proposals at the current node, with new seeds each time."""
        self.tree.is_open = False
        first, count = (self.config.seed or 0) + self._asked, self.choices.choices
        self._asked += count
        seeds = tuple((first + number) % SEEDS for number in range(count))
        return Request(self.tree.current, seeds, self.config)

    def answer(self, request: Request) -> list[Proposal]:
        """Generate proposals.

        Raises:
            UsageError, DataError: as `Session.generate`.
        """
        session, settings = self._session(request.node).fork(), request.config.to_dict()
        session.adaptation = self._learned
        texts = [session.fork().generate(**settings | {"seed": seed}) for seed in request.seeds]
        return [Proposal(result.text, result.seed) for result in texts if result.text]

    def propose(self, request: Request, proposals: list[Proposal]) -> None:
        """Take proposals over, if the text has not changed since the request."""
        if self.tree.current == request.node and not self.tree.is_open:
            self.proposals, self.chosen = proposals, 0

    def set(self, line: str) -> None:
        """Change settings.

        Args:
            line: names and values in TOML, such as `temperature = 0.9, top_k = 40`.

        Raises:
            UsageError: the line is not TOML, or a setting or its value is illegal.
        """
        try:
            settings: dict[str, Any] = tomllib.loads(f"settings = {{{line}}}")["settings"]
        except tomllib.TOMLDecodeError:
            raise UsageError(f"{line!r} is no setting; write: temperature = 0.9") from None
        names = [name for name in CowritingConfig.names() if name in settings]
        choices = {name: settings.pop(name) for name in names}
        self.config = self.config.replace(**settings)
        self.choices = self.choices.replace(**choices)

    def _follow(self, text: str) -> None:
        """Keep the proposals that begin with an added text, without that text."""
        chosen = self.proposals[self.chosen] if self.proposals else None
        left = [p for p in self.proposals if p.text.startswith(text) and p.text != text]
        self.chosen = left.index(chosen) if chosen in left else 0
        self.proposals = [p._replace(text=p.text[len(text) :]) for p in left]

    def _session(self, node: int) -> Session:
        """Return a session that has read the text up to the end of a node."""
        path = self.tree.path(node)
        last = max(place for place, number in enumerate(path) if number in self._sessions)
        session = self._sessions[path[last]]
        for number in path[last + 1 :]:
            session = session.fork()
            self._read(session, self.tree.nodes[number].text)
            self._sessions[number] = session
        return session

    def _read(self, session: Session, text: str) -> None:
        """Feed text to a session; with `learn`, adapt the model that all sessions share."""
        if not self.choices.learn:
            session.feed(text)
            return
        session.adaptation = self._learned
        session.adapt(text)
        self._learned, session.adaptation = session.adaptation, None
