"""A text in a setting means what it reads like, in whatever form it was typed."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.seeded_models import seeded_weights
from textgen.artifact.model_folder import Model
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig
from textgen.errors import UsageError
from textgen.generator import TextGenerator
from textgen.runtime.generation.setting_texts import with_clean_texts
from textgen.tokenization.tokenizer import Tokenizer

# What a model with random weights writes again and again, much of it in two forms.
LETTERS = "aé\nñÅ한"


def generator_of(normal_form: str, letters: str = LETTERS) -> TextGenerator:
    """A model that writes these letters alone, each as often as the others."""
    tokenizer = Tokenizer.train("char", [letters], normal_form=normal_form)
    config = ModelConfig(vocab_size=tokenizer.vocab_size, embedding_size=8, units=(8,), layers=1)
    weights = seeded_weights(config)
    for token in range(config.vocab_size):
        known = tokenizer.token_bytes(token).decode(errors="replace") in letters
        weights["logits.bias"][token] -= 0 if known and token else 50
    return TextGenerator(Model(config, weights, tokenizer, GenerationConfig()))


@pytest.fixture(scope="module")
def generator() -> TextGenerator:
    return generator_of("nfc")


FORMS = st.sampled_from(["NFC", "NFD"])
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
TEXTS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=3)
SOURCES: dict[str, Callable[[str], dict[str, Any]]] = {
    "stop": lambda text: {"stop": ("aa", text)},
    "ban": lambda text: {"ban": (text,)},
    "choice": lambda text: {"choice": (text, "aa", f"{text}ñ")},
    "dry_breakers": lambda text: {"dry_breakers": (text,), "dry_multiplier": 5.0},
    "regex": lambda text: {"regex": f"({text}|a)+[{text}]"},
    "grammar": lambda text: {"grammar": f'start: X+ "a"\nX: /{text}/'},
}


@given(
    name=st.sampled_from(list(SOURCES)),
    text=TEXTS,
    form=FORMS,
    end=LINE_ENDS,
    seed=st.integers(0, 99),
)
@settings(max_examples=60)
def test_every_form_of_a_text_does_what_the_others_do(
    generator: TextGenerator, name: str, text: str, form: Any, end: str, seed: int
) -> None:
    if name == "grammar":  # whose literals hold no line end
        assume("\n" not in text)
    typed = unicodedata.normalize(form, text).replace("\n", end)
    one, other = (
        generator.generate("a", seed=seed, max_new_tokens=20, **SOURCES[name](each))
        for each in (text, typed)
    )
    assert one == other
    if name == "ban":
        assert text not in other.text
    if name == "stop":
        session = generator.session(seed=seed, **SOURCES[name](typed))
        session.feed("a")
        assert session.generate(max_new_tokens=20).text == one.text


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_compatible_letters_are_one_where_the_model_takes_them_for_one(form: Any) -> None:
    generator = generator_of("nfkc", "fi1é")
    banned = unicodedata.normalize(form, "ﬁ")
    assert "fi" in generator.generate(seed=1, max_new_tokens=50).text
    assert "fi" not in generator.generate(seed=1, max_new_tokens=50, ban=(banned,)).text


def test_model_that_keeps_decomposed_text_takes_settings_as_they_are() -> None:
    generator = generator_of("none", "ae\u0301é")
    text = generator.generate(seed=1, max_new_tokens=200, ban=("e\u0301",)).text
    assert "e\u0301" not in text
    assert "é" in text
    text = generator.generate(seed=1, max_new_tokens=200, ban=("é",)).text
    assert "é" not in text
    assert "e\u0301" in text


ACCENT = "e\u0301"


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": [ACCENT]},
        {"const": ACCENT},
        {"type": "string", "pattern": f"^{ACCENT}$"},
        {"type": "array", "items": {"enum": [{ACCENT: ACCENT}]}, "minItems": 1, "maxItems": 1},
        {
            "type": "object",
            "properties": {ACCENT: {"type": "null"}},
            "required": [ACCENT],
            "additionalProperties": False,
        },
    ],
)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_schema_asks_for_text_in_the_form_of_the_model(
    generator: TextGenerator, schema: dict[str, Any], ascii_only: bool
) -> None:
    asked = json.dumps(schema, ensure_ascii=ascii_only)
    text = generator.generate(max_new_tokens=40, seed=1, json_schema=asked).text
    assert "é" in text
    assert "\u0301" not in text


@pytest.mark.parametrize("name", ["stop", "ban", "choice", "dry_breakers"])
@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_text_that_no_text_holds_is_refused(generator: TextGenerator, name: str, text: str) -> None:
    changes: dict[str, Any] = {name: (text,)}
    with pytest.raises(UsageError) as caught:
        generator.generate(logits_processors=(), **changes)
    assert str(caught.value).startswith(f"{name}: ")


def test_settings_that_are_clean_are_not_touched(generator: TextGenerator) -> None:
    for config in (
        GenerationConfig(),
        GenerationConfig(stop=("é\n",), ban=("x",)),
        GenerationConfig(json_schema='{"enum": [1e5, 1.50]}'),
    ):
        assert with_clean_texts(config, generator.tokenizer) is config


def test_session_without_text_keeps_what_a_ban_needs(tmp_path: Any) -> None:
    ban = "\u0958\u0958"  # composed here, two characters each in the normal form
    generator = generator_of("nfc", unicodedata.normalize("NFC", ban) + "a")
    session = generator.session(seed=3, ban=(ban,))
    session.feed(unicodedata.normalize("NFC", ban)[:3])
    session.save(tmp_path / "s", text=False)
    loaded = generator.load_session(tmp_path / "s")
    assert session.generate(max_new_tokens=50).text == loaded.generate(max_new_tokens=50).text
