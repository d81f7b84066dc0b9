#!/usr/bin/env python
"""Writes the pages of docs/reference/ that the code determines: commands, Python API, files.

    scripts/write_reference.py

Run it after a change of an option, a public name or the first line of a module. The tests compare
the pages with the code.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import click

import textgen
from textgen.cli.main import cli

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PACKAGE = ROOT / "textgen"

NOTE = "<!-- Written by scripts/write_reference.py; do not edit. -->\n"
COMMANDS = f"""# Command line

{NOTE}
`textgen COMMAND --help` prints the same. Every option can also be set as `TEXTGEN_<OPTION>` or in a
TOML file ([set options once](../how-to/settings.md)). All commands have the same
[exit codes](exit-codes.md).
"""
API = f"""# Python API

{NOTE}
`import textgen` loads nothing but these names, each on first use. Only `TextGenerator.train`
imports TensorFlow.
"""
FILES = f"""# Files

{NOTE}
Every source file of the package, in one line. [Architecture](../architecture.md#rooms) explains the
rooms and the order of imports.
"""


def escape(text: str) -> str:
    """Return text in one line, with the signs of Markdown escaped outside of code."""
    pieces = re.split("(`[^`]+`)", " ".join(text.split()))
    return "".join(
        p if p.startswith("`") else re.sub(r"([\\*_<>|\[\]])", r"\\\1", p) for p in pieces
    )


def first_sentence(docstring: str | None) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join(inspect.cleandoc(docstring or "").split("\n\n")[0].split())


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield the path of a command and of all that are below it, in the order of `--help`."""
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from commands(command.commands[name], f"{path} {name}")


def describe_command(path: str, command: click.Command) -> str:
    """Return the section of one command."""
    context = click.Context(command, info_name=path, **command.context_settings)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    parts = [f"## {path}", *help_paragraphs(command.help or ""), fence(usage)]
    groups: dict[str, list[str]] = {"": []}  # options without a group come first
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record and isinstance(param, click.Option):
            line = f"- `{record[0]}`: {escape(record[1])}"
            groups.setdefault(getattr(param, "group", ""), []).append(line)
    for group, lines in filter(itemgetter(1), groups.items()):
        parts += [f"**{group or 'Options'}**", "\n".join(lines)]
    return "\n\n".join(parts)


def help_paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; click keeps the lines of those that begin with \\b."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        literal = paragraph.removeprefix("\b\n")
        yield fence(literal) if literal != paragraph else escape(paragraph)


def fence(text: str) -> str:
    """Return text as a block that is shown as it is."""
    return f"```text\n{text}\n```"


def command_page() -> str:
    """Return the page of all commands and options."""
    sections = [describe_command(path, command) for path, command in commands(cli, "textgen")]
    return "\n".join([COMMANDS, "\n\n".join(sections), ""])


def api_page() -> str:
    """Return the page of all public names; the site shows the docstrings below it."""
    names = sorted(set(textgen.__all__) - {"__version__"}, key=str.lower)
    rows = [f"| [`{name}`](#{name.lower()}) | {summary(name)} |" for name in names]
    table = "\n".join(["| name | in one line |", "|---|---|", *rows])
    sections = [f"## {name}\n\n::: textgen.{name}" for name in names]
    return "\n".join([API, table, "", "\n\n".join(sections), ""])


def summary(name: str) -> str:
    """Return the first sentence of a public name's docstring, for a cell of a table."""
    return escape(first_sentence(getattr(textgen, name).__doc__))


def files_page() -> str:
    """Return the page of all source files."""
    folders = [PACKAGE, *sorted(path.parent for path in PACKAGE.rglob("*/__init__.py"))]
    sections = [describe_folder(folder) for folder in dict.fromkeys(folders)]
    return "\n".join([FILES, "\n\n".join(sections), ""])


def describe_folder(folder: Path) -> str:
    """Return the section of one package: its own line, and a line for each file."""
    name = folder.relative_to(ROOT).as_posix()
    lines = [
        f"- [`{path.name}`](../../{name}/{path.name}): {escape(module_summary(path))}"
        for path in sorted(folder.glob("*.py"))
        if path.name != "__init__.py"
    ]
    opening = escape(module_summary(folder / "__init__.py"))
    return "\n\n".join(part for part in (f"## {name}/", opening, "\n".join(lines)) if part)


def module_summary(path: Path) -> str:
    """Return the first sentence of a module."""
    return first_sentence(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))


PAGES = {"command-line.md": command_page, "python.md": api_page, "files.md": files_page}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
