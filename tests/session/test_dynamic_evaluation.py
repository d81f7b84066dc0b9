"""A session learns from its text: down the gradient, for its model alone, and to be taken back."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.seeded_models import seeded_weights
from textgen import Adaptation, TextGenerator
from textgen.artifact.model_folder import Model
from textgen.config.model import PRECISIONS, ModelConfig
from textgen.errors import DataError, MissingInput, UsageError
from textgen.runtime.engine.decoder import Decoder

TEXT = "the harbour and the tide, the harbour and the tide; "
CHOSEN: dict[str, Any] = {"seed": 3, "max_new_tokens": 40, "banned_tokens": (0,)}


def tied(model: Model, embedding_size: int) -> Model:
    """Return a model with tied embeddings, behind a projection if they are not as wide."""
    config = ModelConfig(
        vocab_size=model.config.vocab_size,
        embedding_size=embedding_size,
        units=(16, 12),
        tie_embeddings=True,
    )
    return dataclasses.replace(model, config=config, weights=seeded_weights(config))


@pytest.fixture(params=["untied", "tied", "tied and projected"])
def any_model(request: pytest.FixtureRequest, model: Model) -> Model:
    return {"untied": model, "tied": tied(model, 12), "tied and projected": tied(model, 7)}[
        request.param
    ]


def nats(adaptation: Adaptation, model: Model, hidden: Any, tokens: Any) -> float:
    """Return the mean loss of tokens, as the adapted decoder's weights give it, in 64 bits."""
    decoder = adaptation.decoder(model, TextGenerator(model).decoder)
    assert isinstance(decoder, Decoder)
    weights = {name: array.astype(np.float64) for name, array in decoder._weights.items()}
    logits = hidden.astype(np.float64) @ weights["logits.kernel"] + weights["logits.bias"]
    log_sum = np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1)) + logits.max(1)
    return float((log_sum - logits[np.arange(len(tokens)), tokens]).mean())


@pytest.mark.parametrize("part", ["hidden", "last", "bias"])
def test_a_step_goes_down_the_gradient_of_finite_differences(any_model: Model, part: str) -> None:
    random = np.random.default_rng(1)
    tokens = random.integers(0, any_model.config.vocab_size, 20)
    hidden = (random.standard_normal((20, 12)) / 4).astype(np.float32)
    none = Adaptation.none(any_model)
    step = getattr(none.learn(any_model, hidden, tokens), part)
    length = float(np.linalg.norm(step))
    direction = step / length
    far = 1e-2
    losses = [
        nats(
            dataclasses.replace(none, **{part: np.float32(sign * far) * direction}),
            any_model,
            hidden,
            tokens,
        )
        for sign in (-1, 1)
    ]
    slope = (losses[1] - losses[0]) / (2 * far)
    rate = {"hidden": 0.05, "last": 0.1, "bias": 0.1}[part]
    assert slope < 0
    assert length == pytest.approx(rate * min(-slope, 1.0), rel=0.02)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_text_is_expected_that_was_learned(any_model: Model, precision: str) -> None:
    generator = TextGenerator(any_model, precision=precision)
    session = generator.session(**CHOSEN)
    plain = generator.session(**CHOSEN)
    for _ in range(20):
        session.adapt(TEXT)
        plain.feed(TEXT)
    assert session.score(TEXT).bits_per_byte < 0.9 * plain.score(TEXT).bits_per_byte
    assert session.text == plain.text


def test_state_is_the_one_that_reading_alone_makes(any_model: Model) -> None:
    generator = TextGenerator(any_model, precision="int8")
    adapted, plain = generator.session(**CHOSEN), generator.session(**CHOSEN)
    adapted.adapt(TEXT)
    plain.feed(TEXT)
    one, other = (np.concatenate(s.snapshot.state or (), axis=1) for s in (adapted, plain))
    np.testing.assert_array_equal(one, other)
    for session in (adapted, plain):
        session.feed("and then ")
    one, other = (np.concatenate(s.snapshot.state or (), axis=1) for s in (adapted, plain))
    np.testing.assert_array_equal(one, other)


def test_what_changes_nothing_writes_what_the_model_does(any_model: Model) -> None:
    generator = TextGenerator(any_model)
    session = generator.session(**CHOSEN)
    session.adaptation = Adaptation.none(any_model)
    assert session.generate().text == generator.session(**CHOSEN).generate().text


def test_what_was_learned_is_reset_carried_and_saved(
    generator: TextGenerator, tmp_path: Path
) -> None:
    session = generator.session(**CHOSEN)
    session.adapt(TEXT)
    wanted = session.fork().generate().text
    assert session.adaptation is not None
    session.adaptation.save(tmp_path / "learned")
    other = generator.session(**CHOSEN)
    other.feed(TEXT)
    plain = other.fork().generate().text
    assert plain != wanted
    other.adaptation = Adaptation.load(tmp_path / "learned")
    assert other.fork().generate().text == wanted
    assert other.fork().adaptation is other.adaptation
    other.adaptation = None
    assert other.generate().text == plain


def test_text_taken_back_leaves_what_was_learned(generator: TextGenerator) -> None:
    session = generator.session(**CHOSEN)
    session.adapt(TEXT)
    learned = session.adaptation
    session.undo(len(TEXT))
    assert session.text == ""
    assert session.adaptation is learned


def test_file_of_a_session_wants_what_was_learned(generator: TextGenerator, tmp_path: Path) -> None:
    session = generator.session(**CHOSEN)
    session.adapt(TEXT)
    session.save(tmp_path / "s.state")
    with pytest.raises(DataError, match="load it with the one that was saved beside it"):
        generator.load_session(tmp_path / "s.state")
    again = generator.load_session(tmp_path / "s.state", session.adaptation)
    assert again.generate().text == session.generate().text
    plain = generator.session(**CHOSEN)
    plain.save(tmp_path / "p.state")
    with pytest.raises(DataError, match="load it with none"):
        generator.load_session(tmp_path / "p.state", session.adaptation)


def test_adaptation_of_another_model_is_refused(model: Model) -> None:
    session = TextGenerator(model).session()
    for other in (
        tied(model, 12),
        dataclasses.replace(model, weights=seeded_weights(model.config)),
    ):
        with pytest.raises(DataError, match="of another model"):
            session.adaptation = Adaptation.none(other)
    assert session.adaptation is None


@pytest.mark.parametrize("bad", [np.zeros((3, 3), np.float32), np.full((12, 12), np.nan)])
def test_damaged_adaptation_is_refused(model: Model, bad: Any) -> None:
    session = TextGenerator(model).session()
    with pytest.raises(DataError, match="damaged"):
        session.adaptation = dataclasses.replace(Adaptation.none(model), hidden=bad)


def test_file_that_is_no_adaptation_is_refused(tmp_path: Path, model: Model) -> None:
    with pytest.raises(MissingInput, match="no such adaptation"):
        Adaptation.load(tmp_path / "nothing")
    for data in (b"", b"x" * 100):
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(DataError, match="not an adaptation"):
            Adaptation.load(tmp_path / "x")


def test_learning_in_pieces_of_a_window_is_learning_at_once(generator: TextGenerator) -> None:
    once, twice = generator.session(), generator.session()
    text = (TEXT * 3)[:120]
    once.adapt(text)
    for start in range(0, 120, 40):
        twice.adapt(text[start : start + 40])
    one, other = once.adaptation, twice.adaptation
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one.hidden, other.hidden, atol=1e-6)
    np.testing.assert_allclose(one.last, other.last, atol=1e-6)


def test_sessions_with_different_learning_mix_in_the_state_alone(generator: TextGenerator) -> None:
    one, other = generator.session(**CHOSEN), generator.session(**CHOSEN)
    one.adapt(TEXT)
    other.feed(TEXT)
    mixed = type(one).mix(one, other, 0.5)
    assert mixed.adaptation is one.adaptation
    with pytest.raises(UsageError, match="different models"):
        type(one).mix(one, TextGenerator(generator.model).session(), 0.5)
