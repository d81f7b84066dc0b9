"""Small texts of our own in many scripts, and files of every form that hold them.

Some forms need libraries that the base install is without; there a test that wants them is skipped.
"""

import csv
import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

TEXTS = {
    "chinese": "码头上的灯亮了。老船长说：“今晚有雾，明天再走。”孩子们数着船。\n",  # noqa: RUF001  # CJK marks
    "arabic": "أُضيئت المصابيح على الرصيف، وقال القبطان: «الليلةَ ضبابٌ، فلننتظر الصباح».\n",
    "hindi": "घाट पर दीये जल उठे। बूढ़े कप्तान ने कहा, “आज रात कोहरा है, कल चलेंगे।”\n",
    "emoji": "🚢⚓️ 🌫️🌊 \U0001f468\u200d\U0001f469\u200d\U0001f467 waved 🇳🇴👋🏽 ⛵️, 1️⃣ 2️⃣ gulls.\n",
    "code": 'def tide(hour: int) -> float:\n\treturn 2.5 * cos(hour)  # "m", <eos> & <unk>\n',
}
FORMS = (".txt", ".csv", ".tsv", ".jsonl", ".parquet")
PACKINGS = ("", ".gz", ".zst")


def plain_bytes(form: str, texts: Sequence[str]) -> bytes:
    """Return a file of a form that holds the texts, one a row (joined in a .txt file)."""
    if form == ".txt":
        return "".join(texts).encode()
    if form == ".jsonl":
        rows = (json.dumps({"number": i, "text": text}) for i, text in enumerate(texts))
        return ("\n".join(rows) + "\n").encode()
    if form == ".parquet":
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        table = io.BytesIO()
        pq.write_table(pa.table({"number": range(len(texts)), "text": list(texts)}), table)
        return table.getvalue()
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="," if form == ".csv" else "\t")
    writer.writerow(["number", "text"])
    writer.writerows(enumerate(texts))
    return out.getvalue().encode()


def packed(data: bytes, packing: str) -> bytes:
    """Return the bytes packed as a file name's ending says."""
    if packing == ".gz":
        return gzip.compress(data)
    if packing == ".zst":
        packed: bytes = pytest.importorskip("zstandard").compress(data)
        return packed
    return data


def write(folder: Path, name: str, texts: Sequence[str]) -> Path:
    """Write the texts into a file whose form and packing its name tells."""
    packing = next((p for p in PACKINGS[1:] if name.endswith(p)), "")
    form = Path(name.removesuffix(packing)).suffix
    path = folder / name
    path.write_bytes(packed(plain_bytes(form, texts), packing))
    return path
