"""The models of the tests are the same on every processor, and write texts worth looking at."""

import hashlib

import pytest

from tests.seeded_models import seeded_model
from textgen import TextGenerator
from textgen.tokenization.kinds import KINDS

SHA256 = "a1e61bfa802706f9e2d2d2f0da5b824bbd74428a27ded9ac0eedec6ecf3eca6f"


@pytest.mark.parametrize(("seed", "is_this_one"), [(3, True), (4, False)])
def test_weights_are_the_same_bits_wherever_they_are_made(seed: int, is_this_one: bool) -> None:
    weights = seeded_model("char", seed, text="ab é 漢\n" * 9, labels=("a", "b")).weights
    digest = hashlib.sha256(b"".join(weights[name].tobytes() for name in sorted(weights)))
    assert (digest.hexdigest() == SHA256) == is_this_one


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_texts_are_varied(kind: str, seed: int) -> None:
    generator = TextGenerator(seeded_model(kind, seed))
    tokens = generator.generate("", seed=seed, max_new_tokens=200).tokens
    assert len(set(tokens)) > 10
    assert max(map(tokens.count, tokens)) < 150
