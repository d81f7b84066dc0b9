"""Pickles and copies what the package makes."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

from cases.programs.outcome import attempt, tell
from textgen import TextGenerator

HOW: dict[str, Any] = {"max_new_tokens": 5, "seed": 1}
Way = Callable[[Any], Any]


def again(thing: Any) -> Any:
    """Pickle and unpickle."""
    return pickle.loads(pickle.dumps(thing))  # what we pickled ourselves


def same(way: Way, thing: Any) -> bool:
    """Tell whether a copy equals the thing."""
    return bool(way(thing) == thing)


def encodes(way: Way, tokenizer: Any) -> bool:
    """Tell whether a copy of a tokenizer gives the same tokens."""
    return bool((way(tokenizer).encode("The fog") == tokenizer.encode("The fog")).all())


def written(way: Way, generator: TextGenerator) -> str:
    """Write with a copy of a generator."""
    return str(way(generator).generate("The", **HOW).text)


def gone_on(way: Way, generator: TextGenerator) -> str:
    """Go on with a copy of a session."""
    session = generator.session(**HOW)
    session.feed("The")
    return str(way(session).generate().text)


def streamed(way: Way, generator: TextGenerator) -> str:
    """Write with a copy of a stream."""
    return "".join(way(generator.stream("The", **HOW)))


def main() -> None:
    """Try all ways on everything."""
    generator = TextGenerator.from_pretrained()
    result = generator.generate("The", **HOW)
    ways: dict[str, Way] = {"pickle": again, "deepcopy": copy.deepcopy, "copy": copy.copy}
    for name, way in ways.items():
        attempt(f"{name} Generation", same, way, result)
        attempt(f"{name} config", same, way, generator.configure(seed=1))
        attempt(f"{name} tokenizer", encodes, way, generator.tokenizer)
        attempt(f"{name} TextGenerator", written, way, generator)
        attempt(f"{name} Session", gone_on, way, generator)
        attempt(f"{name} stream", streamed, way, generator)
    tell("wanted", result.text)


main()
