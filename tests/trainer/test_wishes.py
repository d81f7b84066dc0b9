"""With `--resume` no wish is dropped: it is what the training began with, or refused by name."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.training import TINY, interrupt, state_of
from textgen import TextGenerator
from textgen.artifact.model_folder import read_model, write_model
from textgen.artifact.provenance import Provenance
from textgen.artifact.run_settings import FREE_TO_CHANGE, RunSettings
from textgen.config.corpus import CorpusConfig
from textgen.config.model import NetworkConfig
from textgen.config.training import TrainingConfig
from textgen.errors import DataError, MissingInput, UsageError
from textgen.trainer.job import TrainingJob

pytestmark = pytest.mark.usefixtures("no_report")

OTHER_FORMAT = "bf16" if TrainingConfig().product_format == "fp32" else "fp32"
# For every setting a value that the trainings of `made` have not.
OTHERS: dict[str, Any] = {
    **{"encoding": "latin-1", "encoding_errors": "replace", "control_characters": "remove"},
    **{"normalize": "nfkc", "documents": "line", "column": "text", "template": "$text"},
    **{"where": (("language", "en"),), "label_column": "author", "min_characters": 1},
    **{"max_characters": 999, "keep_matching": "e", "drop_matching": "x", "regex_seconds": 2.0},
    **{"strict": True, "splits": ("test",), "streaming": True, "duplicates": "near"},
    **{"similarity": 0.5, "decontaminate": "tests.txt", "validation": 0.2, "tokenizer": "byte"},
    **{"vocab_size": 300, "layers": 2, "units": 999, "activation": "softsign"},
    **{"recurrent_activation": "hard_sigmoid", "embedding_size": 9, "tie_embeddings": True},
    **{"dropout": 0.3, "embedding_dropout": 0.3, "token_dropout": 0.1, "weight_drop": 0.1},
    **{"recurrent_dropout": 0.1, "budget": "1s", "steps": 40, "epochs": 2, "max_epochs": 3},
    **{"size": "l", "batch_size": 9, "window": 17, "state_reset": 0.5, "optimizer": "sgd"},
    **{"learning_rate": 0.5, "momentum": 0.5, "schedule": "linear", "warmup": 0.5},
    **{"weight_decay": 0.5, "clip_norm": 2.0, "label_smoothing": 0.1, "softmax_samples": 5},
    **{"metrics": ("accuracy",), "validations": 3, "patience": 2, "storage": "fp16"},
    **{"copy_index": True, "matmul": OTHER_FORMAT, "threads": 77, "seed": 1},
}
CONFIGS = (CorpusConfig, NetworkConfig, TrainingConfig)
NAMES = [name for config in CONFIGS for name in config.names() if name not in FREE_TO_CHANGE]


@pytest.fixture(params=["whole", "unfinished"])
def folder(request: pytest.FixtureRequest, made: dict[str, Path]) -> Path:
    """A training that is complete, or not finished; it is only looked at."""
    return made[request.param]


def begin_again(folder: Path, settings: dict[str, Any], **options: Any) -> None:
    with TrainingJob(folder, settings, resume=True, **options):
        pass


def test_table_has_every_setting() -> None:
    assert sorted(OTHERS) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_other_setting_is_refused_by_name_with_the_way_to_train_on(folder: Path, name: str) -> None:
    before = state_of(folder)
    with pytest.raises(UsageError, match=rf"^{name} is .*; leave it out, or .* start"):
        begin_again(folder, {name: OTHERS[name]})
    assert state_of(folder) == before


def test_complete_model_tells_a_command_that_trains_on(made: dict[str, Path]) -> None:
    whole = made["whole"]
    with pytest.raises(UsageError) as caught:
        begin_again(whole, {"steps": 40})
    assert str(caught.value) == (
        f"steps is 40, but {whole}, which is complete, has 12; leave it out, or train on with "
        f"start={str(whole)!r} and a new output"
    )


def test_every_setting_may_be_given_again_as_it_was(folder: Path, made: dict[str, Path]) -> None:
    begun = RunSettings.of_model(read_model(made["whole"]))
    for config in (begun.corpus, begun.network, begun.training):
        for name, value in config.to_dict().items():
            begin_again(folder, {name: value})
    begin_again(folder, TINY | {"save_every": "7s"})


def test_settings_of_a_preset_are_wishes_too(folder: Path) -> None:
    with pytest.raises(UsageError, match="budget is '10m', but"):
        begin_again(folder, {}, preset="tiny-shakespeare")


def test_another_or_a_missing_corpus_is_refused(folder: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "other.txt").write_text(text[:7000], encoding="utf-8")
    before = state_of(folder)
    for corpus, error, told in (
        (tmp_path / "other.txt", DataError, "other.txt: not the text that"),
        (tmp_path / "no.txt", MissingInput, "no.txt: no such file or folder"),
    ):
        with pytest.raises(error, match=told):
            TextGenerator.train(corpus, out=folder, resume=True)
    assert state_of(folder) == before


def test_corpus_that_changed_may_be_named_of_a_complete_model_where_that_is_allowed(
    made: dict[str, Path], tmp_path: Path, text: str
) -> None:
    (tmp_path / "other.txt").write_text(text[:7000], encoding="utf-8")
    options: dict[str, Any] = {"resume": True, "allow_changed_data": True}
    TextGenerator.train(tmp_path / "other.txt", out=made["whole"], **options)
    with pytest.raises(MissingInput):
        TextGenerator.train(tmp_path / "no.txt", out=made["whole"], **options)


def test_weights_to_begin_with_are_the_same_or_refused(
    folder: Path, made: dict[str, Path], tmp_path: Path
) -> None:
    told = r"start is .*whole, but .* began with random weights; leave it out, or"
    with pytest.raises(UsageError, match=told):
        begin_again(folder, {}, start=made["whole"])
    with pytest.raises(MissingInput, match="nowhere: no such model folder"):
        begin_again(folder, {}, start=tmp_path / "nowhere")


@pytest.mark.parametrize("ends", [True, False])
def test_weights_that_the_training_began_with_may_be_named_wherever_they_are_now(
    small_text: Path, made: dict[str, Path], tmp_path: Path, *, ends: bool
) -> None:
    out = tmp_path / "m"
    settings: dict[str, Any] = {"steps": 6, "batch_size": 8, "window": 16}
    if ends:
        TextGenerator.train(small_text, out=out, start=made["whole"], **settings)
    else:
        plain = dict.fromkeys(("units", "embedding_size", "dropout"))
        told = {name: v for name, v in (TINY | settings).items() if name not in plain}
        with pytest.MonkeyPatch.context() as context:
            context.setattr("tests.training.TINY", told)
            interrupt(small_text, out, start=made["whole"])
    moved = Path(shutil.copytree(made["whole"], tmp_path / "moved"))
    begin_again(out, {}, start=moved)
    begin_again(out, {})
    with pytest.raises(UsageError, match=r"began with the weights of whole; leave it out"):
        begin_again(out, {}, start=made["unfinished"])


def test_command_line_ends_with_2_unless_nothing_has_changed(
    run: Run, made: dict[str, Path], small_text: Path
) -> None:
    whole = made["whole"]
    for wish in (("--steps", "40"), ("--units", "999"), ("--budget", "1m"), ("--tokenizer", "bpe")):
        done = run("train", small_text, "-o", whole, "--resume", *wish)
        assert done.returncode == 2, done.stderr
        assert f"--from {whole} and a new output" in done.stderr.decode()
    assert run("train", small_text, "-o", whole, "--resume", "--steps", "12").returncode == 0
    assert run("train", "no.txt", "-o", whole, "--resume").returncode == 66


def test_model_that_does_not_tell_of_its_training_is_not_resumed(
    whole: Path, small_text: Path
) -> None:
    TextGenerator.from_pretrained(whole).save_pretrained(whole.with_name("copy"))
    begin_again(whole.with_name("copy"), {})  # a copy tells what the model told
    generator = TextGenerator.from_pretrained(whole)
    model = dataclasses.replace(generator.model, provenance=Provenance())
    write_model(model, whole.with_name("silent"))
    told = "silent: the model does not tell .*; train on with start="
    with pytest.raises(DataError, match=told):
        begin_again(whole.with_name("silent"), {})
