"""Help of a command with many options: first those that most people use, then the rest in groups.

`--help` shows all of them. `-h` shows the first ones and names the groups, as ripgrep does.
"""

from typing import Any

import click

# The groups, in the order in which the help shows them. Options without a group come first.
GROUPS = (
    *("Sampling", "Repetition", "Tokens and phrases", "Constraints", "Stopping", "Beam search"),
    *("Sessions and infilling", "Text", "Documents", "Tables", "Hub data sets", "Duplicates"),
    *("Network", "Dropout", "Optimization", "Validation and checkpoints", "Compute"),
    *("Model", "Output", "Other"),
)
MOST_UNGROUPED = 20  # options and arguments of a command that needs no groups
IS_SHORT = "textgen.cli.help.is_short"
# Each command has them itself, for click keeps the first help option that it made for a command.
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}

Records = list[tuple[str, str]]  # an option as it is typed, and its help


class GroupedHelp(click.Command):
    """A command whose help shows its options by their `group`."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.context_settings = {**HELP_OPTIONS, **self.context_settings}
        self._has_groups = len(self.params) > MOST_UNGROUPED
        if self._has_groups:
            self.params.append(_short_help_option())

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options that come first, then the groups or a line that names them."""
        records: dict[str, Records] = {group: [] for group in ("", *GROUPS)}
        for param in self.get_params(ctx):
            if isinstance(param, click.Option) and (record := param.get_help_record(ctx)):
                records[self._group_of(param)].append(record)
        _write_section(formatter, "Options", records.pop(""))
        groups = {group: members for group, members in records.items() if members}
        if ctx.meta.get(IS_SHORT):
            count = sum(map(len, groups.values()))
            formatter.write_paragraph()
            formatter.write_text(f"--help shows {count} more options: {', '.join(groups)}.")
            return
        for group, members in groups.items():
            _write_section(formatter, group, members)

    def _group_of(self, param: click.Option) -> str:
        """Return the group of an option; empty if it comes first."""
        return getattr(param, "group", "") if self._has_groups else ""


def _write_section(formatter: click.HelpFormatter, heading: str, records: Records) -> None:
    """Write options under a heading."""
    with formatter.section(heading):
        formatter.write_dl(records)


def _short_help_option() -> click.Option:
    """Return `-h`, which shows the first options."""
    return click.Option(
        ["-h", "short_help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        envvar=[],
        callback=_show_short,
        help="Show the most used options and exit.",
    )


def _show_short(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Show the short help."""
    if value and not ctx.resilient_parsing:
        ctx.meta[IS_SHORT] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()
