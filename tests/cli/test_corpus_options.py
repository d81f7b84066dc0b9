"""Corpora and tokenizers of every kind, as a person names them on the command line."""

import json
import resource
from pathlib import Path

import pytest
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import models, pre_tokenizers

from tests.cli.seen import one_line
from tests.conftest import Run
from tests.seeded_models import TIDEWATER


def test_tokenizer_is_learned_used_and_shown(run: Run, seeded: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    done = run("tokenizer", "train", TIDEWATER, "-o", mine, "--tokenizer", "word")
    assert (done.returncode, done.stdout) == (0, b"")
    text = "The harbour\nwas still."
    ids = run("tokenizer", "encode", "-m", mine, text).stdout
    assert run("tokenizer", "decode", "-m", mine, "-", input=ids).stdout.decode() == text + "\n"
    assert (
        run("tokenizer", "decode", "-m", mine, *ids.decode().split()).stdout.decode() == text + "\n"
    )
    pairs = json.loads(run("tokenizer", "encode", "-m", mine, "--json", text).stdout)
    assert "".join(shown for _, shown in pairs) == text
    assert run("tokenizer", "encode", "-m", mine, "-", input=text.encode()).stdout == ids
    told = json.loads(run("tokenizer", "info", "-m", mine, "--json").stdout)
    assert (told["kind"], told["normalize"]) == ("word", "nfc")
    assert b"char" in run("tokenizer", "info", "-m", seeded).stdout
    again = run("tokenizer", "train", TIDEWATER, "-o", mine, "--overwrite")
    assert again.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"mine.json", "mine.json.old"}


@pytest.mark.needs("train")
def test_tokenizer_of_ones_own_trains_and_says_what_it_loses(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    library = LibraryTokenizer(models.WordLevel({"the": 0, "[UNK]": 1}, "[UNK]"))
    library.pre_tokenizer = pre_tokenizers.Whitespace()
    library.save(str(mine))
    sizes = ("--units", 4, "--embedding-size", 4, "--batch-size", 2, "--window", 4, "--steps", 2)
    done = run("train", TIDEWATER, "-o", tmp_path / "m", "--tokenizer", mine, *sizes)
    assert done.returncode == 0, done.stderr.decode()
    told = done.stderr.decode()
    assert "does not give every text back as it was: 'THE FERRY" in told
    assert "comes back as '[UNK] [UNK]" in told
    written = run("generate", "-m", tmp_path / "m", "-n", 3, "the the").stdout.split()
    assert set(written) <= {b"the", b"[UNK]"}


def test_bytes_that_are_part_of_a_character_can_be_told_apart(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    assert run("tokenizer", "train", TIDEWATER, "-o", mine, "--tokenizer", "byte").returncode == 0
    pairs = json.loads(run("tokenizer", "encode", "-m", mine, "--json", "a潮é").stdout)
    shown = ["a", "bytes e6", "bytes bd", "bytes ae", "bytes c3", "bytes a9"]
    assert [text for _, text in pairs] == shown


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'{"a": 0, "b": 1}', "a vocabulary alone (vocab.json)"),
        (b'{"model_max_length": 9, "tokenizer_class": "X"}', "settings of a tokenizer"),
        (b'{"unk_token": "?"}', "settings of a tokenizer"),
        (b"\n\x0e\n\x05<unk>\x15\x00\x00", "binary, as a SentencePiece model"),
        (b"\xff\xfe\x00", "binary, as a SentencePiece model"),
        (b"[UNK]\n##s\nthe\n", "a vocabulary alone (vocab.txt)"),
        (b"#version: 0.2\nt h\nth e\n", "merges alone (merges.txt)"),
    ],
)
def test_other_files_of_a_tokenizer_are_known(
    run: Run, tmp_path: Path, content: bytes, what: str
) -> None:
    path = tmp_path / "given.json"
    path.write_bytes(content)
    done = run("tokenizer", "info", "-m", path)
    assert done.returncode == 65
    line = one_line(done.stderr)
    assert f"given.json: {what}" in line
    assert "a tokenizer.json is wanted" in line


def test_what_is_left_out_is_said(run: Run, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    rows = "".join(f'{{"text": "row {number}"}}\n' for number in range(99))
    (corpus / "rows.jsonl").write_text(rows + '{"text": null}\n{"text": ""}\n')
    (corpus / "notes.odt").write_bytes(b"PK")
    (corpus / ".hidden").write_bytes(b"x")
    done = run("prepare", corpus, "-o", tmp_path / "store")
    told = done.stderr.decode()
    assert "left out: rows whose cell is null or empty: 2" in told
    assert "notes.odt" in told
    assert "hidden" not in told


def test_a_store_that_is_there_already_is_said_to_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("a short text\n" * 9)
    arguments = ("prepare", tmp_path / "book.txt", "-o", tmp_path / "store")
    first, again = run(*arguments), run(*arguments)
    assert (first.returncode, again.returncode) == (0, 0)
    assert b"already" not in first.stderr
    assert again.stderr.startswith(f"{tmp_path / 'store'}: prepared already".encode())
    assert again.stderr.endswith(first.stderr)
    assert run(*arguments, "-q").stderr == b""


@pytest.mark.parametrize("full", ["temporary", "output"])
def test_a_full_disk_is_told_with_its_folder_and_what_helps(
    run_anew: Run, tmp_path: Path, full: str
) -> None:
    (tmp_path / "book.txt").write_text("a text\n" * (1 << 14))  # 112 KiB, and twice that as ids
    for name in ("temporary", "output"):
        (tmp_path / name).mkdir()
    largest = {"temporary": 1 << 16, "output": 1 << 17}[full]  # bytes of a file
    done = run_anew(
        *("prepare", tmp_path / "book.txt", "-o", tmp_path / "output" / "store"),
        env={"TMPDIR": str(tmp_path / "temporary")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
    )
    told = one_line(done.stderr)
    assert done.returncode == 74
    assert told.startswith(f"textgen: {tmp_path / full}: ")
    assert "make room there" in told
    assert ("TMPDIR" in told) == (full == "temporary")
    assert not list((tmp_path / "output").iterdir())
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.needs("train")
def test_evaluation_reads_as_training_did_unless_told(run: Run, tmp_path: Path) -> None:
    rows = [f'{{"id": "{n}", "body": "row {n} of the book"}}\n' for n in range(120)]
    (tmp_path / "rows.jsonl").write_text("".join(rows))
    sizes = ("--units", 4, "--embedding-size", 4, "--batch-size", 2, "--window", 4, "--steps", 2)
    done = run("train", tmp_path / "rows.jsonl", "-o", tmp_path / "m", "--column", "body", *sizes)
    assert done.returncode == 0, done.stderr.decode()
    measured = run("evaluate", tmp_path / "rows.jsonl", "-m", tmp_path / "m", "--json")
    assert json.loads(measured.stdout)["documents"] == 120
    other = ("--template", "$id: $body", "--documents", "file")
    measured = run("evaluate", tmp_path / "rows.jsonl", "-m", tmp_path / "m", "--json", *other)
    assert json.loads(measured.stdout)["documents"] == 1
    plain = tmp_path / "plain.txt"
    plain.write_text("The book is plain text now. " * 9)
    measured = run("evaluate", plain, "-m", tmp_path / "m", "--json")
    assert json.loads(measured.stdout)["documents"] == 1
    refused = run("evaluate", plain, "-m", tmp_path / "m", "--column", "body")
    assert refused.returncode == 2
    assert "plain text has no rows; --column is for tables" in one_line(refused.stderr)


@pytest.mark.parametrize(
    "command",
    [
        ("prepare", "-o", "s"),
        ("train", "-o", "m"),
        ("evaluate",),
        ("tokenizer", "train", "-o", "t"),
        ("corpora", "check"),
        ("corpora", "report"),
        ("corpora", "removed"),
    ],
)
def test_several_corpora_are_refused_with_how_they_are_named_as_one(
    run: Run, command: tuple[str, ...]
) -> None:
    done = run(*command, "a.txt", "b.txt", "c.txt")
    assert done.returncode == 2
    told = one_line(done.stderr)
    assert "give one CORPUS, not 'a.txt' and 'b.txt'; name their folder" in told
    assert "'*.txt'" in told


@pytest.mark.needs("corpora")
def test_the_form_that_was_found_is_told_by_all_commands(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "letters.csv"
    path.write_text("name;text\nAda;Nebel, und Wind\nBo;Regen\n")
    note = f"{path}: columns separated by ';'"
    prepared = run("prepare", path, "-o", tmp_path / "store")
    assert f"note: {note}" in prepared.stderr.decode()
    assert note in json.loads((tmp_path / "store/store.json").read_text())["notes"]
    assert "note: columns separated by ';'" in run("corpora", "check", path).stdout.decode()
    told = json.loads(run("corpora", "check", path, "--json").stdout)
    assert told["parts"][0]["notes"] == ["columns separated by ';'"]
    report = " ".join(run("corpora", "report", tmp_path / "store").stdout.decode().split())
    assert "columns separated by ';'" in report


def test_what_comes_through_a_pipe_is_looked_at_too(run: Run, tmp_path: Path) -> None:
    for data, what in (
        (b"%PDF-1.4\n1 0 obj", "a PDF file"),
        (b"PK\x03\x04" + bytes(60), "a zip archive"),
        (b'[{"text": "a"}]', "a JSON list"),
    ):
        for encoding in ("utf-8", "latin-1", "auto"):
            arguments = ("prepare", "-", "-o", tmp_path / "store", "--encoding", encoding)
            done = run(*arguments, input=data)
            assert done.returncode == 65
            assert f"standard input: {what}, no plain text; " in one_line(done.stderr)


def test_a_tab_in_an_error_is_shown_as_one(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "two  spaces.tsv"
    path.write_text('id\ttext\n1\t"a" b\n2\tc\td\n')
    done = run("prepare", path, "-o", tmp_path / "store")
    assert done.returncode == 65
    told = one_line(done.stderr)
    assert "two  spaces.tsv:2: '\\t' expected" in told
    assert "mend line 3 (3 fields, where the first line has 2)" in told
    checked = run("corpora", "check", path)
    assert "two  spaces.tsv:2: '\\t' expected" in checked.stdout.decode()
