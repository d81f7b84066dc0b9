"""Every hostile file is read right, or refused in one line that names its place; twice the same."""

import os
import random
import re
from pathlib import Path

import pytest

from tests.corpus import hostile
from tests.corpus.hostile import FILES, FORMS, PACKED, ROWS, TEXTS
from tests.corpus.outcomes import (
    CLEAN,
    FILE_OUTCOMES,
    NO_JSON,
    NO_PARQUET,
    NULS,
    PACKED_OUTCOMES,
    ROW_OUTCOMES,
    UNDECODABLE,
    Outcome,
)
from tests.corpus.reading import documents
from textgen.errors import TextgenError


def outcome(path: Path) -> Outcome:
    """Return what comes of reading a file, which is the same a second time."""
    first, second = attempt(path), attempt(path)
    assert first == second
    return first


def attempt(path: Path) -> Outcome:
    try:
        return documents(path)
    except TextgenError as error:
        message = str(error)
    assert message.startswith(str(path))
    assert len(message.splitlines()) == 1
    assert len(message) < 700
    return message.removeprefix(str(path))


def check(path: Path, data: bytes, expected: Outcome) -> None:
    path.write_bytes(data)
    found = outcome(path)
    assert found[: len(expected)] == expected if isinstance(expected, str) else found == expected


def suffix(form: str) -> str:
    return "txt.gz" if form == "gz" else form


def test_every_kind_has_its_outcome() -> None:
    assert not set(TEXTS) & set(FILES)
    assert set(FILES) == set(FILE_OUTCOMES)
    assert set(ROWS) == set(ROW_OUTCOMES)
    assert set(PACKED) == {*PACKED_OUTCOMES, "of nothing", "bomb"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", TEXTS)
def test_hostile_texts(tmp_path: Path, kind: str, form: str) -> None:
    lines, before = {"jsonl": (0, 10), "csv": (1, 6)}.get(form, (0, 0))
    expected: Outcome
    if kind in UNDECODABLE:
        line, byte, found = UNDECODABLE[kind]
        line = 1 if form == "jsonl" else line  # its line ends are escaped
        byte = before + len(hostile.plain(form, TEXTS[kind][:byte])) - len(hostile.plain(form, b""))
        expected = f":{lines + line}: byte {byte} ({found}) is not utf-8; "
        expected = ": damaged after row 0 ('utf-8' codec" if form == "parquet" else expected
    elif kind in NULS:
        line, character = NULS[kind]
        place = {"jsonl": ":1", "csv": ":2", "parquet": ": row 1"}.get(form)
        expected = (
            f"{place}: character {character} of the text is NUL" if place else f":{line}: NUL"
        )
    else:
        expected = [CLEAN.get(kind) or TEXTS[kind].decode()]
    check(tmp_path / f"a.{suffix(form)}", hostile.whole(form, TEXTS[kind]), expected)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", FILES)
def test_hostile_files(tmp_path: Path, kind: str, form: str) -> None:
    expected = FILE_OUTCOMES[kind][FORMS.index(form)]
    check(tmp_path / f"a.{suffix(form)}", FILES[kind](form), expected)


@pytest.mark.parametrize(
    ("kind", "form", "data"),
    [(kind, form, data) for kind in ROWS for form in FORMS if (data := hostile.rows(kind, form))],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_hostile_rows(tmp_path: Path, kind: str, form: str, data: bytes) -> None:
    of_json, of_csv, of_parquet = ROW_OUTCOMES[kind]
    expected = {"jsonl": of_json, "csv": of_csv, "gz": of_csv, "parquet": of_parquet}
    if form == "txt":
        is_lines = b"\n" in data
        as_json = ": JSON with an object a line" if is_lines else ": a JSON object"
        expected["txt"] = [data.decode()] if kind in NO_JSON else as_json
    ending = "csv.gz" if form == "gz" else form
    check(tmp_path / f"a.{ending}", data, expected[form])


@pytest.mark.parametrize("form", FORMS[:4])
@pytest.mark.parametrize("kind", PACKED_OUTCOMES)
def test_damage_of_packed_files_names_the_byte(tmp_path: Path, kind: str, form: str) -> None:
    path = tmp_path / f"a.{form}.gz"
    path.write_bytes(PACKED[kind](hostile.plain(form, b"one")))
    expected, found = PACKED_OUTCOMES[kind], outcome(path)
    if isinstance(expected, list):
        assert found == expected
    else:
        assert isinstance(found, str)
        assert found.startswith(": byte ")
        assert expected in found


@pytest.mark.parametrize("form", FORMS[:4])
def test_packed_nothing_is_nothing(tmp_path: Path, form: str) -> None:
    expected: Outcome = NO_PARQUET if form == "parquet" else []
    check(tmp_path / f"a.{form}.gz", PACKED["of nothing"](b""), expected)


@pytest.mark.parametrize(
    ("form", "place"), [("txt", ":1: NUL"), ("jsonl", ":2: not"), ("csv", ":3: "), ("parquet", "")]
)
def test_bombs_are_unpacked_no_further_than_they_are_read(
    tmp_path: Path, form: str, place: str
) -> None:
    data = PACKED["bomb"](hostile.plain(form, b"one"))
    check(tmp_path / f"a.{form}.gz", data, place or NO_PARQUET)


@pytest.mark.parametrize("footer", [b"PARX", b"PARE", b"\0\0\0\0", b""])
def test_footers_of_parquet_that_are_none_are_refused(tmp_path: Path, footer: bytes) -> None:
    good = hostile.plain("parquet", b"text")
    check(tmp_path / "a.parquet", good[:-4] + footer, NO_PARQUET)
    check(tmp_path / "b.parquet", good[:-8] + b"\xff\xff\xff\x7f" + footer, NO_PARQUET)


def test_parquet_without_its_beginning_is_damaged(tmp_path: Path) -> None:
    data = hostile.plain("parquet", b"text")[4:]
    check(tmp_path / "a.parquet", data, ": damaged after row 0 (")


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_file_is_named_by_the_system(tmp_path: Path, form: str) -> None:
    for path in hostile.paths(tmp_path, form).values():
        with pytest.raises(OSError, match=re.escape(str(path))):
            documents(path)


@pytest.mark.parametrize("form", FORMS)
def test_files_that_may_not_be_read_are_named_by_the_system(tmp_path: Path, form: str) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = tmp_path / f"a.{form}"
    path.touch(mode=0)
    with pytest.raises(PermissionError):
        documents(path)


@pytest.mark.parametrize("form", FORMS)
def test_any_damage_is_an_error_or_a_reading(tmp_path: Path, form: str) -> None:
    good = hostile.whole(form, b"some words of text, and more\n" * 20)
    for seed in range(60):
        chance = random.Random(seed)
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path = tmp_path / f"a.{suffix(form)}"
        path.write_bytes(data)
        outcome(path)
