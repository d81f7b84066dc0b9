"""A model folder is read only if every part of it is what it should be."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from textgen import TextGenerator
from textgen.artifact.model_folder import HASHED, Model, read_model, write_model
from textgen.artifact.weights import round_weights
from textgen.errors import DataError, MissingInput, UnsafeModel, UsageError

FILES = {
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "generation_config.json",
    "README.md",
    "manifest.json",
}


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    write_model(model, tmp_path / "model")
    return tmp_path / "model"


def sign(folder: Path) -> None:
    """Make the manifest agree with the files, as an attacker would."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in HASHED:
        data = (folder / name).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        manifest["files"][name] = {"bytes": len(data), "sha256": digest}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_model_comes_back_as_it_was(model: Model, folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == FILES
    read = read_model(folder)
    assert (read.config, read.generation) == (model.config, model.generation)
    assert read.tokenizer.to_json() == model.tokenizer.to_json()
    for name, array in model.weights.items():
        np.testing.assert_array_equal(read.weights[name], array)


def test_folder_from_before_a_setting_existed_has_its_default(folder: Path) -> None:
    values = json.loads((folder / "config.json").read_text())
    first = ("format", "vocab_size", "layers", "units", "embedding_size", "dropout")
    (folder / "config.json").write_text(json.dumps({name: values[name] for name in first}))
    sign(folder)
    read = read_model(folder)
    assert read.config.layer_activations == (("tanh", "sigmoid"),) * 2
    assert not read.config.tie_embeddings


@pytest.mark.parametrize("name", HASHED)
def test_any_changed_byte_is_found(folder: Path, name: str) -> None:
    path = folder / name
    data = bytearray(path.read_bytes())
    for position in (0, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(DataError, match=f"{name}: changed or damaged"):
            read_model(folder)
    path.write_bytes(data[:-1])
    with pytest.raises(DataError, match=f"{name}: changed or damaged"):
        read_model(folder)


def test_folder_without_manifest_is_no_model(folder: Path, tmp_path: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(MissingInput, match="not a model folder"):
        read_model(folder)
    with pytest.raises(MissingInput, match="no such model folder"):
        read_model(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [*HASHED, "generation_config.json"])
def test_links_and_missing_files_are_refused(folder: Path, name: str) -> None:
    (folder / name).rename(folder.parent / name)
    with pytest.raises(DataError, match=f"{name}: missing"):
        read_model(folder)
    (folder / name).symlink_to(folder.parent / name)
    with pytest.raises(UnsafeModel, match=f"{name}: a link; .*'cp -rL {folder} PLAIN'"):
        read_model(folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(UnsafeModel, match=f"{name}: not a plain file"):
        read_model(folder)


@pytest.fixture
def snapshot(folder: Path, tmp_path: Path) -> Path:
    """The model as the hub's client keeps it: links to files named by their hashes."""
    snapshot = tmp_path / "cache" / "models--org--name" / "snapshots" / ("c" * 40)
    blobs = snapshot.parent.parent / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for path in folder.iterdir():
        blob = hashlib.sha256(path.read_bytes()).hexdigest()
        path.rename(blobs / blob)
        (snapshot / path.name).symlink_to(f"../../blobs/{blob}")
    return snapshot


def test_snapshot_in_the_cache_of_the_hub_is_a_model_folder(model: Model, snapshot: Path) -> None:
    assert read_model(snapshot).sha256() == model.sha256()
    blob = (snapshot / "model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes() + b"x")
    with pytest.raises(DataError, match=r"model\.safetensors: changed or damaged"):
        read_model(snapshot)


@pytest.mark.parametrize("name", sorted(FILES - {"README.md"}))
@pytest.mark.parametrize("how", ["elsewhere", "twice", "device", "nowhere", "no snapshot"])
def test_other_links_are_refused_with_the_way_to_plain_files(
    snapshot: Path, name: str, how: str
) -> None:
    link = snapshot / name
    blob = link.resolve()
    if how == "elsewhere":
        outside = blob.rename(snapshot.parent / "blob")
        link.unlink()
        link.symlink_to(outside)
    elif how == "no snapshot":
        snapshot = snapshot.parent.rename(snapshot.parent.with_name("other")) / snapshot.name
    else:
        blob.unlink()
    if how == "twice":
        blob.symlink_to(snapshot / "README.md")
    elif how == "device":
        blob.symlink_to("/dev/zero")
    with pytest.raises(
        UnsafeModel, match="a link; a model folder holds plain files alone; 'cp -rL"
    ):
        read_model(snapshot)


def test_fifo_in_the_place_of_a_manifest_is_refused(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")
    with pytest.raises(UnsafeModel, match=r"manifest\.json: not a plain file"):
        read_model(folder)


def test_file_of_a_model_is_no_model_but_its_folder_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=f"name the folder, {folder}$"):
        read_model(folder / "model.safetensors")
    (tmp_path / "x").write_text("x")
    with pytest.raises(MissingInput, match="x: a file, not a model folder; "):
        read_model(tmp_path / "x")


def rewrite(name: str, **changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        values = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(values | changes))

    return change


def reshape(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Path], None]:
    def rewrite_weights(folder: Path) -> None:
        path = folder / "model.safetensors"
        path.write_bytes(safetensors.numpy.save(change(safetensors.numpy.load(path.read_bytes()))))

    return rewrite_weights


def replace(name: str, data: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return change


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (rewrite("config.json", units=[1 << 20, 1 << 20]), "its tensors are not those"),
        (rewrite("config.json", units=[1 << 40]), "units is 1099511627776"),
        (rewrite("config.json", units=[]), "units is empty"),
        (rewrite("config.json", units="16"), "units is '16'"),
        (rewrite("config.json", activation="gelu"), "activation is 'gelu'"),
        (rewrite("config.json", tie_embeddings=True), "its tensors are not those"),
        (rewrite("config.json", vocab_size=9), "258 token types, but config.json says 9"),
        (rewrite("config.json", auto_map="x.py"), "unknown setting 'auto_map'"),
        (rewrite("config.json", format=2), "of another format"),
        (replace("config.json", b"[]"), "not a JSON object"),
        (replace("config.json", b"{"), "not JSON"),
        (replace("config.json", b"[" * 100_000), "not JSON"),
        (replace("config.json", b" " * (1 << 20) + b"{}"), "larger than any such file"),
        (rewrite("generation_config.json", temperature=-1), "temperature is -1"),
        (rewrite("generation_config.json", temprature=1), "did you mean 'temperature'"),
        (replace("tokenizer.json", b"{}"), "tokenizer.json"),
        (replace("tokenizer.json", b"\xff"), "codec can't decode"),
        (replace("model.safetensors", b""), "damaged"),
        (replace("model.safetensors", b"\xff" * 100), "damaged"),
        (reshape(lambda w: w | {"logits.bias": w["logits.bias"].astype(np.float16)}), "not those"),
        (
            reshape(lambda w: {k: np.full(v.shape, np.inf, np.float16) for k, v in w.items()}),
            "not finite",
        ),
        (reshape(lambda w: w | {"more": np.zeros(3, np.float32)}), "its tensors are not those"),
        (reshape(lambda w: {k: v.astype(np.float64) for k, v in w.items()}), "not those"),
        (reshape(lambda w: {k: v.T.copy() for k, v in w.items()}), "not those"),
        (reshape(lambda w: {k: v * np.float32(np.nan) for k, v in w.items()}), "not finite"),
    ],
)
def test_foreign_folder_that_does_not_fit_together_is_refused(
    folder: Path, change: Callable[[Path], None], error: str
) -> None:
    change(folder)
    sign(folder)
    with pytest.raises(DataError) as caught:
        read_model(folder)
    assert error in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    "record",
    [
        {"corpus": 3},
        {"corpus": {}},
        {"corpus": {"name": 3, "licence": "", "cut": "", "settings": {}}},
        {"training": {}},
        {"training": {"validation": 3}},
        {"training": {"metrics": 3}},
    ],
)
def test_damaged_record_is_refused(folder: Path, record: dict[str, Any]) -> None:
    rewrite("manifest.json", **record)(folder)
    with pytest.raises(DataError, match="damaged record"):
        read_model(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 1}', b'{"format": 9, "files": {}}'])
def test_damaged_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(DataError):
        read_model(folder)


def test_edited_generation_settings_and_card_are_taken(folder: Path) -> None:
    rewrite("generation_config.json", temperature=0.5)(folder)
    (folder / "README.md").write_text("mine")
    assert read_model(folder).generation.temperature == 0.5


@pytest.mark.parametrize(
    ("storage", "share", "error"), [("fp16", 0.55, 1e-3), ("int8", 0.45, 0.5 / 127)]
)
def test_small_formats_take_less_and_write_what_the_rounded_model_writes(
    model: Model, folder: Path, tmp_path: Path, storage: str, share: float, error: float
) -> None:
    half = model.stored_as(storage)
    write_model(half, tmp_path / "half")
    whole, small = (
        (path / "model.safetensors").stat().st_size for path in (folder, tmp_path / "half")
    )
    assert small < share * whole
    read = read_model(tmp_path / "half")
    assert read.storage == storage
    for name, array in half.weights.items():
        assert array.dtype == read.weights[name].dtype == np.float32
        np.testing.assert_array_equal(array, read.weights[name])
        largest = np.abs(model.weights[name]).max()
        np.testing.assert_allclose(array, model.weights[name], rtol=error, atol=error * largest)
    rounded, loaded = TextGenerator(half), TextGenerator(read)
    assert loaded.generate("The", seed=1) == rounded.generate("The", seed=1)
    assert loaded.generate("The", seed=1) != TextGenerator(model).generate("The", seed=1)
    assert read.stored_as(storage).sha256() == read.sha256()


@pytest.mark.parametrize("storage", ["fp16", "int8"])
def test_storage_is_kept_unless_another_is_asked_for(
    model: Model, tmp_path: Path, storage: str
) -> None:
    generator = TextGenerator(model)
    for name, stored in [("plain", None), ("half", storage), ("again", "fp32")]:
        generator.save_pretrained(tmp_path / name, storage=stored)
    assert read_model(tmp_path / "plain").storage == "fp32"
    half = TextGenerator.from_pretrained(tmp_path / "half")
    half.save_pretrained(tmp_path / "copy")
    half.save_pretrained(tmp_path / "whole", storage="fp32")
    weights = [tmp_path / name / "model.safetensors" for name in ("half", "copy")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert read_model(tmp_path / "whole").storage == "fp32"
    again = TextGenerator.from_pretrained(tmp_path / "whole")
    assert again.generate("The", seed=1) == half.generate("The", seed=1)


def test_weights_that_halves_cannot_hold_are_refused(model: Model, tmp_path: Path) -> None:
    large = {**model.weights, "logits.bias": model.weights["logits.bias"] - 65520}
    generator = TextGenerator(replace_fields(model, weights=large))
    with pytest.raises(UsageError, match=r"logits\.bias holds numbers too large for fp16"):
        generator.save_pretrained(tmp_path / "half", storage="fp16")
    with pytest.raises(UsageError, match="storage is 'int4'; it must be one of fp32, fp16, int8"):
        generator.save_pretrained(tmp_path / "half", storage="int4")
    assert not (tmp_path / "half").exists()
    generator.save_pretrained(tmp_path / "half")


def test_other_files_in_the_folder_are_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "model.py")  # opening it would wait for ever
    read_model(folder)


def test_existing_folder_is_kept_unless_moved_aside(model: Model, folder: Path) -> None:
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        write_model(model, folder)
    assert (folder / "manifest.json").read_bytes() == before
    write_model(model, folder, overwrite=True)
    assert (folder.parent / "model.old" / "manifest.json").read_bytes() == before


@given(
    arrays(np.float32, (5, 7), elements=st.floats(-(2.0**99), 2.0**99, width=32)),
    st.sampled_from(["embedding.embeddings", "lstm_0.kernel"]),
)
def test_integers_are_within_half_a_step_and_round_to_themselves(
    matrix: NDArray[np.float32], name: str
) -> None:
    once = round_weights({name: matrix}, "int8")
    step = np.abs(matrix).max(axis=1 if name.startswith("embedding") else 0, keepdims=True) / 127
    assert (np.abs(once[name] - matrix) <= 0.5001 * step + 1e-30).all()
    np.testing.assert_array_equal(round_weights(once, "int8")[name], once[name])
