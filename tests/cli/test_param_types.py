"""Values of options are read as people write them, and as TOML files give them."""

from typing import Any

import click
import pytest

from textgen.cli.command import command as our_command
from textgen.cli.options import config_options
from textgen.config.generation import SAMPLERS, GenerationConfig

POINTS = ((0, 1.2), (200, 0.6))


def parse(*arguments: str, toml: dict[str, Any] | None = None) -> GenerationConfig:
    """Return the settings that a command with the generation's options makes of its arguments."""

    @our_command()
    @config_options(GenerationConfig)
    def command(settings: dict[str, Any]) -> GenerationConfig:
        return GenerationConfig.from_dict(settings)

    parsed: GenerationConfig = command.main(
        list(arguments), standalone_mode=False, default_map=toml or {}
    )
    return parsed


@pytest.mark.parametrize("written", ["temperature;top_k;min_p", "temperature,top_k,min_p"])
def test_order_of_the_filters_is_written_with_semicolons_or_commas(written: str) -> None:
    assert parse("--samplers", written).samplers == ("temperature", "top_k", "min_p")


def test_order_of_the_filters_is_a_list_in_a_file() -> None:
    assert parse(toml={"samplers": ["temperature", "top_p"]}).samplers == ("temperature", "top_p")


def test_help_shows_the_order_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    parse("--help")
    shown = "".join(capsys.readouterr().out.split())
    assert f"[default:{';'.join(SAMPLERS)}]" in shown


@pytest.mark.parametrize(
    "given",
    [
        "0=1.2,200=0.6",
        [[0, 1.2], [200, 0.6]],
        {"0": 1.2, "200": 0.6},
        ["0=1.2", "200=0.6"],
    ],
)
def test_schedule_is_pairs_however_it_is_given(given: Any) -> None:
    if isinstance(given, str):
        assert parse("--temperature-schedule", given).temperature_schedule == POINTS
    assert parse(toml={"temperature_schedule": given}).temperature_schedule == POINTS


@pytest.mark.parametrize("given", ["0", "0=", "=1", "x=1", "0.5=1", "0=1;9=2", "0:1", "0=1,"])
def test_what_is_no_schedule_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(click.BadParameter, match=r"tokens and temperatures like 0=1.2,200=0.6"):
        parse("--temperature-schedule", given)
