"""Starting is light: nothing that trains or downloads is imported before it is needed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import textgen

HEAVY = {
    *("tensorflow", "keras", "keras_nlp", "keras_hub", "matplotlib", "filelock"),
    *("datasets", "torch", "pandas", "pyarrow"),
}

REPORT = """
import json, sys
{code}
print()
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def imported(code: str) -> set[str]:
    """Return the packages that a fresh process has imported after running some code."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT.format(code=code)], capture_output=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    return f"""
import contextlib
sys.argv = {["textgen", *arguments]!r}
from textgen.cli import main
with contextlib.suppress(SystemExit):
    main()
"""


def test_import_is_light() -> None:
    found = imported("import textgen")
    assert not found & (HEAVY | {"onnx", "onnxruntime", "tokenizers", "numpy", "click", "rich"})


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["generate", "--help"]])
def test_help_is_light(arguments: list[str]) -> None:
    found = imported(command(*arguments))
    assert "click" in found
    assert not found & (HEAVY | {"onnx", "onnxruntime", "tokenizers", "numpy"})


def test_generation_and_evaluation_need_no_training_framework(seeded: Path) -> None:
    generate = command("generate", "The", "-m", str(seeded), "-n", "5")
    assert "onnxruntime" in imported(generate)
    assert not imported(generate) & HEAVY
    recipe = Path(__file__).parent.parent / "corpora" / "tidewater.txt"
    evaluate = command("evaluate", str(recipe), "-m", str(seeded), "--split", "validation")
    assert not imported(evaluate) & HEAVY


@pytest.mark.needs("constrain")
def test_commands_that_write_import_nothing_that_they_do_not_use(
    seeded: Path, tmp_path: Path
) -> None:
    common = ("The", "-m", str(seeded))
    receipt = str(tmp_path / "receipt")
    unused = HEAVY | {"rich", "llguidance"}
    for arguments in (
        ("generate", *common, "-n", "5", "--stream", "--receipt", receipt),
        ("replay", receipt),
        ("next", *common),
    ):
        found = imported(command(*arguments))
        assert "onnxruntime" in found
        assert not found & unused
    constrained = imported(command("generate", *common, "--regex", "[a-z]{3}", "-n", "5"))
    assert constrained & unused == {"llguidance"}


@pytest.mark.needs("train")
def test_info_needs_neither_a_training_framework_nor_an_engine(
    trained: Path, interrupted: Path
) -> None:
    for folder in (trained, interrupted):
        found = imported(command("info", "-m", str(folder)))
        assert "safetensors" in found
        assert not found & (HEAVY | {"onnx", "onnxruntime"})


def test_library_generates_without_a_training_framework(seeded: Path) -> None:
    code = f"""
from textgen import TextGenerator
TextGenerator.from_pretrained({str(seeded)!r}).generate("The", max_new_tokens=5)
"""
    found = imported(code)
    assert not found & (HEAVY | {"click", "rich"})


def test_training_without_tensorflow_names_the_extra(cache_home: Path, tmp_path: Path) -> None:
    without = f"""
import sys
sys.modules["tensorflow"] = None  # as if it were not installed
{command("train", "tidewater", "-o", str(tmp_path / "m"), "-q")}
"""
    done = subprocess.run(
        [sys.executable, "-c", without],
        capture_output=True,
        check=False,
        env=os.environ | {"XDG_CACHE_HOME": str(cache_home)},
    )
    assert b"textgen: training needs tensorflow" in done.stderr
    assert b"extra 'train'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_public_names_are_these() -> None:
    assert sorted(textgen.__all__) == [
        "Adaptation",
        "Busy",
        "CorpusConfig",
        "DataError",
        "Generation",
        "GenerationConfig",
        "Interrupted",
        "LogitsProcessor",
        "MissingInput",
        "Model",
        "ModelConfig",
        "NetworkConfig",
        "NextToken",
        "ProgressReporter",
        "Quality",
        "Session",
        "SessionStream",
        "TextGenerator",
        "TextStream",
        "TextgenError",
        "Tokenizer",
        "TrainingConfig",
        "TrainingDiverged",
        "UnsafeModel",
        "Usage",
        "UsageError",
        "__version__",
    ]
    for name in textgen.__all__:
        assert getattr(textgen, name) is not None
    with pytest.raises(AttributeError):
        textgen.Nonsense  # noqa: B018  # the look-up is the test


def test_generation_tells_nobody_that_it_runs(seeded: Path, tmp_path: Path) -> None:
    """The runtime's telemetry begins with a file that names this process."""
    code = command("generate", "The", "-m", str(seeded), "-n", "5")
    places = dict.fromkeys(("TMPDIR", "HOME", "XDG_CACHE_HOME"), str(tmp_path))
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    told = "import os, sys" + code + "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run(
        [sys.executable, "-c", told], env=environment | places, check=True, capture_output=True
    )
    assert done.stdout.split()[-1] == b"1"
    assert not any(tmp_path.iterdir())
