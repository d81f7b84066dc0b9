"""Settings are taken from whatever computes, and refused in words that are true."""

import dataclasses
import json
import math
import re
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.config.base import Config, reject_unknown
from textgen.config.corpus import CorpusConfig
from textgen.config.cowriting import CowritingConfig
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig, NetworkConfig
from textgen.config.other_names import INSTEAD, OTHER_NAMES
from textgen.config.training import TrainingConfig
from textgen.config.values import inner_type, is_tuple_type
from textgen.corpus.recipes import RecipeSource
from textgen.errors import UsageError

CONFIGS: tuple[type[Config], ...] = (
    GenerationConfig,
    TrainingConfig,
    CorpusConfig,
    ModelConfig,
    CowritingConfig,
    RecipeSource,
)
NO_LIMIT = ("clip_norm",)  # which infinity is taken for
BOUND = re.compile(r"(at least|above|at most|below) (-?[\d.]+)")


@dataclasses.dataclass(frozen=True)
class Setting:
    """A setting of a configuration, and what kind of values it has."""

    config: type[Config]
    name: str
    hint: Any
    limits: Any

    def __str__(self) -> str:
        return f"{self.config.__name__}.{self.name}"

    @property
    def kind(self) -> Any:
        """The type of one value, or of the number in one."""
        kind = inner_type(self.hint)
        return get_args(kind)[-1] if get_origin(kind) is tuple else kind

    def held(self, value: Any) -> Any:
        """Return a value as the configuration holds it."""
        return self.config.held({self.name: value})[self.name]

    def of(self, number: Any) -> Any:
        """Return a value with a number in it."""
        kind = inner_type(self.hint)
        if get_origin(kind) is tuple:
            first = "a" if get_args(kind)[0] is str else 0
            return ((first, number),)
        return (number,) if is_tuple_type(self.hint) else number


def all_settings() -> Iterator[Setting]:
    for config in CONFIGS:
        hints = get_type_hints(config)
        for field in dataclasses.fields(config):
            if field.metadata:
                yield Setting(config, field.name, hints[field.name], field.metadata)


SETTINGS = list(all_settings())
NUMBERS = [one for one in SETTINGS if one.kind in (int, float, float | str)]
FLOATS = [one for one in NUMBERS if one.kind is not int]


def some_value(setting: Setting) -> Any:
    """Return a legal value that is seldom the default, of Python's own types."""
    if setting.kind is int:
        return setting.of(setting.limits["minimum"] or 0)
    if setting in NUMBERS:
        limit = setting.limits["minimum"] or setting.limits["above"] or 0.0
        return setting.of(max(0.5, float(limit)))
    if setting.hint is bool:
        return True
    return setting.of((setting.limits["choices"] or ("17s",))[0])


def as_numpy(value: Any) -> Any:
    """Return a value as a scalar, or as an array that keeps the types of what it holds."""
    if isinstance(value, tuple):
        return np.array(value, dtype=object if isinstance(value[0], tuple) else None)
    kinds = {bool: np.bool_, int: np.int64, float: np.float32, str: np.str_}
    return kinds[type(value)](value)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_setting_of_numpy_is_that_of_python(setting: Setting) -> None:
    value = some_value(setting)
    found, wanted = setting.held(as_numpy(value)), setting.held(value)
    assert repr(found) == repr(wanted)  # of the same types, too
    if not isinstance(value, tuple):
        assert repr(setting.held(np.array(value))) == repr(wanted)
    elif not isinstance(value[0], tuple):
        assert repr(setting.held(pd.Series(value))) == repr(wanted)
        assert repr(setting.held(iter(value))) == repr(wanted)


@pytest.mark.parametrize("setting", FLOATS, ids=str)
@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 10**400, np.float32(np.inf)])
def test_number_without_an_end_is_refused(setting: Setting, number: float) -> None:
    if setting.name in NO_LIMIT and isinstance(number, float | np.float32) and number > 0:
        assert setting.held(number) == 0
        return
    with pytest.raises(UsageError, match=rf"^{setting.name} is .*; it must be (at|above|finite)"):
        setting.held(setting.of(number))


@pytest.mark.parametrize("setting", NUMBERS, ids=str)
def test_limits_that_a_message_names_are_the_limits(setting: Setting) -> None:
    bounds = set()
    for beyond in (-(2**80), 2**80):
        try:
            setting.held(setting.of(beyond))
        except UsageError as error:
            bounds |= set(BOUND.findall(str(error)))
    assert len(bounds) == sum(
        setting.limits[n] is not None for n in ("minimum", "maximum", "above", "below")
    )
    for word, written in bounds:
        limit = int(written) if setting.kind is int else float(written)
        outside = limit + (1 if word in ("at most", "below") else -1)
        with pytest.raises(UsageError, match=re.escape(f"{word} {written}")):
            setting.held(setting.of(outside))
        if word in ("at least", "at most"):
            setting.held(setting.of(limit))
        else:
            with pytest.raises(UsageError, match=re.escape(f"{word} {written}")):
                setting.held(setting.of(limit))
            setting.held(setting.of(math.nextafter(limit, -outside if outside else 1)))


def test_largest_seed_is_named_with_all_its_digits() -> None:
    assert GenerationConfig(seed=2**63 - 1).seed == 2**63 - 1
    with pytest.raises(UsageError, match=r"and at most 9223372036854775807$"):
        GenerationConfig(seed=2**63)


@given(st.one_of(st.fractions(0, 100), st.integers(0, 100), st.floats(0, 100, width=32)))
def test_whatever_is_a_real_number_is_a_temperature(number: Any) -> None:
    assert GenerationConfig(temperature=number).temperature == float(number)


def test_truth_values_are_no_numbers_and_numbers_no_truth_values() -> None:
    for name, value in [
        ("top_k", True),
        ("top_k", np.True_),
        ("temperature", np.False_),
        ("ban_any_case", 1),
        ("ban_any_case", np.int64(1)),
        ("top_k", 1.0),
        ("top_k", Fraction(3)),
        ("seed", "7"),
    ]:
        with pytest.raises(UsageError, match=f"^{name} is "):
            GenerationConfig.from_dict({name: value})


def test_none_of_several_is_none_of_them() -> None:
    assert GenerationConfig.from_dict({"stop": None, "ban": None}) == GenerationConfig()


def test_set_has_no_order() -> None:
    for name in ("stop", "ban", "choice", "banned_tokens"):
        for value in ({"a", "b"}, frozenset("a"), {"a": 1}.keys()):
            with pytest.raises(UsageError, match=f"{name} is of type .*a list, whose order"):
                GenerationConfig.from_dict({name: value})


def test_schema_may_be_a_dictionary_and_a_pattern_compiled() -> None:
    schema = {"type": "object", "properties": {"née": {"type": "integer"}}}
    written = GenerationConfig.from_dict({"json_schema": schema}).json_schema
    assert json.loads(written or "") == schema
    assert GenerationConfig.from_dict({"regex": re.compile("a+")}).regex == "a+"
    rule = CorpusConfig.from_dict({"keep_matching": re.compile("a"), "drop_matching": "b"})
    assert (rule.keep_matching, rule.drop_matching) == ("a", "b")
    refused: list[tuple[dict[str, Any], str]] = [
        ({"json_schema": {"enum": {1}}}, "has a value that JSON cannot hold: Object of type set"),
        ({"json_schema": {"const": math.nan}}, "has a value that JSON cannot hold"),
        ({"regex": re.compile("a", re.IGNORECASE)}, r"re.IGNORECASE; write the .* '\(\?i\)abc'"),
        ({"regex": re.compile(b"a")}, "regex is of type bytes"),
    ]
    for bad, told in refused:
        with pytest.raises(UsageError, match=told):
            GenerationConfig.from_dict(bad)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [(60, 60), (0.5, 0.5), (np.int64(90), 90), (1e-5, 1e-5), (timedelta(minutes=2), 120)],
)
def test_time_may_be_a_number_of_seconds(time: Any, seconds: float) -> None:
    assert TrainingConfig.from_dict({"budget": time}).budget_seconds == seconds
    assert TrainingConfig.from_dict({"save_every": time}).save_seconds == seconds


@pytest.mark.parametrize("time", [0, -5, math.inf, math.nan, 10**400, timedelta(0)])
def test_no_time_says_how_a_time_is_written(time: Any) -> None:
    with pytest.raises(UsageError, match="no length of time; write it as 90s, 10m"):
        TrainingConfig.from_dict({"budget": time})


def test_name_of_another_program_leads_to_ours() -> None:
    known = {name for config in CONFIGS for name in config.names()}
    assert OTHER_NAMES.keys() <= known
    for own, others in OTHER_NAMES.items():
        for other in others.split():
            assert other not in known
            with pytest.raises(UsageError, match=f"'{other}'; did you mean '{own}'\\?"):
                reject_unknown([other], known)
    for other, (needed, advice) in INSTEAD.items():
        assert needed in known
        with pytest.raises(UsageError, match=re.escape(f"'{other}'; {advice}")):
            GenerationConfig.from_dict({other: 1})
    with pytest.raises(UsageError, match="known are"):  # nothing that is not there is advised
        reject_unknown(["num_samples"], NetworkConfig.names())


def test_settings_are_a_mapping() -> None:
    for value in (None, ["seed"], "seed", 3):
        with pytest.raises(UsageError, match=r"settings is .*; it must be a mapping"):
            GenerationConfig.from_dict(value)  # type: ignore[arg-type]  # the point of the test
