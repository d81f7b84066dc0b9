"""A training starts from the base model where that suits the text and the settings."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.seeded_models import TIDEWATER
from tests.training import BPE, SIZES, make_store, record, weights
from textgen import TextGenerator
from textgen.artifact.model_folder import read_model
from textgen.config.model import PACKAGED_MODEL
from textgen.errors import UsageError
from textgen.progress import SILENT
from textgen.tokenization.tokenizer import TOKENIZER
from textgen.trainer.start import initialization_of
from textgen.trainer.suitability import suitability_of

pytestmark = [pytest.mark.usefixtures("no_report"), pytest.mark.needs("train")]

TEXTS = {
    "english": "She said it was late, and that the boat would not come before the morning.\n",
    "hindi": "यह एक छोटी कहानी है, जिसमें एक लड़का नदी के किनारे बैठा अपने घर को याद करता है।\n",
    "chinese": "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。床前明月光，疑是地上霜。\n",  # noqa: RUF001  # Chinese
    "german": "Der Fährmann sagte, es sei zu spät, und das Boot käme erst am nächsten Morgen.\n",
    "code": "    for i in range(10):\n        x[i] += self.y[i] ** 2\n    return [k for k in y]\n",
    "names": "emma\nolivia\nava\nisabella\nsophia\ncharlotte\nmia\namelia\nharper\nevelyn\n",
    "molecules": "CC(C)c1ccc(NC(=O)C2CC2)cc1\nO=C(Nc1ccccc1F)N1CCOCC1\nCn1cnc(S(=O)(=O)N2)c1\n",
    "nothing": "",
}


@pytest.mark.parametrize("name", TEXTS)
def test_base_model_suits_english_alone(name: str) -> None:
    found = suitability_of(read_model(PACKAGED_MODEL), [TEXTS[name] * 4])
    assert (found is not None and found.is_enough) == (name == "english")


def starts_from_base(corpus: Any, **settings: Any) -> bool:
    """Return whether a training starts from the base model, and in its tokens."""
    start, store = initialization_of("auto", settings).open(corpus, SILENT)
    is_base = start.init_from is not None
    own = read_model(PACKAGED_MODEL).tokenizer.to_json()
    assert (store.tokenizer.to_json() == own) == is_base
    return is_base


def test_text_and_settings_decide_the_start(tmp_path: Path) -> None:
    (english := tmp_path / "english.txt").write_text(TIDEWATER.read_text("utf-8"), "utf-8")
    (names := tmp_path / "names.txt").write_text(TEXTS["names"] * 40, "utf-8")
    assert starts_from_base(str(english))
    assert starts_from_base(str(english), dropout=0.1, learning_rate=1e-4, batch_size=2)
    assert not starts_from_base(str(names))
    for settings in ({"tokenizer": "char"}, {"units": 24}, {"size": "s"}, BPE):
        assert not starts_from_base(str(english), **settings)


def test_choice_is_told_in_a_line_with_its_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="textgen")
    (names := tmp_path / "names.txt").write_text(TEXTS["names"] * 40, "utf-8")
    reasons: list[tuple[Any, dict[str, Any], str]] = [
        (TIDEWATER, {}, r"start: english, for .* bits per byte, and bzip2 .*start='none'"),
        (names, {}, r"start: random weights, for english predicts .*start='english'"),
        (TIDEWATER, {"units": 24}, "start: random weights, for units would make another network"),
        (TIDEWATER, {"tokenizer": "char"}, "start: random weights, for tokenizer goes with engl"),
        (make_store(TIDEWATER, tmp_path / "s"), {}, "start: random weights, .* other tokens"),
    ]
    for corpus, settings, reason in reasons:
        caplog.clear()
        starts_from_base(corpus if not isinstance(corpus, Path) else str(corpus), **settings)
        told = [r.getMessage() for r in caplog.records if r.getMessage().startswith("start: ")]
        assert len(told) == 1
        assert re.match(reason, told[0])


def test_recipe_with_tokens_of_its_own_is_trained_from_scratch(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text(TIDEWATER.read_text("utf-8"), "utf-8")
    sources = f'[[sources]]\npath = "{tmp_path / "book.txt"}"\n'
    about = 'description = "A book"\nlicence = "unknown"\n'
    (plain := tmp_path / "plain.toml").write_text(about + sources)
    (words := tmp_path / "words.toml").write_text(
        f'{about}[settings]\ntokenizer = "word"\n{sources}'
    )
    assert starts_from_base(str(plain))
    assert not starts_from_base(str(words))


def test_token_store_is_trained_on_in_the_tokens_it_has(tmp_path: Path) -> None:
    own = make_store(TIDEWATER, tmp_path / "own", tokenizer=str(PACKAGED_MODEL / TOKENIZER))
    other = make_store(TIDEWATER, tmp_path / "other")
    assert starts_from_base(own)
    assert not starts_from_base(other)


def test_texts_of_many_files_are_all_looked_at(tmp_path: Path) -> None:
    for number in range(20):
        text = TEXTS["english"] if number == 7 else TEXTS["molecules"]
        (tmp_path / f"{number:02}.txt").write_text(f"{number} {text * 9}", "utf-8")
    assert not starts_from_base(str(tmp_path))


def test_model_that_fine_tuning_spoils_is_kept_as_it_was(tmp_path: Path) -> None:
    settings = {**SIZES, "steps": 4, "learning_rate": 3.0, "warmup": 0.0}
    TextGenerator.train(TIDEWATER, out=tmp_path / "m", start="english", **settings)
    made = record(tmp_path / "m")
    assert made["best_step"] == made["course"][0][0] == 0
    assert made["course"][-1][1] > made["course"][0][1]
    before, after = (read_model(f).weights for f in (PACKAGED_MODEL, tmp_path / "m"))
    assert all((before[name] == after[name]).all() for name in before)


@pytest.mark.parametrize("start", ["auto", "none", "english"])
@pytest.mark.parametrize("characters", [300, 2000])
def test_text_that_is_shorter_than_a_window_is_trained_on(
    tmp_path: Path, start: str, characters: int
) -> None:
    (tmp_path / "short.txt").write_text(TIDEWATER.read_text("utf-8")[:characters], "utf-8")
    TextGenerator.train(tmp_path / "short.txt", out=tmp_path / "m", start=start, steps=2)
    assert record(tmp_path / "m")["steps_done"] == 2
    assert (record(tmp_path / "m")["init_from"] is None) == (start == "none")


def test_old_name_of_the_start_still_works_and_says_so(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="init_from is called start now"):
        TextGenerator.train(
            TIDEWATER, out=tmp_path / "m", init_from=PACKAGED_MODEL, steps=1, **SIZES
        )
    assert record(tmp_path / "m")["init_from"]["model"] == "english"


def test_standard_input_is_read_once_for_the_choice_and_the_training(
    run: Run, tmp_path: Path
) -> None:
    text = TIDEWATER.read_bytes()[:20_000]
    done = run("train", "-", "-o", tmp_path / "m", "--steps", 1, input=text)
    assert done.returncode == 0, done.stderr
    assert b"start: english" in done.stderr
    assert b"before training" in done.stderr
    told = run("info", "-m", tmp_path / "m").stdout.decode()
    assert "--from english" in told
    assert "bits per byte" in next(line for line in told.splitlines() if "began with" in line)
    command = told[told.index("textgen train") :].split()[1:]
    again = [
        "-" if part == "CORPUS" else str(tmp_path / "n") if part == "NEW" else part
        for part in command
    ]
    assert run(*again, input=text).returncode == 0
    assert weights(tmp_path / "m") == weights(tmp_path / "n")


def test_start_that_does_not_go_with_the_rest_is_refused_in_a_line(
    run: Run, tmp_path: Path
) -> None:
    refused: list[tuple[list[Any], str]] = [
        (["--from", "english", "--tokenizer", "char"], "tokenizer goes with english"),
        (["--from", "english", "--units", "24"], "units would make another network"),
        (["--from", tmp_path / "nowhere"], "no such model folder"),
        (["--from", TIDEWATER], "a file, not a model folder"),
    ]
    for options, told in refused:
        done = run("train", TIDEWATER, "-o", tmp_path / "m", *options)
        error = done.stderr.decode()
        assert done.returncode in (2, 65, 66), error
        assert told in error
        assert error.count("\n") == 1
        assert not (tmp_path / "m").exists()


def test_named_start_is_the_one_that_a_training_is_resumed_with(tmp_path: Path) -> None:
    TextGenerator.train(TIDEWATER, out=tmp_path / "m", start="english", steps=1, **SIZES)
    for start in ("auto", "english", PACKAGED_MODEL):
        TextGenerator.train(TIDEWATER, out=tmp_path / "m", resume=True, start=start)
    with pytest.raises(
        UsageError, match=r"start is none, but .* began with the weights of english"
    ):
        TextGenerator.train(TIDEWATER, out=tmp_path / "m", resume=True, start="none")
