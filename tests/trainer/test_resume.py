"""A training goes on where it was, with the settings, text and tokens that it began with."""

import logging
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.training import (
    BPE,
    STOP,
    TINY,
    Send,
    interrupt,
    make_store,
    record,
    state_of,
    weights,
)
from textgen import TextGenerator
from textgen.artifact.model_folder import read_model
from textgen.errors import DataError, Interrupted, UsageError
from textgen.tokenization.tokenizer import Tokenizer
from textgen.trainer.job import TrainingJob

pytestmark = pytest.mark.usefixtures("no_report")


def test_interrupted_training_is_a_model_and_says_how_to_go_on(
    small_text: Path, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted) as caught:
        TextGenerator.train(
            small_text, out=tmp_path / "m", callbacks=[Send(signal.SIGINT, after=STOP)], **TINY
        )
    assert str(caught.value) == (
        f"interrupted and saved at step 5 of 12; resume=True goes on; {tmp_path / 'm'} holds the "
        f"best model so far (step 5)"
    )
    assert record(tmp_path / "m")["ended"] == "interrupted"
    TextGenerator.from_pretrained(tmp_path / "m").generate("The", max_new_tokens=5)


def test_resume_takes_all_settings_and_ends_with_the_same_bytes(
    small_text: Path, unfinished: Path, whole: Path
) -> None:
    generator = TextGenerator.train(small_text, out=unfinished, resume=True)
    assert weights(unfinished) == weights(whole)
    told, other = record(unfinished), record(whole)
    for name in ("ended", "steps", "best_step", "validation", "course", "settings", "epochs"):
        assert told[name] == other[name]
    assert (told["resumed"], other["resumed"]) == ([STOP], [])
    assert generator.model.config.dropout == TINY["dropout"]
    assert not (unfinished / "training_state").exists()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"units": 25}, "units is (25,), but the training to resume has (24,); leave it out"),
        ({"steps": 13}, "steps is 13, but the training to resume has 12"),
        ({"budget": "5m"}, "budget is '5m', but the training to resume has None"),
        ({"learning_rate": 0.5}, "learning_rate is 0.5, but the training to resume has 0.008"),
        ({"validation": 0.1}, "validation is 0.1, but the training to resume has 0.05"),
        ({**BPE}, "tokenizer is 'bpe', but the training to resume has 'char'"),
        ({"threads": 77}, "threads is 77, but the training to resume has"),
        ({"seed": 1}, "seed is 1, but the training to resume has 1337; leave it out, or begin"),
    ],
)
def test_other_setting_is_refused_with_both_values(
    small_text: Path, unfinished: Path, settings: dict[str, Any], told: str
) -> None:
    before = state_of(unfinished)
    with pytest.raises(UsageError) as caught:
        TextGenerator.train(small_text, out=unfinished, resume=True, **settings)
    assert told in str(caught.value)
    assert state_of(unfinished) == before


def test_same_settings_may_be_given_again_and_the_saving_may_change(
    small_text: Path, unfinished: Path, whole: Path
) -> None:
    again = TINY | {"units": [24], "threads": record(whole)["settings"]["threads"]}
    TextGenerator.train(small_text, out=unfinished, resume=True, **again, save_every="7s")
    assert weights(unfinished) == weights(whole)
    assert record(unfinished)["settings"] == record(whole)["settings"] | {"save_every": "7s"}


def test_resume_without_a_checkpoint_begins_anew_and_says_so(
    small_text: Path, tmp_path: Path, whole: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "textgen")
    out = tmp_path / "new"
    for _ in range(2):
        caplog.clear()
        with TrainingJob(out, TINY, resume=True):
            assert caplog.messages == [f"{out}: no complete checkpoint; the training begins anew"]
        (out / "training_state").mkdir(parents=True, exist_ok=True)  # as a kill may leave it
    TextGenerator.train(small_text, out=out, resume=True, **TINY)
    assert weights(out) == weights(whole)


def test_damaged_checkpoint_is_named_and_the_training_goes_on_from_the_one_before(
    small_text: Path, unfinished: Path, whole: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = unfinished / "training_state" / f"step-{STOP}" / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with TrainingJob(unfinished, {}, resume=True):
        (message,) = caplog.messages
    assert f"damaged checkpoint is passed over: {path}" in message
    TextGenerator.train(small_text, out=unfinished, resume=True)
    assert weights(unfinished) == weights(whole)
    assert record(unfinished)["resumed"] == [0]


def test_resuming_a_complete_model_does_nothing(small_text: Path, whole: Path) -> None:
    before = state_of(whole)
    with TrainingJob(whole, {}, resume=True) as run:
        assert run.is_finished
    generator = TextGenerator.train(small_text, out=whole, resume=True, **TINY)
    assert generator.generate("The", max_new_tokens=5, seed=1).text
    assert state_of(whole) == before


def test_resume_and_overwrite_exclude_each_other(small_text: Path, whole: Path) -> None:
    before = state_of(whole)
    with pytest.raises(UsageError, match="resume and overwrite exclude each other"):
        TextGenerator.train(small_text, out=whole, resume=True, overwrite=True, **TINY)
    assert state_of(whole) == before


@pytest.fixture
def changed(small_text: Path, tmp_path: Path) -> Path:
    """The small text with a beginning in characters that it had not."""
    path = tmp_path / "changed.txt"
    path.write_text("Ωμέγα 漢字 \U0001f30a\n" * 50 + small_text.read_text("utf-8"), "utf-8")
    return path


def test_changed_corpus_is_refused_unless_allowed_and_then_has_the_same_tokens(
    unfinished: Path, changed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "textgen")
    with (
        TrainingJob(unfinished, {}, resume=True) as run,
        pytest.raises(DataError, match=r"changed.txt: not the text .* allow_changed_data=True"),
    ):
        run.open(str(changed))
    with TrainingJob(unfinished, {}, resume=True, allow_changed_data=True) as run:
        store = run.open(str(changed))
    assert "the corpus has changed; a new epoch begins" in caplog.messages
    assert store.tokenizer.to_json() == (unfinished / "tokenizer.json").read_text("utf-8")


def test_training_goes_on_with_a_changed_corpus_as_often_as_it_is_broken_off(
    small_text: Path, changed: Path, tmp_path: Path
) -> None:
    out = interrupt(small_text, tmp_path / "m", **BPE)
    tokenizer = (out / "tokenizer.json").read_bytes()
    command: dict[str, Any] = {"out": out, "resume": True, "allow_changed_data": True}
    command |= TINY | BPE
    with pytest.raises(Interrupted):
        TextGenerator.train(changed, callbacks=[Send(signal.SIGTERM, after=STOP + 2)], **command)
    TextGenerator.train(changed, **command)
    assert (out / "tokenizer.json").read_bytes() == tokenizer
    told = record(out)
    assert (told["resumed"], told["steps_done"], told["ended"]) == ([5, 7], 12, "complete")
    assert told["epochs"] > 1  # a new one began with the changed corpus
    settings = read_model(out).provenance.corpus_settings
    assert {name: settings[name] for name in BPE} == BPE  # as asked for, not as found again


def test_token_store_is_a_corpus_whether_open_or_by_its_path_or_its_text(
    small_text: Path, tmp_path: Path
) -> None:
    store = make_store(small_text, tmp_path / "store", **BPE)
    interrupt(store, tmp_path / "m")
    shutil.copytree(tmp_path / "m", tmp_path / "n")
    other = make_store(small_text, tmp_path / "other", tokenizer="byte")
    with pytest.raises(DataError, match="not the text that the training began with"):
        TextGenerator.train(other, out=tmp_path / "m", resume=True)
    with pytest.raises(DataError, match="other: not in the tokens that the training began with"):
        TextGenerator.train(other, out=tmp_path / "m", resume=True, allow_changed_data=True)
    TextGenerator.train(store.folder, out=tmp_path / "m", resume=True)
    TextGenerator.train(small_text, out=tmp_path / "n", resume=True)
    assert weights(tmp_path / "m") == weights(tmp_path / "n")


@pytest.mark.parametrize("now", [None, "another", "damaged"])
def test_tokenizer_of_a_file_that_has_gone_or_changed_still_resumes(
    small_text: Path,
    tmp_path: Path,
    bpe_tokenizer: Tokenizer,
    char_tokenizer: Tokenizer,
    now: str | None,
) -> None:
    own = tmp_path / "mine.json"
    own.write_text(bpe_tokenizer.to_json())
    tokens: dict[str, Any] = {"tokenizer": str(own)}
    store = make_store(small_text, tmp_path / "store", **tokens)
    out = interrupt(small_text, tmp_path / "m", **tokens)
    own.unlink()
    if now:
        own.write_text({"another": char_tokenizer.to_json(), "damaged": "{"}[now])
    with TrainingJob(out, tokens, resume=True) as run:
        run.open(store)
    with pytest.raises(Interrupted):
        TextGenerator.train(
            small_text, out=out, resume=True, callbacks=[Send(signal.SIGTERM, after=STOP + 2)]
        )
    TextGenerator.train(small_text, out=out, resume=True, **tokens)
    assert record(out)["resumed"] == [5, 7]
    assert (out / "tokenizer.json").read_text() == bpe_tokenizer.to_json()


def test_texts_in_memory_are_gone_on_with_and_compared_as_files_are(
    small_text: Path, tmp_path: Path
) -> None:
    texts = small_text.read_text(encoding="utf-8").splitlines()
    whole = TextGenerator.train(texts, out=tmp_path / "whole", **TINY)
    out = interrupt(iter(texts), tmp_path / "m")
    for other in (texts[:-1], [*texts, "one more"], texts[::-1]):
        with pytest.raises(DataError, match="texts in memory: not the text that the training"):
            TextGenerator.train(other, out=out, resume=True)
    TextGenerator.train((text for text in texts), out=out, resume=True)
    assert weights(out) == weights(tmp_path / "whole")
    assert whole.model.provenance.values["corpus"]["name"] == "texts in memory"


def test_changed_texts_that_can_be_read_once_are_taken_up_if_allowed(
    small_text: Path, tmp_path: Path
) -> None:
    texts = small_text.read_text(encoding="utf-8").splitlines()
    out = interrupt(iter(texts), tmp_path / "m", **BPE)
    changed = (text.upper() for text in texts)
    TextGenerator.train(changed, out=out, resume=True, allow_changed_data=True)
    assert record(out)["ended"] == "complete"


def test_what_is_no_callback_is_refused_before_anything_is_written(
    small_text: Path, tmp_path: Path
) -> None:
    for callbacks in ([print], [3], [None]):
        with pytest.raises(UsageError, match=r"callbacks is .*keras.callbacks.Callback"):
            TextGenerator.train(small_text, out=tmp_path / "m", callbacks=callbacks, **TINY)
    assert not (tmp_path / "m").exists()


def test_progress_of_a_training_counts_the_steps_of_all_its_parts(
    small_text: Path, tmp_path: Path
) -> None:
    reports: list[tuple[str, int, int | None]] = []

    class Recorder:
        def advance(self, stage: str, done: int, total: int | None = None) -> None:
            reports.append((stage, done, total))

    out = interrupt(small_text, tmp_path / "m")
    TextGenerator.train(small_text, out=out, resume=True, progress=Recorder())
    steps = TINY["steps"]
    training = [report for report in reports if report[0] == "training"]
    assert training == [("training", STOP, steps)] + [("training", 1, steps)] * (steps - STOP)
