"""The events of a run: the content of `history.jsonl`."""

import json
from dataclasses import dataclass, field
from typing import Any

POINTS = 1000  # lines about optimization in a whole run, at most, approximately


@dataclass
class History:
    """A list of events, each a dictionary with the step at which it happened (`step`).

    Lines about optimization hold means over the steps since the previous line: `loss` in nats per
    token, `gradient_norm` before clipping, `tokens_per_second`; and the present `learning_rate`,
    `epoch` and `seconds` of the run. Other lines hold a `validation` (a `Quality` and metrics) and
    whether it was the `best`, a `sample` (a text) and how many characters in a row it has `copied`
    from the training text, or `resumed`.

    Attributes:
        every: steps per line about optimization.
        events: in their order.
        sums: over the steps since the last line.
    """

    every: int
    events: list[dict[str, Any]] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of_run(cls, steps: int) -> "History":
        """Return the empty history of a run of a number of steps."""
        return cls(max(1, steps // POINTS))

    def add(self, step: int, **event: Any) -> None:
        """Add an event."""
        self.events.append({"step": step, **event})

    def add_step(
        self, step: int, now: dict[str, float], means: dict[str, float], tokens: int, seconds: float
    ) -> None:
        """Add an optimizer step.

        Args:
            step: its number, from 1.
            now: figures of this step alone, for its line.
            means: figures that are averaged over the steps of a line.
            tokens: number of tokens trained on in the step.
            seconds: duration of the step.
        """
        for name, value in {**means, "steps": 1, "tokens": tokens, "seconds": seconds}.items():
            self.sums[name] = self.sums.get(name, 0) + value
        if step % self.every == 0:
            sums, self.sums = self.sums, {}
            averages = {name: sums[name] / sums["steps"] for name in means}
            pace = sums["tokens"] / sums["seconds"]
            self.add(step, **now, **averages, tokens_per_second=pace)

    def to_jsonl(self) -> bytes:
        """Return the events as lines of JSON."""
        return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in self.events).encode()


def read_jsonl(data: bytes) -> list[dict[str, Any]]:
    """Return the events that `to_jsonl` wrote.

    Raises:
        ValueError: the lines are not JSON.
    """
    return [json.loads(line) for line in data.splitlines()]
