"""Packed files come out as they went in, in small memory, or the damage is told with its place."""

import gzip
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from textgen.corpus.text.decompress import WINDOW_BYTES, read_plain, unpacked
from textgen.errors import DataError

PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
}
packings = pytest.mark.parametrize("packing", PACK)
TEXT = b"".join(b"line %d of a text\n" % number for number in range(5000))


def written(folder: Path, packing: str, data: bytes) -> Path:
    path = folder / f"text.txt{packing}"
    path.write_bytes(data)
    return path


@given(
    members=st.lists(st.binary(max_size=50), min_size=1, max_size=4),
    packing=st.sampled_from([*PACK]),
    padding=st.integers(0, 5),
    chunk=st.integers(1, 40),
)
def test_members_are_read_as_one_file_in_chunks_of_one_size(
    tmp_path_factory: pytest.TempPathFactory,
    members: list[bytes],
    packing: str,
    padding: int,
    chunk: int,
) -> None:
    packed = b"".join(PACK[packing](member) + bytes(padding) for member in members)
    path = written(tmp_path_factory.getbasetemp(), packing, packed)
    chunks = list(read_plain(path, packing, chunk_bytes=chunk))
    assert b"".join(chunks) == b"".join(members)
    assert all(len(each) == chunk for each in chunks[:-1])


@packings
def test_unpack_writes_the_plain_bytes(tmp_path: Path, packing: str) -> None:
    path = written(tmp_path, packing, PACK[packing](TEXT))
    with unpacked(path, packing) as plain:
        assert plain.read_bytes() == TEXT


def test_skippable_frame_is_skipped(tmp_path: Path) -> None:
    skipped = struct.pack("<II", 0x184D2A50, 4) + b"abcd"
    path = written(tmp_path, ".zst", skipped + zstandard.compress(TEXT))
    assert b"".join(read_plain(path, ".zst")) == TEXT


def cut_short(packed: bytes) -> bytes:
    return packed[:-5]


def with_garbage(packed: bytes) -> bytes:
    return packed + b"garbage"


def with_flipped_bits(packed: bytes) -> bytes:
    middle = len(packed) // 2
    return packed[:middle] + bytes(255 - byte for byte in packed[middle:])


def nothing(packed: bytes) -> bytes:
    return b""


def plain(packed: bytes) -> bytes:
    return TEXT


@packings
@pytest.mark.parametrize("damage", [cut_short, with_garbage, with_flipped_bits, nothing, plain])
def test_damage_names_file_and_byte(
    tmp_path: Path, packing: str, damage: Callable[[bytes], bytes]
) -> None:
    path = written(tmp_path, packing, damage(PACK[packing](TEXT)))
    with pytest.raises(DataError, match=r"^mine: byte \d+: cannot be unpacked .* again") as caught:
        list(read_plain(path, packing, name="mine"))
    assert "\n" not in str(caught.value)


@packings
def test_bomb_is_read_in_small_memory(tmp_path: Path, packing: str) -> None:
    path = written(tmp_path, packing, PACK[packing](bytes(1 << 26)))
    tracemalloc.start()
    size = sum(map(len, read_plain(path, packing)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 1 << 26
    assert most < 80e6


def test_frame_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    window = zstandard.ZstdCompressionParameters(window_log=WINDOW_BYTES.bit_length())
    packer = zstandard.ZstdCompressor(compression_params=window).compressobj()
    path = written(tmp_path, ".zst", packer.compress(TEXT) + packer.flush())
    with pytest.raises(DataError, match="too much memory"):
        list(read_plain(path, ".zst"))
