"""`textgen tokenizer`: learn, inspect and use a tokenizer on its own."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.command import Group, option
from textgen.cli.options import (
    config_options,
    model_option,
    overwrite_option,
    quiet_option,
)
from textgen.cli.param_types import CorpusName, PathName
from textgen.cli.progress import CorpusProgress
from textgen.cli.prompt import read_prompt, read_standard_input
from textgen.config.corpus import CorpusConfig, files_of
from textgen.errors import UsageError

if TYPE_CHECKING:
    from textgen.tokenization.tokenizer import Tokenizer

SHOWN_TOKENS = 12


@click.group(cls=Group, short_help="Learn, inspect and use a tokenizer on its own.")
def tokenizer() -> None:
    """Turn text into tokens and back.

    The option -m also takes a token store, or a tokenizer.json itself.
    """


@tokenizer.command(short_help="Learn a tokenizer from a corpus.")
@click.argument("corpus", type=CorpusName())
@option("-o", "--out", required=True, type=PathName(), help="tokenizer.json to make.")
@config_options(CorpusConfig)
@overwrite_option
@quiet_option
def train(corpus: str, out: Path, settings: dict[str, Any], overwrite: bool, quiet: bool) -> None:
    """Learn a tokenizer from the training split of CORPUS, as 'textgen train' does.

    The file is in Hugging Face's format. 'train --tokenizer FILE' uses it.
    """
    from textgen.corpus.resolve import open_source
    from textgen.files import check_output, set_aside, write_output
    from textgen.paths import refuse_inputs
    from textgen.tokenization.prepare import learn_tokenizer

    refuse_inputs(out, files_of(settings), corpus)
    check_output(out, overwrite=overwrite)
    with CorpusProgress(quiet) as progress, open_source(corpus, settings, progress) as source:
        learned, notes = learn_tokenizer(source, progress)
    set_aside(out)
    write_output(out, learned.to_json().encode())
    if not quiet:
        lines = [f"{out}: {learned.kind}, {learned.vocab_size:,} types", *notes]
        click.echo("\n  note: ".join(lines), err=True)


@tokenizer.command(short_help="Turn text into token ids.")
@click.argument("text", required=False)
@model_option()
@option("-f", "--file", type=PathName(is_file=True), help="File with the text.")
@option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a JSON list of [id, token text]. Part of a character is shown as 'bytes' in hex.",
)
def encode(text: str | None, model: Path, file: Path | None, as_json: bool) -> None:
    """Print the ids of TEXT (- for standard input), without <eos>."""
    if text is None and file is None:
        raise UsageError("no text; give it as argument, with -f, or '-' for standard input")
    loaded = _load(model)
    tokens = loaded.encode(loaded.clean_prompt(read_prompt(text, None, file))).tolist()
    if as_json:
        click.echo(json.dumps([[token, _shown(loaded, token)] for token in tokens]))
    else:
        click.echo(" ".join(map(str, tokens)))


@tokenizer.command(short_help="Turn token ids into text.")
@click.argument("tokens", nargs=-1)
@model_option()
def decode(tokens: tuple[str, ...], model: Path) -> None:
    """Print the text of TOKENS, which are ids separated by spaces (- for standard input)."""
    loaded = _load(model)
    words = read_standard_input().split() if tokens == ("-",) else tokens
    try:
        ids = [int(word) for word in words]
    except ValueError as error:
        raise UsageError(f"token ids are whole numbers ({error})") from None
    for token in ids:
        if not 0 <= token < loaded.vocab_size:
            raise UsageError(f"token {token} is none of 0 to {loaded.vocab_size - 1}")
    click.echo(loaded.decode(ids))


@tokenizer.command(short_help="Describe a tokenizer.")
@model_option()
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info(model: Path, as_json: bool) -> None:
    """Show the kind, the size and some tokens of a tokenizer."""
    loaded = _load(model)
    shown = [_shown(loaded, token) for token in range(1, loaded.vocab_size)]
    facts = {
        "tokenizer": str(model),
        "kind": loaded.kind,
        "types": loaded.vocab_size,
        "normalize": loaded.normal_form,
        "longest": sorted(shown, key=len, reverse=True)[:SHOWN_TOKENS],
        "last": shown[-SHOWN_TOKENS:],
    }
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name:<10} {' '.join(map(repr, value)) if isinstance(value, list) else value}")


def _load(path: Path) -> "Tokenizer":
    """Read the tokenizer of a model folder or token store, or the file itself."""
    from textgen.tokenization.tokenizer import TOKENIZER, Tokenizer

    return Tokenizer.from_file(path / TOKENIZER if path.is_dir() else path)


def _shown(loaded: "Tokenizer", token: int) -> str:
    """Return the text of a token, or its bytes if they are no whole character."""
    data = loaded.token_bytes(token)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"bytes {data.hex(' ')}"
