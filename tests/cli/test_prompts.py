"""A prompt is the same text by whichever door it comes in."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textgen.cli.generate import generate
from textgen.cli.next import next_
from textgen.cli.tokenizer import encode
from textgen.errors import DataError, TextgenError
from textgen.generator import TextGenerator

TEXTS = st.text(st.sampled_from("aé\u0301\u212b \n\r\t\ufeff\0\x1b😀\u200d-{\"'@"), max_size=12)
WRITTEN: dict[str, Any] = {"max_new_tokens": 4, "seed": 1}
FLAGS = ["-n", "4", "-s", "1", "--json"]


@pytest.fixture(scope="module", autouse=True)
def loaded(generator: TextGenerator) -> Iterator[None]:
    """Let all calls have the same model, which takes longer to load than to write with."""
    with mock.patch("textgen.cli.loading.load_generator", return_value=generator):
        yield


def invoke(*arguments: str, **options: Any) -> Any:
    """Return the one object that `generate --json` prints."""
    done: Result = CliRunner().invoke(generate, [*FLAGS, *arguments], **options)
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def doors(text: str, folder: Path) -> Iterator[Callable[[], Any]]:
    """Yield ways to let a prompt be gone on with on the command line."""
    (folder / "prompt.txt").write_bytes(text.encode())
    (folder / "prompt.jsonl").write_text(json.dumps(text) + "\n")
    row = json.dumps({"prompt": text}, ensure_ascii=False)
    (folder / "row.jsonl").write_text(row, encoding="utf-8")
    yield lambda: invoke("-f", str(folder / "prompt.txt"))
    yield lambda: invoke("-", input=text.encode())
    yield lambda: invoke("-p", "-", input=text.encode())
    yield lambda: invoke("--jsonl", "-f", str(folder / "prompt.jsonl"))
    yield lambda: invoke("--jsonl", "-f", str(folder / "row.jsonl"))
    if "\0" not in text and text != "-":  # what no argument is
        yield lambda: invoke("--", text)
        yield lambda: invoke("-p", text)
        if text:
            yield lambda: invoke(env={"TEXTGEN_PROMPT": text})


@settings(max_examples=25)
@given(text=TEXTS)
@example(text="\ufeffThe fog")
@example(text="\ufeff\ufeffa\0")
@example(text="a\r\nb\r\n")
@example(text="cafe\u0301\n\n")
@example(text="")
def test_a_prompt_is_the_same_by_all_doors(
    text: str, generator: TextGenerator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = generator.generate(text, **WRITTEN)
    found = (told.text, told.usage.prompt_tokens)
    for door in doors(text, tmp_path_factory.getbasetemp()):
        other = door()
        assert (other["text"], other["usage"]["prompt_tokens"]) == found
    stream = generator.stream(text, **WRITTEN)
    assert ("".join(stream), stream.result().usage.prompt_tokens) == found
    (row,) = generator.generate([text], **WRITTEN)
    assert (row.text, row.usage.prompt_tokens) == found
    session = generator.session(**WRITTEN)
    session.feed(text)
    assert session.generate().text == told.text
    assert session.text == generator.tokenizer.clean(text.removeprefix("\ufeff")) + told.text


def test_a_mark_in_the_middle_is_a_character(generator: TextGenerator) -> None:
    plain, marked = (generator.generate(text, **WRITTEN) for text in ("ab", "a\ufeffb"))
    assert marked.usage.prompt_tokens > plain.usage.prompt_tokens


@pytest.mark.parametrize("door", ["file", "standard input", "next", "encode", "grammar"])
def test_what_is_no_text_is_told_with_its_line_and_a_remedy_that_is_there(
    door: str, tmp_path: Path, generator: TextGenerator
) -> None:
    file, data = tmp_path / "quotes.txt", b"one\ntwo \x92s\n"
    file.write_bytes(data)
    generator.save_pretrained(tmp_path / "m")
    command, arguments = {
        "file": (generate, ["-f", str(file)]),
        "standard input": (generate, ["-"]),
        "next": (next_, ["-f", str(file)]),
        "encode": (encode, ["-f", str(file), "-m", str(tmp_path / "m")]),
        "grammar": (generate, ["--grammar", f"@{file}"]),
    }[door]
    done = CliRunner().invoke(command, arguments, input=io.BytesIO(data))
    name = "standard input" if door == "standard input" else file
    assert isinstance(done.exception, DataError)
    assert str(done.exception) == (
        f"{name}:2: byte 8 (92) is not utf-8; convert the text first, as with 'iconv -f cp1252 -t "
        f"utf-8'"
    )


def test_a_lone_surrogate_is_refused_at_every_door(generator: TextGenerator) -> None:
    for call in (
        lambda: generator.generate("\ud800"),
        lambda: generator.stream("\ud800"),
        lambda: generator.session().feed("\ud800"),
        lambda: generator.next("\ud800"),
    ):
        with pytest.raises(TextgenError, match="lone surrogate"):
            call()
    done = CliRunner().invoke(generate, ["--", "\ud800"])
    assert isinstance(done.exception, DataError)
