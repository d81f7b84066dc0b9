"""The records in a manifest are typed, checked, and written again as they were read."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tests.seeded_models import seeded_model
from textgen.artifact.model_folder import read_model, write_model
from textgen.artifact.provenance import PrecisionRecord, Provenance
from textgen.errors import DataError

QUALITY = {"nats_per_token": 1.5, "perplexity": 4.5, "bits_per_byte": 2, "bits_per_character": 2.2}
EARLY: dict[str, Any] = {
    "steps": 9,
    "steps_done": 7,
    "epochs": 2,
    "seconds": 3.5,
    "tokens_per_second": 80.0,
    "validation": QUALITY | {"tokens": 30},
    "settings": {"seed": 4},
}


def test_early_record_is_typed_with_defaults() -> None:
    training = Provenance({"training": EARLY}).training
    assert training
    assert (training.steps_done, training.validation["bits_per_byte"]) == (7, 2)
    assert (training.ended, training.course, training.versions) == (None, [], {})


def test_records_of_other_versions_are_written_as_they_were_read(tmp_path: Path) -> None:
    records = {"training": EARLY | {"later": [1]}, "more": {"from": "a later version"}}
    write_model(replace(seeded_model(), provenance=Provenance(records)), tmp_path / "one")
    write_model(read_model(tmp_path / "one"), tmp_path / "two")
    assert read_model(tmp_path / "two").provenance.to_dict() == records
    manifests = [(tmp_path / name / "manifest.json").read_bytes() for name in ("one", "two")]
    assert manifests[0] == manifests[1]


def test_typed_record_is_the_one_that_is_written() -> None:
    record = PrecisionRecord(default="int8", int8=1.25, fp32=1.25, tokens=64)
    provenance = Provenance.of(corpus={"name": "book"}).with_records(precision=record)
    assert provenance.precision == record
    assert provenance.to_dict() == {"corpus": {"name": "book"}, "precision": asdict(record)}


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        ({"steps": "9"}, "training"),
        ({"steps": None}, "training"),
        ({"course": [[1]]}, "training"),
        ({"course": [[1, "x"]]}, "training"),
        ({"resumed": [None]}, "training"),
        ({"init_from": {"model": "x"}}, "training"),
        ({"metrics": 3}, "training.metrics"),
        ({"settings": {}}, "training.settings"),
        ({"validation": {"perplexity": 3.0}}, "training.validation"),
    ],
)
def test_damage_is_named_with_its_place(damage: dict[str, Any], part: str) -> None:
    manifest = {"format": 1, "training": EARLY | damage}
    with pytest.raises(DataError, match=rf"^m: damaged record of {part}; copy the model folder"):
        Provenance.from_manifest(manifest, Path("m"))


def test_indexing_still_works_and_warns() -> None:
    with pytest.warns(DeprecationWarning, match="provenance.training"):
        assert Provenance({"training": EARLY})["training"] == EARLY
