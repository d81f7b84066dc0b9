"""Options that do not go together are refused; none is ignored in silence.

A flag on the command line counts everywhere. A TOML file or an environment variable holds settings
of many calls, so a setting from there may be without effect in one of them. Options that select a
mode of the command, such as `--jsonl`, count from every source.
"""

import re
from collections.abc import Callable, Mapping

import click
from click.core import ParameterSource

from textgen.cli.names import is_default, name_with_source, source_of, usual_name, value_of
from textgen.config.generation import NEUTRAL, GenerationConfig
from textgen.errors import UsageError

# For each command: an option, and the options that it excludes.
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

# For each command: options that have no effect on it.
MEANINGLESS = {
    "next": ("ban", "ban_any_case", "beams", "length_penalty", "max_copy", "stop", "stop_at"),
}

Condition = Callable[[GenerationConfig], bool]
Needed = tuple[str, Condition]  # the name of a setting, and the test that it is on

# Settings of a generation without effect unless another setting is on.
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

# Settings without effect if another setting is on.
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

# Values that ask for nothing, beside None, False and no values.
NEUTRAL_VALUES = {"num_samples": 1, "beams": 1, "stop_at": "document", "min_new_tokens": 0}

# A shell passes these two characters on as they are; the person may have meant a line end or a tab.
ESCAPE = re.compile(r"\\[nt]")
TEXTS = ("prompt", "between", "stop", "ban", "choice", "dry_breakers")


def refuse_excluded(context: click.Context) -> None:
    """Refuse options that exclude each other, or have no effect on the command.

    Raises:
        UsageError: names the options and the remedy.
    """
    command = str(context.command.name)
    requests = _requests(context)
    for mode, others in EXCLUDED.get(command, {}).items():
        for name in filter(requests.__contains__, others if mode in requests else ()):
            names = [name_with_source(context, requests[option]) for option in (mode, name)]
            raise UsageError(f"{' and '.join(names)} exclude each other; leave one out")
    for name in MEANINGLESS.get(command, ()):
        if name in requests and _is_typed(context, requests[name]):
            raise UsageError(f"{name} has no meaning for {command}; leave it out")


def refuse_idle(config: GenerationConfig, needed: Mapping[str, Needed] = NEEDED) -> None:
    """Refuse flags that have no effect, given all settings of the generation.

    Args:
        config: all settings of the generation.
        needed: settings without effect unless another setting is on.

    Raises:
        UsageError: names the options and the remedy.
    """
    context = click.get_current_context()
    requests = _requests(context).items()
    for name in [name for name, parameter in requests if _is_typed(context, parameter)]:
        other, is_on = needed.get(name, ("", lambda _: True))
        if not is_on(config):
            raise UsageError(f"{name} does nothing without {other}; add that, or leave {name} out")
        for replacement, is_on in REPLACED.get(name, ()):
            if is_on(config):
                raise UsageError(f"{name} and {replacement} exclude each other; leave one out")


def note_escapes() -> None:
    r"""Warn on stderr about texts with a `\n` or `\t`, which are not turned into one character."""
    context = click.get_current_context()
    if context.params.get("quiet"):
        return
    for name, parameter in _requests(context).items():
        value = value_of(context, parameter)
        if name not in TEXTS or source_of(context, parameter) is ParameterSource.DEFAULT_MAP:
            continue
        if escape := ESCAPE.search("\0".join([value] if isinstance(value, str) else value)):
            click.echo(
                f"note: {escape[0]} in {name_with_source(context, parameter)} is taken as it is, "
                f"two characters; $'{escape[0]}' is one, in a shell as bash",
                err=True,
            )


def _requests(context: click.Context) -> dict[str, click.Parameter]:
    """Return the parameters that somebody set and that ask for something, by their usual names."""
    requests = dict[str, click.Parameter]()
    for parameter in context.command.params:
        name, value = usual_name(parameter), value_of(context, parameter)
        if is_default(context, str(parameter.name)):
            continue
        if value not in (None, ()) and value is not False and value != NEUTRAL_VALUES.get(name):
            requests[name] = parameter
    return requests


def _is_typed(context: click.Context, parameter: click.Parameter) -> bool:
    """Tell whether a parameter was given on the command line."""
    return source_of(context, parameter) is ParameterSource.COMMANDLINE
