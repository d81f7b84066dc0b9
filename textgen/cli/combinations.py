r"""Which options go together: a wish that cannot be fulfilled is refused, not dropped.

What is typed counts. A TOML file or a variable of the environment holds what many calls share, so
that a setting of theirs may have no use in one of them; a way of writing counts wherever it is set.
"""

import re
from collections.abc import Callable, Mapping

import click
from click.core import ParameterSource

from textgen.cli.names import source_of, told_name, usual_name
from textgen.config.generation import NEUTRAL, GenerationConfig
from textgen.errors import UsageError

# Of each command: options, and those that have no meaning beside them.
EXCLUDED: dict[str, dict[str, tuple[str, ...]]] = {
    "generate": {
        "session": ("num_samples", "jsonl", "receipt"),
        "jsonl": ("prompt", "echo", "receipt", "num_samples", "stream"),
        "json": ("echo", "stream"),
        "out": ("stream",),
        "label": ("receipt",),
        "between": (
            *("prompt", "file", "session", "jsonl", "receipt", "num_samples", "stream"),
            *("regex", "choice", "json_schema", "grammar", "stop_at", "min_new_tokens", "beams"),
        ),
    },
    "train": {"steps": ("max_epochs",), "epochs": ("max_epochs",)},
}

# Of each command: options that say nothing about what it does.
MEANINGLESS = {
    "next": ("ban", "ban_any_case", "beams", "length_penalty", "max_copy", "stop", "stop_at"),
}

Condition = Callable[[GenerationConfig], bool]
Needed = tuple[str, Condition]  # what, and whether it is there

# Settings of a generation that do nothing unless something else is on, and when that is so.
NEEDED: dict[str, Needed] = {
    "length_penalty": ("beams", lambda c: c.beams > 1),
    "ban_any_case": ("ban", lambda c: bool(c.ban)),
    "dynatemp_exponent": ("dynatemp_range", lambda c: c.dynatemp_range > 0),
    "xtc_threshold": ("xtc_probability", lambda c: c.xtc_probability > 0),
    "repeat_last_n": (
        "repetition_penalty, presence_penalty or frequency_penalty",
        lambda c: not NEUTRAL["penalties"](c.replace(repeat_last_n=1)),
    ),
    **dict.fromkeys(("mirostat_tau", "mirostat_eta"), ("mirostat", lambda c: c.mirostat > 0)),
    **dict.fromkeys(
        ("dry_base", "dry_allowed_length", "dry_last_n", "dry_breakers"),
        ("dry_multiplier", lambda c: c.dry_multiplier > 0),
    ),
}

# Settings that something else takes the place of, and when that is so.
FILTERS = (
    *("temperature_schedule", "dynatemp_range", "top_k", "typical_p", "top_p", "min_p"),
    *("top_n_sigma", "xtc_probability", "mirostat", "repetition_penalty", "presence_penalty"),
    *("frequency_penalty", "dry_multiplier", "samplers", "temperature"),
)
REPLACED: dict[str, tuple[Needed, ...]] = {
    **dict.fromkeys(FILTERS, (("beams", lambda c: c.beams > 1),)),
    "temperature": (
        ("beams", lambda c: c.beams > 1),
        ("temperature_schedule", lambda c: bool(c.temperature_schedule)),
    ),
    "num_samples": (("beams", lambda c: c.beams > 1),),
}

# Values that ask for nothing, where that is not "no".
NO_WISH = {"num_samples": 1, "beams": 1, "stop_at": "document", "min_new_tokens": 0}

# What a shell hands over as it was typed, and a person may have meant as a line end or a tab.
ESCAPE = re.compile(r"\\[nt]")
TEXTS = ("prompt", "between", "stop", "ban", "choice", "dry_breakers")


def refuse_excluded(context: click.Context) -> None:
    """Refuse options that have no meaning beside others, or for the command.

    Raises:
        UsageError: naming both, and what to do.
    """
    command = str(context.command.name)
    wishes = _wishes(context)
    for way, others in EXCLUDED.get(command, {}).items():
        for name in filter(wishes.__contains__, others if way in wishes else ()):
            told = [told_name(context, wishes[one]) for one in (way, name)]
            raise UsageError(f"{' and '.join(told)} exclude each other; leave one out")
    for name in MEANINGLESS.get(command, ()):
        if name in wishes and _is_typed(context, wishes[name]):
            raise UsageError(f"{name} has no meaning for {command}; leave it out")


def refuse_idle(config: GenerationConfig, needed: Mapping[str, Needed] = NEEDED) -> None:
    """Refuse settings that were typed and do nothing beside the others.

    Args:
        config: all settings of the generation.
        needed: what settings do nothing without.

    Raises:
        UsageError: naming both, and what to do.
    """
    context = click.get_current_context()
    typed = [name for name, found in _wishes(context).items() if _is_typed(context, found)]
    for name in typed:
        what, is_there = needed.get(name, ("", lambda _: True))
        if not is_there(config):
            raise UsageError(f"{name} does nothing without {what}; add that, or leave {name} out")
        for other, takes_its_place in REPLACED.get(name, ()):
            if takes_its_place(config):
                raise UsageError(f"{name} and {other} exclude each other; leave one out")


def note_escapes() -> None:
    r"""Say on stderr where a text was given with a `\n` or `\t`, which stays what it is."""
    context = click.get_current_context()
    if context.params.get("quiet"):
        return
    for name, parameter in _wishes(context).items():
        value = context.params[str(parameter.name)]
        if name not in TEXTS or source_of(context, parameter) is ParameterSource.DEFAULT_MAP:
            continue
        if found := ESCAPE.search("\0".join([value] if isinstance(value, str) else value)):
            click.echo(
                f"note: {found[0]} in {told_name(context, parameter)} is taken as it is, two "
                f"characters; $'{found[0]}' is one, in a shell as bash",
                err=True,
            )


def _wishes(context: click.Context) -> dict[str, click.Parameter]:
    """Return the parameters that were set to something, by what they are called."""
    found = dict[str, click.Parameter]()
    for parameter in context.command.params:
        name, value = usual_name(parameter), context.params.get(str(parameter.name))
        if source_of(context, parameter) is ParameterSource.DEFAULT:
            continue
        if value not in (None, ()) and value is not False and value != NO_WISH.get(name):
            found[name] = parameter
    return found


def _is_typed(context: click.Context, parameter: click.Parameter) -> bool:
    """Tell whether a parameter stands on the command line."""
    return source_of(context, parameter) is ParameterSource.COMMANDLINE
