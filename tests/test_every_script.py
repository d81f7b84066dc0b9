"""Chinese, Arabic, Hindi, emoji and code: read, cut, trained on, written and measured."""

from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from tests.scripts_of_the_world import FORMS, TEXTS, write
from textgen.config.corpus import TOKENIZERS
from textgen.config.tokens import EOS_ID
from textgen.corpus.text.cleaning import clean_text
from textgen.generator import TextGenerator
from textgen.tokenization.store_cache import open_corpus

# Texts in each script, of which no two are equal, so that some are held out.
VARIED = [f"{number} {text}" for number in range(12) for text in TEXTS.values()]
SETTINGS: list[dict[str, Any]] = [
    *({"tokenizer": kind} for kind in TOKENIZERS),
    {"tokenizer": "word", "strict": True, "documents": "row"},
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path / "cache"))


@pytest.mark.parametrize("form", [f"{form}{packing}" for form in FORMS for packing in ("", ".gz")])
@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_every_form_and_tokenizer_gives_the_texts_back(
    tmp_path: Path, form: str, tokenizer: str
) -> None:
    path = write(tmp_path, f"corpus{form}", VARIED)
    store = open_corpus(str(path), {"tokenizer": tokenizer})
    found = []
    for split in ("train", "validation"):
        tokens = store.tokens(split)
        ends = np.flatnonzero(tokens == EOS_ID)
        found += [store.tokenizer.decode(part) for part in np.split(tokens, ends)[:-1]]
    expected = [clean_text(text, "nfc") for text in VARIED]
    assert "".join(sorted(found)) == "".join(sorted(expected)) or "".join(found) == "".join(
        expected
    )


@pytest.mark.needs("train")
@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(
    ("settings", "form"), list(zip(SETTINGS, [*FORMS, ".jsonl"], strict=True)), ids=str
)
def test_every_tokenizer_trains_writes_and_measures(
    tmp_path: Path, settings: dict[str, Any], form: str
) -> None:
    path = write(tmp_path, f"corpus{form}", VARIED)
    model = TextGenerator.train(
        path,
        out=tmp_path / "model",
        steps=3,
        units=(8,),
        embedding_size=4,
        batch_size=2,
        window=4,
        **settings,
    )
    again = TextGenerator.from_pretrained(tmp_path / "model")
    for prompt in ("", *TEXTS.values()):
        written = model.generate(prompt, max_new_tokens=20, seed=1, temperature=1.0)
        assert len(written.tokens) >= 1
        assert again.generate(prompt, max_new_tokens=20, seed=1, temperature=1.0) == written
    quality = again.evaluate(path, split="validation")
    assert 0 < quality.bits_per_byte < 20
    whole = again.evaluate(path)
    assert whole.characters == sum(len(clean_text(text, "nfc")) for text in VARIED)
