"""Gives prompts of all types, and other arguments that are no settings."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cases.programs.outcome import attempt
from textgen import TextGenerator

HOW: dict[str, Any] = {"max_new_tokens": 4, "temperature": 0.0}


def one(generator: Any, prompt: Any) -> Any:
    """Return a text, or a list of texts."""
    result = generator.generate(prompt, **HOW)
    return (
        [f"refused: {r.error}" if r.error else r.text for r in result]
        if isinstance(result, list)
        else result.text
    )


def prompts() -> dict[str, Any]:
    """Return what people have in their hands."""
    texts = ["The", "A"]
    return {
        "str": "The",
        "np.str_": np.str_("The"),
        "list": texts,
        "tuple": tuple(texts),
        "array": np.array(texts),
        "Series": pd.Series(texts),
        "generator": (text for text in texts),
        "dict": {"prompt": "The", "temperature": 0.5},
        "frame": pd.DataFrame({"prompt": texts, "other": texts}),
        "bytes": b"The",
        "bytearray": bytearray(b"The"),
        "None": None,
        "int": 3,
        "float": 0.5,
        "Path": Path("The"),
        "list of bytes": [b"The"],
        "list of None": [None],
        "list of lists": [["The"]],
        "list of ints": [3],
    }


def main() -> None:
    """Try prompts at each method, then arguments that are no settings."""
    generator: Any = TextGenerator.from_pretrained()
    for name, prompt in prompts().items():
        attempt(f"generate {name}", one, generator, prompt)
    for name, prompt in prompts().items():
        if "list" not in name and name not in ("tuple", "array", "Series", "generator"):
            attempt(f"stream {name}", streamed, generator, prompt)
            attempt(f"next {name}", likeliest, generator, prompt)
            attempt(f"feed {name}", fed, generator, prompt)
    attempt("stream list", streamed, generator, ["The", "A"])
    others(generator)


def fed(generator: Any, prompt: Any) -> str:
    """Feed a session and go on with it."""
    session = generator.session(**HOW)
    session.feed(prompt)
    return str(session.generate().text)


def streamed(generator: Any, prompt: Any) -> str:
    """Return the text of a stream."""
    return "".join(generator.stream(prompt, **HOW))


def likeliest(generator: Any, prompt: Any, k: Any = 1) -> list[int]:
    """Return the tokens that are likeliest next."""
    return [token.token for token in generator.next(prompt, k=k)]


def loaded(folder: Any) -> str:
    """Load a model."""
    return str(TextGenerator.from_pretrained(folder))


def with_threads(threads: Any) -> str:
    """Load the packaged model for a number of threads."""
    return str(TextGenerator.from_pretrained(threads=threads))


def others(generator: Any) -> None:
    """Try arguments beside the prompt."""
    for threads in (0, -1, "2", 1.5, None):
        attempt(f"bad threads {threads!r}", with_threads, threads)
    attempt("bad hooks", lambda: generator.generate("The", logits_processors=3, **HOW).text)
    attempt(
        "bad hook", lambda: generator.generate("The", logits_processors=lambda t, x: x, **HOW).text
    )
    for k in (0, -1, "3", 1.5):
        attempt(f"bad k {k!r}", likeliest, generator, "The", k)
    attempt("bad folder None", loaded, None)
    attempt("bad folder bytes", loaded, b"m")
    attempt("bad save None", generator.save_pretrained, None)
    attempt("bad score None", generator.session().score, None)
    attempt("bad undo", generator.session().undo, "3")
    Path("there").mkdir()
    Path("there", "notes.txt").write_text("not to be lost")
    attempt("bad over a folder", generator.save_pretrained, "there")


main()
