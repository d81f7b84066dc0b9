"""The commands as a person uses them, each in a process of its own."""

import gzip
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.seen import one_line
from tests.conftest import Run, need
from tests.seeded_models import TIDEWATER
from textgen.generator import TextGenerator

QUICK = ("--units", "16", "--embedding-size", "8")


def test_trained_model_beats_chance_and_writes(run: Run, trained: Path) -> None:
    told = json.loads(run("info", "-m", trained, "--json").stdout)
    assert told["training"]["steps"] == 120
    # Half of it is learned by any processor: chance is ln 258, 5.55; here it is 2.7.
    assert told["training"]["validation"]["nats_per_token"] < 4
    assert told["config"]["units"] == [48]
    done = run("generate", "The ferry", "-m", trained, "-n", 50, "-s", 3)
    assert done.returncode == 0
    assert len(done.stdout.decode()) == 51  # and a newline
    assert done.stderr == b"seed 3\n"


@pytest.mark.needs("train")
def test_training_shows_progress_and_samples_on_stderr_alone(run: Run, tmp_path: Path) -> None:
    done = run("train", "tidewater", "-o", tmp_path / "m", "--steps", 3, *QUICK)
    assert done.returncode == 0
    assert done.stdout == b""
    shown = done.stderr.decode()
    for part in ("tidewater: char, 258 types", "validation: ", "3 steps in", "textgen generate -m"):
        assert part in shown
    assert "oneDNN" not in shown
    assert "WARNING" not in shown


@pytest.mark.needs("train")
def test_prepared_store_and_standard_input_serve_as_corpus(run: Run, tmp_path: Path) -> None:
    store = tmp_path / "store"
    text = TIDEWATER.read_bytes()
    done = run("prepare", "-", "-o", store, "--tokenizer", "bpe", "--vocab-size", 600, input=text)
    assert done.returncode == 0
    assert "600 types" in done.stderr.decode()
    done = run("train", store, "-o", tmp_path / "m", "--steps", 2, *QUICK)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "m" / "config.json").read_text())["vocab_size"] == 600


@pytest.mark.needs("train")
def test_options_of_network_and_optimizer_reach_the_model(run: Run, tmp_path: Path) -> None:
    toml = tmp_path / "options.toml"
    toml.write_text("activation = ['tanh', 'softsign']\nmetrics = ['accuracy']\n")
    done = run(
        "train",
        "tidewater",
        "-o",
        tmp_path / "m",
        "--steps",
        2,
        "--config",
        toml,
        "--units",
        "8,6",
        "--embedding-size",
        "4",
        "--tie-embeddings",
        "--metrics",
        "accuracy,top_5_accuracy",
        "--optimizer",
        "sgd",
        "--recurrent-dropout",
        0.1,
        env={"TEXTGEN_RECURRENT_ACTIVATION": "hard_sigmoid"},
    )
    assert done.returncode == 0, done.stderr
    assert ", accuracy 0." in done.stderr.decode()
    told = json.loads(run("info", "-m", tmp_path / "m", "--json").stdout)
    assert told["config"]["activation"] == ["tanh", "softsign"]
    assert told["config"]["recurrent_activation"] == ["hard_sigmoid"]
    assert told["training"]["settings"]["optimizer"] == "sgd"
    assert set(told["training"]["metrics"]) == {"accuracy", "top_5_accuracy"}
    shown = run("info", "-m", tmp_path / "m").stdout.decode()
    network = "embedding 4 (tied), LSTM 8 + 6, activation tanh + softsign, recurrent activation"
    for part in (f"{network} hard_sigmoid", ", top_5_accuracy 0."):
        assert part in shown
    assert network in (tmp_path / "m" / "README.md").read_text()
    assert run("generate", "-m", tmp_path / "m", "-n", 5).returncode == 0


def test_evaluate_agrees_with_what_training_measured(run: Run, trained: Path) -> None:
    told = json.loads(run("info", "-m", trained, "--json").stdout)["training"]["validation"]
    done = run("evaluate", TIDEWATER, "-m", trained, "--split", "validation", "--json")
    measured = json.loads(done.stdout)
    assert list(measured) == [
        "nats_per_token",
        "perplexity",
        "bits_per_byte",
        "bits_per_character",
        "tokens",
        "characters",
        "bytes",
        "documents",
    ]
    assert abs(measured["nats_per_token"] - told["nats_per_token"]) < 2e-3
    assert {k: measured[k] for k in ("tokens", "bytes")} == {
        k: told[k] for k in ("tokens", "bytes")
    }
    for precision, is_default in (("fp32", True), ("int8", False)):
        generator = TextGenerator.from_pretrained(trained, precision=precision)
        quality = generator.evaluate(TIDEWATER, split="validation").to_dict()
        assert (quality == measured) == is_default
    whole = json.loads(run("evaluate", TIDEWATER, "-m", trained, "--json").stdout)
    assert whole["characters"] == len(TIDEWATER.read_text(encoding="utf-8"))


def test_samples_repeat_one_by_one_and_json_tells_all(run: Run, seeded: Path) -> None:
    arguments = ("generate", "The", "-m", seeded, "-n", 40)
    text = run(*arguments, "-s", 7, "--num-samples", 2).stdout.decode()
    first, second = text.removesuffix("\n").split("\n---\n")
    assert run(*arguments, "-s", 8).stdout.decode() == second + "\n"
    lines = run(*arguments, "-s", 7, "--num-samples", 2, "--json").stdout.decode().splitlines()
    told = [json.loads(line) for line in lines]
    assert [one["text"] for one in told] == [first, second]
    assert [one["seed"] for one in told] == [7, 8]
    keys = {"text", "tokens", "logprobs", "finish_reason", "seed", "usage", "error"}
    keys.add("longest_copy")
    assert set(told[0]) == keys


def test_streamed_text_is_the_text(run: Run, seeded: Path) -> None:
    arguments = ("generate", "The", "-m", seeded, "-s", 7, "--echo")
    streamed = run(*arguments, "--stream").stdout
    assert streamed == run(*arguments, "--no-stream").stdout
    assert streamed.startswith(b"The")


def test_prompt_comes_from_argument_option_file_or_pipe(
    run: Run, seeded: Path, tmp_path: Path
) -> None:
    (tmp_path / "prompt").write_bytes("The café".encode())
    common = ("-m", seeded, "-s", 7, "-n", 20)
    expected = run("generate", "The café", *common).stdout
    assert run("generate", "-p", "The café", *common).stdout == expected
    assert run("generate", "-f", tmp_path / "prompt", *common).stdout == expected
    assert run("generate", "-", *common, input="The café".encode()).stdout == expected
    assert run("generate", *common).returncode == 0
    assert "more than one prompt" in one_line(run("generate", "a", "-p", "b", *common).stderr)


def test_output_file_holds_the_text_and_is_never_overwritten(
    run: Run, seeded: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.txt"
    arguments = ("generate", "The", "-m", seeded, "-s", 7, "-n", 20)
    assert run(*arguments, "-o", out).stdout == b""
    assert out.read_bytes() == run(*arguments).stdout
    again = run(*arguments, "-o", out)
    assert again.returncode == 2
    assert "exists already" in one_line(again.stderr)


def test_closed_pipe_ends_silently_with_success(seeded: Path) -> None:
    command = f"{sys.executable} -m textgen generate -m {seeded} -n 100000 --stream -q"
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -c 10 >/dev/null; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"0\n"
    assert done.stderr == b""


def test_output_that_lacks_a_character_gets_a_question_mark(run_anew: Run, seeded: Path) -> None:
    arguments = ("generate", "é漢", "-m", seeded, "-n", 0, "--echo", "-q")
    assert run_anew(*arguments, env={"PYTHONIOENCODING": "latin-1"}).stdout == b"\xe9?\n"


def test_flag_beats_environment_beats_toml(run: Run, seeded: Path, tmp_path: Path) -> None:
    toml = tmp_path / "options.toml"
    toml.write_text("max_new_tokens = 5\nstop = ['zzz']\n")

    def length(*arguments: str, **environment: str) -> int:
        common = ("generate", "The", "-m", seeded, "-s", 1, "--json", "--config", toml)
        return len(json.loads(run(*common, *arguments, env=environment).stdout)["tokens"])

    assert length() == 5
    assert length(TEXTGEN_MAX_NEW_TOKENS="6") == 6
    assert length("-n", "7", TEXTGEN_MAX_NEW_TOKENS="6") == 7
    assert length("--max-tokens", "8") == 8


def test_tokens_are_named_alike_on_the_command_line_in_toml_and_in_the_environment(
    run: Run, seeded: Path, tmp_path: Path
) -> None:
    def text(*arguments: str, toml: str = "", **environment: str) -> str:
        (tmp_path / "options.toml").write_text(toml)
        common = ("generate", "The", "-m", seeded, "-s", 1, "-q")
        done = run(*common, *arguments, "--config", tmp_path / "options.toml", env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    written = text(
        "--ban-token", "e", "--ban-token", "#0", "--logit-bias", "#33=3", "--logit-bias", "a=-2.5"
    )
    assert "e" not in written
    assert " " in written
    banned = "banned_tokens = ['e', 0]\n"
    assert written == text(toml=banned + "logit_bias = {'#33' = 3, a = -2.5}")
    assert written == text(toml=banned + "logit_bias = [[33, 3], ['a', -2.5]]")
    assert written == text(
        TEXTGEN_BAN_TOKEN='["e", "#0"]', TEXTGEN_LOGIT_BIAS='["#33=3", ["a", -2.5]]'
    )
    assert "=" not in text("--logit-bias", "==-100", "--repeat-penalty", "1.2")
    assert text("--stop", "he") == text(toml="stop = 'he'") != text()


def test_settings_of_the_model_stand_under_those_of_the_call(
    run: Run, seeded: Path, tmp_path: Path
) -> None:
    import shutil

    model = tmp_path / "edited"
    shutil.copytree(seeded, model)
    values = json.loads((model / "generation_config.json").read_text())
    (model / "generation_config.json").write_text(json.dumps(values | {"max_new_tokens": 9}))
    tokens = [
        len(json.loads(run("generate", "-m", model, "-s", 1, "--json", *more).stdout)["tokens"])
        for more in ((), ("-n", "4"))
    ]
    assert tokens == [9, 4]


def test_model_is_found_in_the_environment(run: Run, seeded: Path) -> None:
    done = run("generate", "-n", 5, env={"TEXTGEN_MODEL": str(seeded)})
    assert done.returncode == 0


def test_version_and_help(run: Run) -> None:
    assert run("--version").stdout.startswith(b"textgen, version 0.")
    for command in (
        *("prepare", "train", "generate", "next", "replay", "evaluate"),
        *("info", "corpora", "tokenizer"),
    ):
        done = run(command, "--help")
        assert done.returncode == 0
        assert f"textgen {command}".encode() in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        (("generate", "-m", "nowhere"), 66, ["nowhere: no such model folder", "textgen train"]),
        (("generate", "--top-k", "-1", "-m", "{model}"), 2, ["top_k is -1", "at least 0"]),
        (("generate", "--ban-token", "the", "-m", "{model}"), 2, ["3 tokens", "'t' #", "'e' #"]),
        (("generate", "--ban-token", "#999", "-m", "{model}"), 2, ["id 999", "0 to 257"]),
        (("generate", "--logit-bias", "e", "-m", "{model}"), 2, ["'e'", "e=2.5", "#17=-1"]),
        (("generate", "--logit-bias", "e=200", "-m", "{model}"), 2, ["200.0", "at most 100"]),
        (("generate", "--config", "{flat_toml}"), 2, ["'--logit-bias'", "5 is not", "e=2.5"]),
        (("generate", "--top-k", "x"), 2, ["'--top-k'", "not a valid integer"]),
        (("generate", "--temprature", "1"), 2, ["--temprature", "--temperature", "--help"]),
        (("generate", "--config", "none.toml"), 66, ["none.toml: no such file"]),
        (("generate", "--config", "{bad_toml}"), 2, ["not a TOML file"]),
        (("generate", "--config", "{odd_toml}"), 2, ["'temprature'", "'temperature'"]),
        (("generate", "-f", "none.txt", "-m", "{model}"), 66, ["none.txt: no such file"]),
        (("generate", "-m", "{model}", "ab\udcff"), 65, ["surrogate"]),
        (("generate", "--samplers", "top_k;top", "-m", "{model}"), 2, ["'top'", "penalties, dry"]),
        (("generate", "--temperature-schedule", "0=x"), 2, ["'0=x'", "0=1.2,200=0.6"]),
        (("generate", "--precision", "int4", "-m", "{model}"), 2, ["'int4'", "'int8', 'fp32'"]),
        (("generate", "--receipt", "{json}", "-m", "{model}"), 2, ["json.json: exists already"]),
        (("generate", "--jsonl", "-f", "no.jsonl", "-m", "{model}"), 66, ["no.jsonl: no such"]),
        (("next", "-k", "0", "-m", "{model}"), 2, ["'-k'", "0 is not"]),
        (("replay", "none"), 66, ["none: no such file"]),
        (("replay", "{json}"), 65, ["json.json: not a receipt"]),
        (("train", "none.txt", "-o", "{out}"), 66, ["none.txt: no such file"]),
        (("train", "{empty}", "-o", "{out}"), 65, ["empty.txt: the corpus is empty"]),
        (("train", "{latin}", "-o", "{out}"), 65, ["latin.txt:2: byte 8", "--encoding"]),
        (("train", "{short}", "-o", "{out}"), 65, ["too short", "--batch-size"]),
        (("train", "{text}", "-o", "{model}"), 2, ["exists already", "--overwrite"]),
        (("train", "{text}", "-o", "{out}", "--steps", "1", "--epochs", "1"), 2, ["exclude"]),
        (("train", "{text}", "-o", "{out}", "--budget", "soon"), 2, ["'soon'", "10m"]),
        (("train", "{text}", "-o", "{out}", "--units", "5,x"), 2, ["--units", "512,256"]),
        (("train", "{text}", "-o", "{out}", "--validation", "1"), 2, ["validation is 1"]),
        (("train", "{text}", "-o", "{out}", "--encoding", "no"), 2, ["encoding is 'no'"]),
        (("train", "{text}", "-o", "{out}", "--activation", "gelu"), 2, ["'gelu'", "tanh, sig"]),
        (("train", "{text}", "-o", "{out}", "--activation", "relu,elu"), 2, ["2 functions", "1 "]),
        (("train", "{text}", "-o", "{out}", "--optimizer", "adem"), 2, ["'adem'", "'adamw'"]),
        (("train", "{text}", "-o", "{out}", "--metrics", "bleu"), 2, ["'bleu'", "top_5_accuracy"]),
        (("train", "{text}"), 2, ["Missing option '-o'"]),
        (("train", "{ragged}", "-o", "{out}"), 65, ["ragged.csv:3: 1 fields"]),
        (("train", "{twice}", "-o", "{out}"), 65, ["twice.jsonl:2:", "'text' comes twice"]),
        (("train", "{cut}", "-o", "{out}"), 65, ["cut.txt.gz: byte ", "it ends too early"]),
        (("train", "{table}", "-o", "{out}"), 65, ["--column", "columns are: title, body"]),
        (("train", "{table}", "-o", "{out}", "--column", "x"), 65, ["'x'", "title, body"]),
        (("train", "{table}", "-o", "{out}", "--template", "$"), 2, ["names nothing"]),
        (("train", "{table}", "-o", "{out}", "--template", "x"), 2, ["names no column"]),
        (("train", "{text}", "-o", "{out}", "--documents", "row"), 2, ["plain text has no rows"]),
        (("train", "{text}", "-o", "{out}", "--validation", "x"), 2, ["neither a file"]),
        (("train", "{text}", "-o", "{out}", "--tokenizer", "wrod"), 2, ["one of char, byte"]),
        (("train", "{text}", "-o", "{out}", "--tokenizer", "x.json"), 66, ["x.json: no such file"]),
        (("train", "{text}", "-o", "{out}", "--tokenizer", "{json}"), 65, ["not a usable token"]),
        (("train", "{text}", "-o", "{out}", "--strict"), 2, ["strict", "tokenizer word"]),
        (("train", "{text}", "-o", "{out}", "--vocab-size", "900"), 2, ["char", "bpe, unigram"]),
        (("train", "hf:x", "-o", "{out}"), 2, ["hf:org/name[:config][@revision]"]),
        (("tokenizer", "info", "-m", "{json}"), 65, ["not a usable tokenizer.json"]),
        (("tokenizer", "encode", "-m", "{model}"), 2, ["no text"]),
        (("tokenizer", "decode", "-m", "{model}", "a"), 2, ["whole numbers"]),
        (("tokenizer", "decode", "-m", "{model}", "999"), 2, ["token 999", "0 to 257"]),
        (("tokenizer", "train", "{text}", "-o", "{json}"), 2, ["exists already"]),
        (("prepare", "{text}", "-o", "{model}"), 2, ["exists already"]),
        (("evaluate", "{text}", "-m", "{model}", "--split", "test"), 2, ["test split", "empty"]),
        (("evaluate", "none.txt", "-m", "{model}"), 66, ["none.txt"]),
        (("info", "-m", "{empty}"), 66, ["not a model folder"]),
        (("nonsense",), 2, ["No such command 'nonsense'"]),
    ],
)
def test_bad_input_gets_one_line_and_its_exit_code(
    run: Run, seeded: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, parts: list[str]
) -> None:
    files = {
        "empty.txt": b"",
        "latin.txt": b"one\ntwo \xe9\n",
        "short.txt": b"too short",
        "text.txt": TIDEWATER.read_bytes(),
        "bad_toml.toml": b"x = ",
        "odd_toml.toml": b"temprature = 1.0",
        "flat_toml.toml": b"logit_bias = 5",
        "ragged.csv": b"title,text\na,b\nc\n",
        "table.csv": b"title,body\na,b\n",
        "twice.jsonl": b'{"text": "a"}\n{"text": "b", "text": "c"}\n',
        "cut.txt.gz": gzip.compress(TIDEWATER.read_bytes())[:-20],
        "json.json": b"{}",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    names = {name.partition(".")[0]: tmp_path / name for name in files}
    names |= {"model": seeded, "out": tmp_path / "out"}
    if arguments[0] == "train":
        need("train")
    done = run(*(argument.format(**names) for argument in arguments), cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stdout == b""
    error = one_line(done.stderr.splitlines(keepends=True)[-1])
    for part in parts:
        assert part in error
    assert {path.name for path in tmp_path.iterdir()} == set(files)  # nothing half-written


def test_bad_bytes_from_a_pipe_name_line_and_byte(run: Run, tmp_path: Path) -> None:
    done = run("prepare", "-", "-o", tmp_path / "store", input=b"one\n\xff")
    assert done.returncode == 65
    assert one_line(done.stderr).startswith("textgen: standard input:2: byte 4 (ff)")


def test_changed_byte_in_a_model_is_found(run: Run, seeded: Path, tmp_path: Path) -> None:
    import shutil

    model = tmp_path / "model"
    shutil.copytree(seeded, model)
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-5] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    done = run("generate", "-m", model)
    assert done.returncode == 65
    assert "model.safetensors: changed or damaged" in one_line(done.stderr)


# What any program with options has to load that is written in Python.
BARE = [sys.executable, "-c", "import click, dataclasses, json, pathlib, tomllib"]


def cpu_seconds(begin: Callable[[], "subprocess.CompletedProcess[bytes]"]) -> float:
    """Return the shortest of some runs, by the processor's clock, which other work leaves alone."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert begin().returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


@pytest.mark.parametrize("arguments", [("--help",), ("train", "--help")])
def test_help_takes_little_more_than_python_and_its_libraries(
    run_anew: Run, arguments: tuple[str, ...]
) -> None:
    bare = cpu_seconds(lambda: subprocess.run(BARE, capture_output=True, check=False))
    assert cpu_seconds(lambda: run_anew(*arguments)) < 4 * bare
