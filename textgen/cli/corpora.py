"""`textgen corpora`: recipes, checks of corpora, and reports on them."""

import json
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.command import Group, option
from textgen.cli.options import config_options, overwrite_option, quiet_option
from textgen.cli.param_types import CorpusName, PathName
from textgen.cli.progress import CorpusProgress
from textgen.config.corpus import CorpusConfig, files_of
from textgen.errors import DataError, MissingInput, UsageError

if TYPE_CHECKING:
    from textgen.corpus.recipes import RecipeSource
    from textgen.report.corpus_check import FileCheck
    from textgen.report.store_facts import StoreFacts
    from textgen.tokenization.token_store import TokenStore

LINE = 80  # characters of a line
SHOWN_DOCUMENTS = 3  # of a file that is checked
json_option = option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(
    cls=Group, short_help="List, check and report on corpora.", invoke_without_command=True
)
@click.pass_context
def corpora(context: click.Context) -> None:
    """List the corpus recipes, and check or report on a corpus."""
    if context.invoked_subcommand is None:
        context.invoke(list_recipes)


@corpora.command("list", short_help="List the corpus recipes.")
@json_option
def list_recipes(as_json: bool = False) -> None:
    """List the corpus recipes. Every command takes their names as CORPUS."""
    from textgen.corpus.recipes import load_recipe, recipe_folder, recipe_names

    recipes = [load_recipe(recipe_folder() / f"{name}.toml") for name in recipe_names()]
    if as_json:
        click.echo(json.dumps([asdict(recipe) for recipe in recipes]))
        return
    width = max(len(recipe.name) for recipe in recipes) + 2
    for recipe in recipes:
        unread = "" if recipe.verified else "; never fetched by its makers"
        line = f"{recipe.name:<{width}}{recipe.description} (licence: {recipe.licence}{unread})"
        click.echo(textwrap.fill(line, LINE, subsequent_indent=" " * width))


@corpora.command(short_help="Show a corpus recipe.")
@click.argument("recipe")
@json_option
def show(recipe: str, as_json: bool) -> None:
    """Show a recipe as TOML, and the files of it that are there.

    RECIPE is the name of a recipe that comes with textgen, or a file.
    """
    from textgen.corpus.recipes import load_recipe

    path = _recipe_path(recipe)
    loaded = load_recipe(path)
    found_files = [_files(source) for source in loaded.sources]
    if as_json:
        sources = [
            asdict(source) | {"files": [str(file) for file in files]}
            for source, files in zip(loaded.sources, found_files, strict=True)
        ]
        click.echo(json.dumps({"file": str(path)} | asdict(loaded) | {"sources": sources}))
        return
    lines = [
        f"# {source.path}: {_describe_files(source, files)}"
        for source, files in zip(loaded.sources, found_files, strict=True)
    ]
    click.echo("\n".join([f"# {path}", path.read_text(encoding="utf-8"), *lines]))


@corpora.command(short_help="Find problems of a corpus.")
@click.argument("corpus", type=CorpusName())
@config_options(CorpusConfig)
@json_option
@quiet_option
def check(corpus: str, settings: dict[str, Any], as_json: bool, quiet: bool) -> None:
    """Read the beginning of each file of CORPUS, and show its documents and its problems.

    CORPUS and the options are those of 'prepare'. Of a hub dataset, the first file of each split
    is fetched.
    """
    from textgen.corpus.resolve import open_source
    from textgen.report.corpus_check import check_files

    with CorpusProgress(quiet) as progress, open_source(corpus, settings, progress) as source:
        files = list(check_files(source))
    if as_json:
        facts = {"corpus": source.name, "licence": source.licence, "ignored": source.ignored}
        click.echo(json.dumps(facts | {"parts": [asdict(file) for file in files]}))
    else:
        ignored = [f"{name}: not read, being of no known form or split" for name in source.ignored]
        click.echo("\n".join([*map(_describe_file, files), *ignored]))
    if bad := sum(bool(file.problem) for file in files):
        raise DataError(f"{corpus}: {bad} of {len(files)} files cannot be read; see above")
    if not any(file.documents for file in files):
        raise DataError(f"{corpus}: no text was found; give a file with some that is not left out")


@corpora.command(short_help="Report on the contents of a corpus.")
@click.argument("corpus", type=CorpusName())
@config_options(CorpusConfig)
@json_option
@option("--html", type=PathName(), help="Also write the report to this HTML page.")
@overwrite_option
@quiet_option
def report(
    corpus: str,
    settings: dict[str, Any],
    as_json: bool,
    html: Path | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Report on a token store, or on CORPUS, which is prepared in the cache if it has not been.

    CORPUS and the options are those of 'prepare'.
    """
    from textgen.files import check_output
    from textgen.paths import refuse_inputs
    from textgen.report.store_facts import StoreFacts
    from textgen.report.store_summary import tell_in_lines

    if html:
        refuse_inputs(html, [corpus, *files_of(settings)])
        check_output(html, overwrite=overwrite)
    elif overwrite:
        raise UsageError("overwrite does nothing without html; add that, or leave overwrite out")
    facts = StoreFacts.of(_open(corpus, settings, quiet))
    if html:
        _write_page(html, facts)
    click.echo(json.dumps(facts.to_dict()) if as_json else tell_in_lines(facts))


@corpora.command(short_help="List the documents that were left out.")
@click.argument("corpus", type=CorpusName())
@config_options(CorpusConfig)
@json_option
@quiet_option
def removed(corpus: str, settings: dict[str, Any], as_json: bool, quiet: bool) -> None:
    """List the documents of CORPUS that were left out, each with its place and the reason.

    CORPUS and the options are those of 'report'. JSON has one object a line.
    """
    from textgen.tokenization.token_store import REMOVED

    path = _open(corpus, settings, quiet).folder / REMOVED
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            click.echo(line.rstrip("\n") if as_json else _describe_removed(json.loads(line)))


def _open(corpus: str, settings: dict[str, Any], quiet: bool) -> "TokenStore":
    """Open the token store of a corpus, prepared if it has not been."""
    from textgen.tokenization.store_cache import open_corpus

    with CorpusProgress(quiet) as progress:
        return open_corpus(corpus, settings, progress)


def _write_page(path: Path, facts: "StoreFacts") -> None:
    """Write a report as a page. A page that is there is moved aside."""
    from textgen.files import set_aside, write_output
    from textgen.report.store_page import store_page

    page = store_page(facts)
    set_aside(path)
    write_output(path, page)


def _recipe_path(name: str) -> Path:
    """Return the file of a recipe.

    Raises:
        MissingInput: no recipe has this name.
    """
    from textgen.corpus.recipes import recipe_folder, recipe_names

    if name in recipe_names():
        return recipe_folder() / f"{name}.toml"
    if not Path(name).is_file():
        raise MissingInput(f"{name}: no such recipe (known are: {', '.join(recipe_names())})")
    return Path(name)


def _files(source: "RecipeSource") -> list[Path]:
    """Return the files of a recipe's source that are on this machine."""
    try:
        return source.files()
    except MissingInput:
        return []


def _describe_files(source: "RecipeSource", files: list[Path]) -> str:
    """Describe the files of a source in a line."""
    from textgen.corpus.hub.hub_dataset import HUB

    if source.path.startswith(HUB):
        return "on the Hugging Face hub"
    size = sum(file.stat().st_size for file in files)
    return f"files: {len(files):,}, bytes: {size:,}" if files else "no file of it is there"


def _describe_file(file: "FileCheck") -> str:
    """Describe the check of a file in a few lines."""
    looked_at = len(file.documents) + sum(file.removed.values())
    facts = [file.form, file.split, file.encoding, f"documents looked at: {looked_at}"]
    columns = [f"  columns: {', '.join(file.columns)}"] if file.columns else []
    documents = [f"  {beginning!r}" for beginning in file.documents[:SHOWN_DOCUMENTS]]
    counts = [*file.changes.items(), *((f"left out: {why}", n) for why, n in file.removed.items())]
    counted = [f"  {what}: {count:,}" for what, count in counts]
    notes = [f"  note: {note}" for note in file.notes]
    problem = [f"  wrong: {file.problem}"] if file.problem else []
    first = f"{file.name}: {', '.join(filter(None, facts))}"
    return "\n".join([first, *columns, *documents, *counted, *notes, *problem])


def _describe_removed(entry: dict[str, str]) -> str:
    """Describe a document that was left out in a line."""
    why = f"{entry['why']} ({entry['of']})" if "of" in entry else entry["why"]
    return f"{entry['where']}: {why}: {entry['text']!r:.70}"
