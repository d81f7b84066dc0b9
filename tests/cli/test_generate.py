"""`textgen generate` as a person uses it: settings, rows, signals, receipts."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.cli.seen import one_line
from tests.conftest import Run
from textgen.cli.generate import generate
from textgen.errors import UsageError
from textgen.generator import TextGenerator
from textgen.runtime.generation.result import Generation

SEED = 4
Write = Callable[..., Generation]


@pytest.fixture(scope="module")
def write(seeded: Path) -> Write:
    """Write in this process what a command should."""
    generator = TextGenerator.from_pretrained(seeded)

    def write(prompt: str, **settings: Any) -> Generation:
        return generator.generate(prompt, **{"seed": SEED, "max_new_tokens": 60} | settings)

    return write


@pytest.fixture(scope="module")
def command(seeded: Path) -> Callable[..., list[str]]:
    """Make the arguments of a process."""

    def command(*arguments: Any) -> list[str]:
        start = [sys.executable, "-m", "textgen", "generate", "-m", seeded, "-s", SEED]
        return [*map(str, start), *map(str, arguments)]

    return command


def rows(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


SETTINGS: dict[str, Any] = {
    "samplers": ("penalties", "dry", "top_k", "temperature"),
    "temperature_schedule": ((0, 1.2), (50, 0.5)),
    "dry_multiplier": 1.5,
    "dry_breakers": (".", "\n"),
    "repetition_penalty": 1.1,
    "top_k": 12,
    "stop": ("zz", "qq"),
}
FLAGS = (
    "--samplers",
    "penalties;dry;top_k;temperature",
    "--temperature-schedule",
    "0=1.2,50=0.5",
    "--dry-multiplier",
    1.5,
    "--dry-breakers",
    ".",
    "--dry-sequence-breaker",
    "\n",
    "--repeat-penalty",
    1.1,
    "--top-k",
    12,
    "--stop",
    "zz",
    "--stop",
    "qq",
)
ENVIRONMENT = {
    "TEXTGEN_SAMPLERS": "penalties, dry, top_k, temperature",
    "TEXTGEN_TEMPERATURE_SCHEDULE": "0=1.2,50=0.5",
    "TEXTGEN_DRY_MULTIPLIER": "1.5",
    "TEXTGEN_REPETITION_PENALTY": "1.1",
    "TEXTGEN_TOP_K": "12",
    "TEXTGEN_DRY_BREAKERS": r'[".", "\n"]',
    "TEXTGEN_STOP": '["zz", "qq"]',
}
TOML = r"""
samplers = ["penalties", "dry", "top_k", "temperature"]
temperature_schedule = { 0 = 1.2, 50 = 0.5 }
dry_multiplier = 1.5
dry_breakers = [".", "\n"]
repetition_penalty = 1.1
top_k = 12
stop = ["zz", "qq"]
num_samples = 2
"""


def test_settings_reach_the_text_from_flags_environment_and_toml(
    run: Run, seeded: Path, tmp_path: Path, write: Write
) -> None:
    expected = write("The", **SETTINGS).text
    assert expected != write("The").text
    common = ("generate", "The", "-m", seeded, "-s", SEED, "-n", 60)
    assert run(*common, *FLAGS).stdout.decode() == expected + "\n"
    assert run(*common, env=ENVIRONMENT).stdout.decode() == expected + "\n"
    (tmp_path / "options.toml").write_text(TOML)
    texts = run(*common, "--config", tmp_path / "options.toml").stdout.decode()
    second = write("The", **SETTINGS, seed=SEED + 1).text
    assert texts == f"{expected}\n---\n{second}\n"


def test_precision_is_the_models_own_unless_another_is_asked_for(run: Run, seeded: Path) -> None:
    common = ("generate", "The", "-m", seeded, "-s", SEED, "-n", 20, "--json")
    found = {name: rows(run(*common, "--precision", name).stdout)[0] for name in ("int8", "fp32")}
    for name, told in found.items():
        generator = TextGenerator.from_pretrained(seeded, precision=name)
        result = generator.generate("The", seed=SEED, max_new_tokens=20)
        assert told == json.loads(json.dumps(result.to_dict()))
    assert found["int8"]["logprobs"] != found["fp32"]["logprobs"]
    own = TextGenerator.from_pretrained(seeded).decoder.precision
    assert rows(run(*common).stdout) == [found[own]]


def test_samples_are_the_same_live_and_whole_and_the_last_seed_is_followed_by_0(
    run: Run, seeded: Path
) -> None:
    largest = 2**63 - 1
    common = ("generate", "The", "-m", seeded, "-s", largest, "--num-samples", 2, "-n", 9)
    texts = [run(*common, "--echo", way).stdout for way in ("--stream", "--no-stream")]
    assert texts[0] == texts[1]
    told = rows(run(*common, "--json").stdout)
    assert [one["seed"] for one in told] == [largest, 0]
    assert texts[0].decode() == "The{text}\n---\nThe{}\n".format(
        told[1]["text"], text=told[0]["text"]
    )


@pytest.mark.parametrize(
    ("settings", "pattern", "behind"),
    [
        (("--stop", "{stop}"), "(?s)(?!.*{stop}).+", "(?s){stop}.*"),
        (("--stop", "{stop}", "--min-new-tokens", "100"), "(?s).{{100,}}", "(?s){stop}.*"),
        (("--stop-at", "sentence"), r"(?s).*[.!?]\W*", r"(?s)\s.*"),
        (("--stop-at", "line"), r"\s*.*", r"(?s)\n.*"),
        (("-n", "0"), "", "(?s).*"),
    ],
)
def test_texts_end_where_they_are_told_to(
    seeded: Path, settings: tuple[str, ...], pattern: str, behind: str
) -> None:
    arguments = ["The", "-m", str(seeded), "-s", "1", "-n", "2000", "--logit-bias", ".=3"]
    whole = CliRunner().invoke(generate, arguments).stdout
    stop = whole[150:153]
    arguments += [one.format(stop=stop) for one in settings]
    done = CliRunner().invoke(generate, arguments)
    assert done.exit_code == 0
    assert done.stderr == "seed 1\n"
    written = done.stdout.removesuffix("\n")
    assert re.fullmatch(pattern.format(stop=re.escape(stop)), written)
    assert whole.startswith(written)
    assert re.fullmatch(behind.format(stop=re.escape(stop)), whole[len(written) :])
    live = CliRunner().invoke(generate, [*arguments, "--stream"])
    assert live.stdout == done.stdout


ROWS = rb"""
"The"

{"prompt": "A", "max_new_tokens": 3, "seed": 9, "temperature": 0}
nonsense
[1]
{"prompt": 3}
{"temprature": 1}
{"temperature": -1}
{"temperature": "hot"}
{"banned_tokens": ["the"]}
{"prompt": "\ud800"}
{"prompt": "caf\u00e9", "samplers": ["temperature"], "stop": "e"}
"""
FAILURES = {
    2: "{name}:5: not JSON: ",
    3: "{name}:6: neither a text nor an object whose 'prompt' is one",
    4: "{name}:7: neither a text nor an object",
    5: "did you mean 'temperature'?",
    6: "temperature is -1",
    7: "temperature is 'hot'",
    8: "'the' is 3 tokens",
    9: "lone surrogate",
    10: None,
    11: "{name}:14: not JSON: 'utf-8'",
}


@pytest.mark.parametrize("piped", [True, False])
def test_rows_have_settings_of_their_own_and_a_bad_one_is_an_error_in_its_place(
    run: Run, seeded: Path, tmp_path: Path, write: Write, piped: bool
) -> None:
    file = tmp_path / "rows.jsonl"
    deep = b"[" * 100_000 + b"\n"
    file.write_bytes(ROWS + b'"\xff"\n' + deep + b'"last"')
    common = ("generate", "--jsonl", "-m", seeded, "-s", SEED, "-n", 5)
    done = run(*common, input=file.read_bytes()) if piped else run(*common, "-f", file)
    assert done.returncode == 65
    name = "standard input" if piped else str(file)
    seed, error = done.stderr.decode().splitlines()
    assert seed == f"seed {SEED}"
    assert error.startswith(f"textgen: 10 of 14 texts failed; the first, number 3: {name}:5: ")
    told = rows(done.stdout)
    assert len(told) == 14
    assert told[0]["text"] == write("The", max_new_tokens=5).text
    assert told[1]["text"] == write("A", max_new_tokens=3, temperature=0).text
    assert told[1]["seed"] == 9
    settings = {"samplers": ("temperature",), "stop": "e", "seed": SEED + 10}
    assert told[10]["text"] == write("café", max_new_tokens=5, **settings).text
    assert told[13]["text"] == write("last", max_new_tokens=5, seed=SEED + 13).text
    for number, part in FAILURES.items():
        if part is None:
            assert told[number]["error"] is None
        else:
            assert part.format(name=name) in told[number]["error"]
            assert told[number]["finish_reason"] == "error"


def test_a_row_is_answered_before_the_next_one_is_written(
    command: Callable[..., list[str]], write: Write
) -> None:
    process = subprocess.Popen(
        command("--jsonl", "-q", "-n", 5), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    for number, prompt in enumerate(("The", "A", "Boats")):
        process.stdin.write(json.dumps(prompt).encode() + b"\n" + b'"unfin' * (prompt == "Boats"))
        process.stdin.flush()
        told = json.loads(process.stdout.readline())
        assert told["text"] == write(prompt, max_new_tokens=5, seed=SEED + number).text
    rest, _ = process.communicate(b'ished"')
    assert json.loads(rest)["text"] == write("unfinished", max_new_tokens=5, seed=SEED + 3).text
    assert process.returncode == 0


def test_waiting_for_rows_ends_at_once_with_ctrl_c(command: Callable[..., list[str]]) -> None:
    process = subprocess.Popen(
        command("--jsonl", "-n", 5),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(b'"The"\n')
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.decode().splitlines()[1:] == ["textgen: interrupted"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_an_endless_text_whose_receipt_replays(
    run: Run, command: Callable[..., list[str]], tmp_path: Path, number: int, code: int
) -> None:
    receipt = tmp_path / "receipt"
    endless = ("-n", -1, "--min-new-tokens", 10_000_000)
    process = subprocess.Popen(
        command("The", *endless, "--num-samples", 2, "--receipt", receipt, "-q"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    begin = os.read(process.stdout.fileno(), 100)
    process.send_signal(number)
    rest, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert error == b"textgen: interrupted\n"
    text = (begin + rest).decode()
    assert text.endswith("\n")
    assert len(text) > 1
    (result,) = json.loads(receipt.read_text())["results"]
    assert result["finish_reason"] == "interrupted"
    assert run("replay", receipt).stdout.decode() == text


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--receipt", "{there}"), "there: exists already; choose another name"),
        (("-o", "{there}"), "there: exists already; choose another name"),
        (("-o", "{new}", "--receipt", "{new}"), "cannot hold both the text and its receipt"),
        (("-f", "{long}", "--receipt", "{new}"), "receipt would be longer than"),
        (("--ban-token", "the", "--json"), "'the' is 3 tokens"),
        (("--ban-token", "the", "--stream"), "'the' is 3 tokens"),
        (("--ban-token", "the", "--jsonl"), "'the' is 3 tokens"),
        (("--jsonl", "--echo"), "jsonl and echo exclude each other"),
        (("--jsonl", "-p", "The"), "jsonl and prompt exclude each other"),
        (("--jsonl", "--num-samples", "2"), "jsonl and num_samples exclude each other"),
        (("--jsonl", "--receipt", "{new}"), "jsonl and receipt exclude each other"),
        (("--samplers", "top_k;temprature"), "samplers is 'temprature'; it must be one of pen"),
        (("--samplers", "temperature", "--top-p", "0.9"), "leaves out top_p, which is on"),
        (("--samplers", "top_k;top_k;temperature"), "samplers names top_k twice"),
        (("--temperature-schedule", "9=1,0=2"), "they must increase"),
        (("--temperature-schedule", "0=1,9=-2"), "at least 0 and at most 100"),
        (("--min-new-tokens", "9", "-n", "5"), "min_new_tokens is 9, above max_new_tokens"),
        (("--mirostat", "1"), "it must be 2"),
        (("--beams", "2", "-n", "-1"), "limited length"),
        (("--stop", ""), "stop holds an empty text"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    seeded: Path, tmp_path: Path, arguments: tuple[str, ...], part: str
) -> None:
    names = {name: tmp_path / name for name in ("there", "new", "long")}
    names["there"].write_text("mine")
    names["long"].write_text("a" * (1 << 20))
    given = [argument.format(**names) for argument in arguments]
    done = CliRunner().invoke(generate, ["-m", str(seeded), *given], input='"The"\n')
    assert isinstance(done.exception, UsageError)
    assert part in str(done.exception)
    assert done.output == ""
    assert names["there"].read_text() == "mine"
    assert not names["new"].exists()


@pytest.mark.parametrize("columns", [80, 120])
def test_help_fits_the_terminal_and_shows_values_as_a_person_writes_them(
    run: Run, columns: int
) -> None:
    shown = run("generate", "--help", env={"COLUMNS": str(columns)}).stdout.decode()
    lines = shown.splitlines()
    assert max(map(len, lines)) <= min(columns, 100)
    told = " ".join(shown.split())
    for part in (
        "--samplers FILTER[;...] Order",
        "[default: penalties; dry; top_n_sigma; top_k; typical_p; top_p; min_p; xtc; temperature; "
        "mirostat]",
        "[default: ('\\n', ':', '\"', '*')]",
        "0 is off. [default: 0]",
        "1 is off. [default: 1]",
        "[default: 0.8]",
        "[default: (int8 where it costs the model little)]",
    ):
        assert part in told


@pytest.mark.needs("train")
def test_copies_of_the_training_text_are_limited_and_told(run: Run, tmp_path: Path) -> None:
    corpus, model = tmp_path / "c.txt", tmp_path / "m"
    corpus.write_text("abcdefghij " * 400)
    sizes = ("--units", 16, "--embedding-size", 8, "--steps", 60, "--copy-index", "-q")
    assert run("train", corpus, "-o", model, *sizes).returncode == 0
    done = run("generate", "abc", "-m", model, "-s", 1, "-n", 80, "--max-copy", 6)
    assert done.returncode == 0
    told = done.stderr.decode().splitlines()
    length = int(told[-1].removeprefix("longest copy: ").partition(" ")[0])
    assert 1 <= length <= 6
    assert not any(
        done.stdout.decode()[k : k + 7] in corpus.read_text() for k in range(len(done.stdout) - 7)
    )
    refused = run("generate", "abc", "--max-copy", 6)
    assert refused.returncode == 2
    assert "--copy-index" in one_line(refused.stderr)
