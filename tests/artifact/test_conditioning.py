"""Labels: what a network learns of each kind of text, it writes when it is told that kind."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.seen import one_line
from tests.conftest import Run
from tests.seeded_models import seeded_weights
from textgen import TextGenerator
from textgen.artifact.conditioning import read_mix, with_labels, with_mix
from textgen.artifact.model_folder import Model, read_model
from textgen.errors import UsageError

LABELS = ("Austen", "Dickens: early", "x")


@pytest.fixture(scope="module")
def labelled(model: Model) -> Model:
    """A model with random weights and three labels."""
    config = dataclasses.replace(model.config, labels=LABELS)
    weights = seeded_weights(config)
    weights["lstm_0.kernel"][config.embedding_size :] *= 10
    return dataclasses.replace(model, config=config, weights=weights)


def keras_logits(model: Model, tokens: Any) -> Any:
    from textgen.model.network import LanguageModel

    network = LanguageModel(model.config)
    network.load_named_weights(model.weights)
    return np.asarray(network(np.asarray(tokens)[None]))[0]


@pytest.mark.parametrize("label", [0, 1, 2, 3])
@pytest.mark.needs("train")
def test_a_label_in_the_input_is_the_label_in_the_bias(labelled: Model, label: int) -> None:
    tokens = np.arange(1, 30)
    vocab_size = labelled.config.vocab_size
    mix = {LABELS[label - 1]: 1.0} if label else {}
    plain = labelled.labelled(mix)
    assert plain.config.labels == ()
    decoder = TextGenerator(plain, precision="fp32").decoder
    ours, _ = decoder.score(tokens, decoder.initial_state())
    np.testing.assert_allclose(
        ours, keras_logits(labelled, tokens + label * vocab_size), atol=2e-5, rtol=1e-4
    )


def test_half_of_two_labels_is_half_of_what_they_add(labelled: Model) -> None:
    def bias(mix: dict[str, float]) -> Any:
        return with_mix(labelled.config, labelled.weights, mix)[1]["lstm_0.bias"]

    half = bias({"Austen": 0.5, "x": 0.5})
    np.testing.assert_allclose(half, (bias({"Austen": 1}) + bias({"x": 1})) / 2, atol=1e-6)


def test_without_a_label_it_writes_as_if_there_were_none(labelled: Model) -> None:
    chosen: dict[str, Any] = {"seed": 1, "max_new_tokens": 30}
    text = TextGenerator(labelled).generate("", **chosen).text
    assert TextGenerator(labelled).labelled({}).generate("", **chosen).text == text
    assert TextGenerator(labelled).labelled({"x": 1}).generate("", **chosen).text != text


def test_model_of_one_kind_is_saved_as_a_model_of_its_own(labelled: Model, tmp_path: Path) -> None:
    generator = TextGenerator(labelled).labelled({"x": 0.5})
    generator.save_pretrained(tmp_path / "x")
    chosen: dict[str, Any] = {"seed": 1, "max_new_tokens": 30}
    again = TextGenerator.from_pretrained(tmp_path / "x")
    assert again.generate("", **chosen).text == generator.generate("", **chosen).text


def test_labels_travel_with_the_model(labelled: Model, tmp_path: Path) -> None:
    TextGenerator(labelled).save_pretrained(tmp_path / "m")
    assert read_model(tmp_path / "m").config.labels == LABELS
    assert "Austen, Dickens: early, x" in (tmp_path / "m" / "README.md").read_text()


def test_other_labels_keep_what_is_known_and_begin_with_nothing(labelled: Model) -> None:
    kernel = with_labels(labelled.config, labelled.weights, ("new", "x"))["lstm_0.kernel"]
    size = labelled.config.embedding_size
    np.testing.assert_array_equal(kernel[:size], labelled.weights["lstm_0.kernel"][:size])
    assert not kernel[size].any()
    np.testing.assert_array_equal(kernel[size + 1], labelled.weights["lstm_0.kernel"][size + 2])


@pytest.mark.parametrize(
    ("texts", "mix"),
    [
        (["Austen"], {"Austen": 1.0}),
        (["author=Austen"], {"Austen": 1.0}),
        (["author=Austen:0.7", "x:0.3"], {"Austen": 0.7, "x": 0.3}),
        (["Dickens: early"], {"Dickens: early": 1.0}),
        (["Dickens: early:0.5"], {"Dickens: early": 0.5}),
        ([], {}),
    ],
)
def test_labels_are_named_as_people_do(texts: list[str], mix: dict[str, float]) -> None:
    assert read_mix(texts, LABELS, "author") == mix


@pytest.mark.parametrize(
    ("texts", "known", "message"),
    [
        (["Eliot"], LABELS, "label 'Eliot' was not trained; known are: Austen"),
        (["title=Austen"], LABELS, "'title=Austen' was not trained"),
        (["x", "author=x"], LABELS, "named twice"),
        (["x"], (), "knows no labels, for it was trained without label_column"),
    ],
)
def test_label_that_nobody_trained_is_a_clear_error(
    texts: list[str], known: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        read_mix(texts, known, "author")


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_weight_of_a_label_is_a_share(labelled: Model, weight: float) -> None:
    with pytest.raises(UsageError, match="must be from 0 to 1"):
        labelled.labelled({"x": weight})


@pytest.mark.needs("train")
def test_two_kinds_of_text_are_learned_apart(run: Run, tmp_path: Path) -> None:
    corpus, model = tmp_path / "c.jsonl", tmp_path / "m"
    kinds = {"letters": "abc abc ", "digits": "123 123 "}
    rows = [
        {"text": text * 12 + str(number), "kind": kind}
        for number in range(40)
        for kind, text in kinds.items()
    ]
    corpus.write_text("\n".join(map(json.dumps, rows)))
    sizes = ("--units", 32, "--embedding-size", 8, "--steps", 800, "--batch-size", 8)
    how = ("--label-column", "kind", "--window", 16, "--state-reset", 0.3, "-q")
    done = run("train", corpus, "-o", model, *sizes, *how)
    assert done.returncode == 0, done.stderr
    arguments = ("generate", "-m", model, "-s", 1, "-n", 9, "--min-new-tokens", 9, "-q")
    told = ("--num-samples", 40, "--json")
    for kind, others in (("letters", "123"), ("digits", "abc")):
        lines = run(*arguments, *told, "--label", f"kind={kind}").stdout.splitlines()
        texts = [json.loads(line)["text"] for line in lines]
        assert sum(any(c in text for c in others) for text in texts) < 10
    refused = run(*arguments, "--label", "greek")
    assert refused.returncode == 2
    assert "was not trained; known are: " in one_line(refused.stderr)
    state = ("--session", tmp_path / "s.state")
    assert run(*arguments, *state, "--label", "digits").returncode == 0
    other = run(*arguments, *state, "-c", "--label", "letters")
    assert other.returncode == 65
    assert "of another model" in one_line(other.stderr)
