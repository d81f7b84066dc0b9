"""The data sets of the stand-in hub."""

import io
import zipfile

from tests.scripts_of_the_world import TEXTS, plain_bytes
from tests.stand_in_hub import COMMIT, LATER, Files, HubRepository

ZIP = io.BytesIO()
with zipfile.ZipFile(ZIP, "w") as archive:
    archive.writestr("train.txt", "packed")
ALL = list(TEXTS.values())
COLOURS = b"""---
license: cc0-1.0
configs:
- config_name: red
  data_files: red/*.jsonl
- config_name: blue
  data_files: blue/*.jsonl
---
"""
MORE = b"""---
configs:
- config_name: default
  data_files:
  - split: train
    path: a.jsonl
  - split: holdout
    path: b.jsonl
---
"""
FILES: dict[str, Files] = {
    "stories": {
        "data/train-00000-of-00001.parquet": plain_bytes(".parquet", ALL * 20),
        "data/validation-00000-of-00001.parquet": plain_bytes(".parquet", ALL[:2]),
        "data/test-00000-of-00001.parquet": plain_bytes(".parquet", ALL[2:]),
    },
    "more": {
        "README.md": MORE,
        "a.jsonl": b'{"text": "one"}\n{"text": "two"}\n',
        "b.jsonl": b'{"text": "three"}\n',
    },
    "colours": {
        "README.md": COLOURS,
        "red/train.jsonl": b'{"title": "Red", "body": "as a buoy"}\n' * 20,
        "blue/train.jsonl": b'{"title": "Blue", "body": "as deep water"}\n' * 20,
    },
    "plain": {"train.txt": b"plain text\n" * 9, "dev.txt": b"more of it\n"},
    "table": {"train.csv": b"text,n\nan eel,1\n"},
    "tabs": {"train.tsv": b"text\tn\nan eel\t1\n"},
    "semicolons": {
        "README.md": b"---\nconfigs:\n- config_name: x\n  data_files: a.csv\n  sep: ';'\n---\n",
        "a.csv": b"text;n\nan eel;1\n",
    },
    "nested": {
        "README.md": b"---\nconfigs:\n- config_name: x\n  data_files: a.json\n  field: data\n---\n",
        "a.json": b'{"data": [{"text": "an eel"}]}',
    },
    "packed": {"train.jsonl.gz": b"never looked at"},
    "zipped": {"train.txt.zip": ZIP.getvalue()},
    "script": {"script.py": b"import os", "data.txt": b"text"},
    "nothing": {"picture.xyz": b"?"},
    "promised": {"README.md": b"---\nconfigs:\n- config_name: x\n  data_files: no/*.txt\n---\n"},
    "odd": {
        "README.md": b"---\nconfigs:\n- config_name: x\n  data_files: a.csv\n"
        b"  sep: 2020-01-01\n---\n",
        "a.csv": b"text\nan eel\n",
    },
}


def sets() -> dict[str, HubRepository]:
    """Return the sets, each at a commit, and those that some may not see or that have moved."""
    text: Files = {"train.txt": b"for few\n"}
    return {f"quay/{name}": HubRepository({COMMIT: files}) for name, files in FILES.items()} | {
        "quay/private": HubRepository({COMMIT: text}, access="private"),
        "quay/gated": HubRepository({COMMIT: text}, access="gated"),
        "quay/moving": HubRepository(
            {COMMIT: {"train.txt": b"first\n"}, LATER: {"train.txt": b"second\n"}}
        ),
    }
