"""All commands of the command line, with their options."""

from collections.abc import Iterator

import click

from textgen.cli.main import cli


def commands(group: click.Group = cli) -> Iterator[click.Command]:
    """Yield every command that is no group."""
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from commands(command)
        else:
            yield command


def needed(command: click.Command, but: click.Parameter | None = None) -> list[str]:
    """Return the least that a command has to be given, but for one parameter."""
    wanted = [p for p in command.params if p.required and p is not but]
    flags = [f"{p.opts[-1]}=new" for p in wanted if isinstance(p, click.Option)]
    return [*flags, *("x" for p in wanted if isinstance(p, click.Argument))]
