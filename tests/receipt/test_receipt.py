"""A receipt writes the same text again, and says what is different where it does not."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tests.seeded_models import seeded_weights
from textgen.artifact.model_folder import Model, write_model
from textgen.cli.replay import replay
from textgen.config import cpu
from textgen.errors import DataError, MissingInput, UsageError
from textgen.generator import TextGenerator
from textgen.receipt.environment import Environment
from textgen.receipt.receipt import Receipt

PROMPT = "The café\n"
SETTINGS: dict[str, Any] = {
    "max_new_tokens": 60,
    "seed": 7,
    "stop": ("zz",),
    "logit_bias": {"a": 1},
}


@pytest.fixture(scope="module")
def folder(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("receipt") / "babble"
    write_model(model, path)
    return path


def make(folder: Path, path: Path, samples: int = 2, **settings: Any) -> list[str]:
    """Write texts and their receipt, as `textgen generate` does, and return the texts."""
    generator = TextGenerator.from_pretrained(folder, precision="fp32")
    config = generator.configure(**SETTINGS | settings)
    results = generator.generate([PROMPT] * samples, **config.to_dict())
    path.write_text(Receipt.of(folder, generator, config, PROMPT, results).to_json())
    return [result.text for result in results]


@pytest.fixture
def receipt(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "text.receipt"
    make(folder, path)
    return path


def change(path: Path, *keys: str | int, to: Any) -> None:
    """Change one value of a receipt."""
    whole = value = json.loads(path.read_text())
    for key in keys[:-1]:
        value = value[key]
    value[keys[-1]] = to
    path.write_text(json.dumps(whole))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(replay, [*map(str, arguments)], env={"TEXTGEN_MODEL": None})


def test_replay_writes_the_same_texts(folder: Path, tmp_path: Path) -> None:
    texts = make(folder, tmp_path / "r", samples=3)
    done = run(tmp_path / "r", "-q")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "\n---\n".join(texts) + "\n"


def test_replay_does_not_depend_on_the_models_own_settings(
    folder: Path, receipt: Path, tmp_path: Path
) -> None:
    """They may be edited; the receipt holds those that were in force."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "generation_config.json").write_text('{"temperature": 0.1, "max_new_tokens": 3}')
    assert run(receipt, "-m", copy).stdout == run(receipt).stdout


def test_a_text_without_an_end_is_replayed_as_far_as_it_went(folder: Path, tmp_path: Path) -> None:
    generator = TextGenerator.from_pretrained(folder, precision="fp32")
    config = generator.configure(max_new_tokens=-1, min_new_tokens=10_000, seed=3)
    stream = generator.stream(PROMPT, remembered=None, **config.to_dict())
    text = "".join(piece for piece, _ in zip(stream, range(20), strict=False))
    stream.interrupt()
    result = stream.result()
    assert result.finish_reason == "interrupted"
    path = tmp_path / "r"
    path.write_text(Receipt.of(folder, generator, config, PROMPT, [result]).to_json())
    done = run(path)
    assert (done.exit_code, done.stdout) == (0, result.text + "\n")
    assert result.text.startswith(text)


def test_receipt_comes_back_as_it_was(receipt: Path) -> None:
    read = Receipt.read(receipt)
    assert read.to_json() == receipt.read_text()
    assert read.prompt == PROMPT
    assert [result.seed for result in read.results] == [7, 8]
    assert read.settings.stop == ("zz",)


def test_text_that_differs_is_an_error_that_names_what_else_does(receipt: Path) -> None:
    change(receipt, "results", 1, "sha256", to="0" * 64)
    done = run(receipt)
    assert done.stdout  # it is shown all the same
    assert isinstance(done.exception, DataError)
    assert str(done.exception).startswith(f"{receipt}: the text differs (seed 8); ")
    assert str(done.exception).endswith(": nothing that is recorded")
    change(receipt, "circumstances", "onnxruntime", to="1.0")
    change(receipt, "circumstances", "architecture", to="vax")
    told = str(run(receipt).exception)
    assert "onnxruntime (1.0, now " in told
    assert "architecture (vax, now " in told
    assert "numpy" not in told


def test_circumstances_that_differ_do_not_matter_where_the_text_does_not(receipt: Path) -> None:
    change(receipt, "circumstances", "numpy", to="1.0")
    assert run(receipt).exit_code == 0


def test_another_model_is_refused_before_it_writes(
    receipt: Path, model: Model, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    weights = seeded_weights(model.config, seed=1)
    write_model(Model(model.config, weights, model.tokenizer, model.generation), other)
    done = run(receipt, "-m", other)
    assert isinstance(done.exception, DataError)
    assert done.stdout == ""
    told = str(done.exception)
    assert told.startswith(f"{other}: ")
    assert str(folder) in told
    assert "model.safetensors" in told
    assert "tokenizer.json" not in told


def test_a_model_that_is_gone_is_named(receipt: Path, tmp_path: Path) -> None:
    change(receipt, "model", to=str(tmp_path / "gone"))
    done = run(receipt)
    assert isinstance(done.exception, MissingInput)
    assert "pass -m" in str(done.exception)


def test_receipt_that_is_too_large_or_not_whole_is_refused(folder: Path) -> None:
    generator = TextGenerator.from_pretrained(folder)
    config = generator.configure(max_new_tokens=20, seed=1)
    long = "a" * (1 << 20)
    with pytest.raises(UsageError, match="receipt would be longer"):
        Receipt.of(folder, generator, config, long, []).to_json()
    stream = generator.stream("The", remembered=5, **config.to_dict())
    for _ in stream:
        pass
    with pytest.raises(UsageError, match="only the last 5 of 20 tokens"):
        Receipt.of(folder, generator, config, "The", [stream.result()])


@pytest.mark.parametrize(
    ("keys", "to", "told"),
    [
        (("format",), 2, "not a receipt"),
        (("extra",), 1, "unknown setting 'extra'"),
        (("circumstances", "nunpy"), "1", "did you mean 'numpy'"),
        (("circumstances",), [], "in the place of an object"),
        (("circumstances", "precision"), "int4", "precision is 'int4'"),
        (("settings", "temperature"), -1, "temperature is -1"),
        (("settings", "temprature"), 1, "did you mean 'temperature'"),
        (("prompt",), 3, "prompt is 3"),
        (("results",), {"seed": 1}, "in the place of an object"),
        (("results", 0, "seed"), -1, "seed is -1"),
        (("results", 0, "seed"), "7", "seed is '7'"),
        (("results", 0), {"seed": 7}, "sha256 is missing"),
    ],
)
def test_damaged_receipts_are_one_error_that_names_the_file(
    receipt: Path, keys: tuple[str | int, ...], to: Any, told: str
) -> None:
    change(receipt, *keys, to=to)
    with pytest.raises(DataError) as caught:
        Receipt.read(receipt)
    assert str(caught.value).startswith(f"{receipt}: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def test_no_value_in_the_place_of_another_is_more_than_an_error(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "r"
    make(folder, path, samples=1)
    whole = path.read_text()

    @given(st.sampled_from(list(json.loads(whole))), json_values)
    def replace(key: str, value: Any) -> None:
        path.write_text(json.dumps(json.loads(whole) | {key: value}))
        told = f"{path}: fine"
        try:
            Receipt.read(path).rows()
        except DataError as error:
            told = str(error)
        assert told.startswith(f"{path}: ")

    replace()


def test_missing_keys_are_named(receipt: Path) -> None:
    whole = json.loads(receipt.read_text())
    for key in whole.keys() - {"format"}:
        receipt.write_text(json.dumps({k: v for k, v in whole.items() if k != key}))
        with pytest.raises(DataError, match=f"{key} is missing"):
            Receipt.read(receipt)


def test_differences_name_the_cpu_features_that_came_and_went(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_features(line: str) -> Environment:
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor : 0\n{line}\n\nprocessor : 1\n{line}\n")
        monkeypatch.setattr(cpu, "CPU_FILE", path)
        return Environment.present(folder, "int8")

    then = with_features("flags\t\t: fpu avx2 avx512f fma")
    assert then.cpu_features == ("avx2", "avx512f", "fma")
    now = with_features("flags\t\t: fpu fma avx2 avx_vnni")
    assert then.differences(now) == ["cpu_features (avx512f, now avx_vnni)"]
    assert with_features("Features\t: fp asimd sve").cpu_features == ("asimd", "sve")
    monkeypatch.setattr(cpu, "CPU_FILE", tmp_path / "none")
    assert Environment.present(folder, "int8").cpu_features == ()
