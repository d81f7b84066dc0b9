"""Whatever is given to the Python API, it is used as what it is, or refused in one line."""

import inspect
import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest

from textgen import Adaptation, GenerationConfig, Session, TextGenerator, UsageError
from textgen.artifact.model_folder import Model

CLASSES = (TextGenerator, Session, Adaptation)
# What people give in the place of something else, and what each of them is called here.
WRONG: dict[str, Any] = {
    "none": None,
    "bytes": b"The",
    "bytearray": bytearray(b"The"),
    "truth": True,
    "negative": -1,
    "float": 3.5,
    "complex": 1j,
    "mapping": {"prompt": "The"},
    "set": {"The"},
    "keys": {"The": 1}.keys(),
    "numbers": [1, 2],
    "array": np.array(["The"], dtype=np.bytes_),
    "table": np.array([["The"]]),
    "frame": pd.DataFrame({"prompt": ["The"]}),
    "file": io.StringIO("The"),
    "path": Path("The"),
    "function": len,
    "class": str,
    "object": object(),
}
# Those of them that are right somewhere, by the name of the argument.
PATHS = ("folder", "path", "corpus", "out", "start", "init_from")
RIGHT = {
    **{key: {"path"} for key in PATHS},
    **{key: {"function", "class"} for key in ("advanced", "is_over")},
    **{key: {"array", "table"} for key in ("tokens", "hidden", "last", "bias")},
    "rows": {"numbers", "array"},  # each is told in its result
    "callbacks": {"numbers", "array", "table"},  # looked at when Keras is there
}


def all_arguments() -> Iterator[tuple[type, str, str]]:
    """Yield all arguments of all public methods: class, method and name."""
    for kind in CLASSES:
        for method, member in vars(kind).items():
            if method.startswith("_") and method != "__init__":
                continue
            function = getattr(member, "__func__", member)
            if inspect.isfunction(function):
                for parameter in list(inspect.signature(function).parameters.values())[1:]:
                    if parameter.kind is not parameter.VAR_KEYWORD:
                        yield kind, method, parameter.name


def wrong_for(function: Callable[..., Any], name: str) -> Iterator[tuple[str, Any]]:
    """Yield what is wrong for an argument."""
    hint = get_type_hints(function)[name]
    for what, value in WRONG.items():
        is_legal = (value is None and type(None) in get_args(hint)) or (
            value is True and hint is bool
        )
        if not is_legal and what not in RIGHT.get(name, ()):
            yield what, value


@pytest.fixture
def right(generator: TextGenerator, model: Model, tmp_path: Path) -> dict[str, Any]:
    """What is right for the arguments that must be given."""
    session = generator.session(seed=1)
    return {
        "rows": ["The"],
        "prompt": "The",
        "text": "The",
        "behind": "The",
        "count": 0,
        "weight": 0.5,
        "one": session,
        "other": session,
        "model": model,
        "decoder": generator.decoder,
        "like": generator.decoder,
        "config": GenerationConfig(seed=1),
        "snapshot": session.snapshot,
        "mix": {},
        "corpus": ["The text."],
        "out": tmp_path / "out",
        "folder": tmp_path / "out",
        "path": tmp_path / "out",
        "tokens": np.zeros(1, int),
        "model_sha256": "",
        "hidden": np.zeros((1, 12), np.float32),
        "last": np.zeros((12, 9), np.float32),
        "bias": np.zeros(9, np.float32),
    }


@pytest.mark.parametrize(("kind", "method", "name"), list(all_arguments()))
def test_argument_of_the_wrong_type_is_refused_before_anything_is_done(
    generator: TextGenerator,
    model: Model,
    right: dict[str, Any],
    tmp_path: Path,
    kind: type,
    method: str,
    name: str,
) -> None:
    session = right["one"]
    owner = {TextGenerator: generator, Session: session, Adaptation: Adaptation.none(model)}[kind]
    call = kind if method == "__init__" else getattr(owner, method)
    parameters = inspect.signature(call).parameters.values()
    needed = {p.name: right[p.name] for p in parameters if p.name in right and p.default is p.empty}
    before = session.snapshot
    for what, value in wrong_for(getattr(kind, method), name):
        with pytest.raises(UsageError) as caught:
            call(**needed | {name: value})
        assert re.search(f"{name}|^{method} ", str(caught.value)), what
        assert "\n" not in str(caught.value)
    assert session.snapshot is before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "prompts",
    [
        ["The", "A"],
        ("The", "A"),
        np.array(["The", "A"]),
        pd.Series(["The", "A"]),
        pd.DataFrame({"prompt": ["The", "A"]})["prompt"],
        {"a": "The", "b": "A"}.values(),
        ["The", {"prompt": "A"}],
    ],
    ids=lambda prompts: type(prompts).__name__,
)
def test_whatever_holds_prompts_in_an_order_is_a_list_of_them(
    generator: TextGenerator, prompts: Any
) -> None:
    settings: dict[str, Any] = {"seed": 1, "max_new_tokens": 5}
    wanted = generator.generate(["The", "A"], **settings)
    assert generator.generate(prompts, **settings) == wanted
    assert generator.generate(iter(prompts), **settings) == wanted
    assert list(generator.generate_each(prompts, **settings)) == wanted


def test_numbers_of_numpy_are_numbers(generator: TextGenerator) -> None:
    two: Any = np.int64(2)
    half: Any = np.float32(0.5)
    session = generator.session(seed=np.int64(1), max_new_tokens=np.int32(5))
    plain = generator.session(seed=1, max_new_tokens=5)
    assert session.config == plain.config
    assert session.generate() == plain.generate()
    session.undo(two)
    plain.undo(2)
    assert session.text == plain.text
    assert generator.next(np.str_("The"), two) == generator.next("The", 2)
    mixed = Session.mix(session, plain, half)
    assert mixed.generate() == Session.mix(session, plain, 0.5).generate()


def test_what_is_wrong_names_what_helps(generator: TextGenerator) -> None:
    frame: Any = pd.DataFrame({"a": ["b"]})
    calls: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], str]] = [
        (generator.generate, ({"prompt": "A"},), {}, "put it into a list"),
        (generator.generate, (frame,), {}, "one of its columns"),
        (generator.generate, (b"The",), {}, "data.decode()"),
        (generator.generate, (Path("a"),), {}, "path.read_text()"),
        (generator.generate, ([1, 2],), {}, "the first of prompt is 1"),
        (generator.generate, ("A",), {"logits_processors": len}, "logits_processors=[...]"),
        (generator.labelled, ("Austen",), {}, "{name: value}"),
        (generator.save_pretrained, ("a\0b",), {}, "folder is 'a\\x00b'; it must be a path"),
        (TextGenerator.from_pretrained, (), {"threads": 0}, "at least 1 and at most 1024"),
        (TextGenerator, ("folder",), {}, "model is 'folder'; it must be of type Model"),
    ]
    for call, arguments, named, told in calls:
        with pytest.raises(UsageError) as caught:
            call(*arguments, **named)
        assert told in str(caught.value)


def test_adaptation_is_set_to_an_adaptation(generator: TextGenerator) -> None:
    session = generator.session()
    with pytest.raises(UsageError, match="adaptation is 3; it must be of type Adaptation"):
        session.adaptation = 3  # type: ignore[assignment]  # the point of the test


def test_method_is_called_as_python_calls_it(generator: TextGenerator) -> None:
    assert str(inspect.signature(generator.next)).startswith("(prompt: str = '', k: int = 10, **")
    assert generator.next.__doc__
    with pytest.raises(TypeError, match="missing a required argument: 'mix'"):
        generator.labelled()  # type: ignore[call-arg]  # the point of the test


def test_long_value_is_not_quoted(generator: TextGenerator) -> None:
    for value in ("x" * 10_000, ["x" * 10_000], {"x": "x" * 10_000}, list(range(10_000))):
        with pytest.raises(UsageError) as caught:
            generator.generate("The", max_new_tokens=value)
        assert len(str(caught.value)) < 200


def test_path_may_be_any_path_like(generator: TextGenerator, tmp_path: Path) -> None:
    class Named(os.PathLike[str]):
        def __fspath__(self) -> str:
            return str(tmp_path / "copy")

    generator.save_pretrained(Named())  # type: ignore[arg-type]  # more than it promises
    assert (tmp_path / "copy" / "manifest.json").is_file()
