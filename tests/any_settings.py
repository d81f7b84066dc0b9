"""Settings of a generation, any that are legal: what the laws of the engine hold for."""

from typing import Any

from hypothesis import strategies as st

from textgen.config.generation import SAMPLERS

SEEDS = st.integers(0, 2**63 - 1)
# Short ones, and some about as long as those that are read in another way.
PROMPTS = st.text("abc e\n.", max_size=40) | st.integers(120, 140).map("e".__mul__)
TEMPERATURES = st.sampled_from([0.0, 1e-300, 1e-42, 1e-3, 0.8, 1.0, 100.0]) | st.floats(0, 100)
SCHEDULES = st.dictionaries(st.integers(0, 40), TEMPERATURES, max_size=3).map(
    lambda points: tuple(sorted(points.items()))
)
# Of the tokens that the model likes to write.
LETTERS = st.sampled_from("abcdefghijklmnopqrstuvwxyz ")

# The settings of the filters that the graph computes itself, and of what goes with all filters.
IN_GRAPH: dict[str, st.SearchStrategy[Any]] = {
    "max_new_tokens": st.integers(0, 40),
    "min_new_tokens": st.integers(0, 40),
    "temperature": TEMPERATURES,
    "temperature_schedule": SCHEDULES,
    "top_k": st.integers(0, 300),
    "min_p": st.sampled_from([0.0, 5e-324, 1e-3, 1.0]) | st.floats(0, 1),
    "logit_bias": st.lists(
        st.tuples(st.integers(0, 9) | LETTERS, st.floats(-100, 100)), max_size=4
    ).map(tuple),
    "banned_tokens": st.lists(st.integers(0, 200) | LETTERS, max_size=20).map(tuple),
    "top_p": st.sampled_from([1e-9, 0.5, 1 - 1e-12]) | st.floats(1e-3, 1),
    "repetition_penalty": st.floats(0.5, 2),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "repeat_last_n": st.integers(-1, 30),
}
# Those of everything else.
IN_PYTHON: dict[str, st.SearchStrategy[Any]] = {
    "samplers": st.permutations(SAMPLERS).map(tuple),
    "dynatemp_range": st.floats(0, 2),
    "typical_p": st.floats(0.1, 1),
    "top_n_sigma": st.floats(0, 4),
    "xtc_probability": st.floats(0, 1),
    "mirostat": st.sampled_from([0, 2]),
    "dry_multiplier": st.floats(0, 2),
    "dry_allowed_length": st.integers(0, 3),
    "stop": st.lists(st.text("abe ", min_size=1, max_size=2), max_size=2).map(tuple),
    "stop_at": st.sampled_from(["sentence", "line", "paragraph", "document"]),
    "beams": st.integers(1, 3),
    "ban": st.lists(st.text("abe ", min_size=1, max_size=3), max_size=3).map(tuple),
    "ban_any_case": st.booleans(),
}


def _possible(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings that agree with each other."""
    most = settings.get("max_new_tokens", 40)
    if settings.get("beams", 1) > 1:
        settings = {name: value for name, value in settings.items() if name != "ban"}
    return settings | {"min_new_tokens": min(settings.get("min_new_tokens", 0), most)}


def some_of(strategies: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for settings, of which any may be left out."""
    return st.fixed_dictionaries({"seed": SEEDS}, optional=strategies).map(_possible)


PLAIN_SETTINGS = some_of(IN_GRAPH)
ANY_SETTINGS = PLAIN_SETTINGS | some_of(IN_GRAPH | IN_PYTHON)
