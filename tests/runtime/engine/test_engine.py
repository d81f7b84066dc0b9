"""Everything outside the engine's room knows the protocol alone."""

from pathlib import Path

from tests.seeded_models import seeded_weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.loading import load_engine

PACKAGE = Path(__file__).parents[3] / "textgen"


def test_what_is_loaded_is_an_engine() -> None:
    config = ModelConfig(vocab_size=5, embedding_size=2, units=(3,), labels=("a",))
    engine = load_engine(config, seeded_weights(config), precision="int8", threads=2)
    assert isinstance(engine, Engine)
    assert (engine.precision, engine.threads, engine.config.labels) == ("int8", 2, ())


def test_one_place_names_a_concrete_engine() -> None:
    naming = [
        path.name
        for path in PACKAGE.rglob("*.py")
        if "engine.decoder import" in path.read_text(encoding="utf-8")
    ]
    assert naming == ["loading.py"]
