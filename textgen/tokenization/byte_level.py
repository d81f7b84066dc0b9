"""The spelling of bytes as printable characters in byte-level vocabularies (GPT-2's table)."""

from collections.abc import Mapping


def _byte_spellings() -> tuple[str, ...]:
    """Return GPT-2's table: printable Latin-1 spells itself, other bytes begin at U+0100."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return tuple(chr(byte if byte in printable else next(others)) for byte in range(256))


# The character that spells each byte.
SPELLINGS = _byte_spellings()
_BYTES = {spelling: byte for byte, spelling in enumerate(SPELLINGS)}


def unspell(spelling: str) -> bytes:
    """Return the bytes of a spelling.

    Raises:
        KeyError: a character spells no byte.
    """
    return bytes(_BYTES[character] for character in spelling)


def foreign_bytes_by_id(vocab: Mapping[str, int], size: int, shift: int) -> list[bytes]:
    """Return the bytes of each id of a foreign byte-level vocabulary.

    Args:
        vocab: ids of the spellings. One that spells no bytes, as special tokens do, is plain text.
        size: number of ids, including the shift; those without a spelling have no bytes.
        shift: that is added to each id.
    """
    table = [b""] * size
    for spelling, token in vocab.items():
        is_spelled = _BYTES.keys() >= set(spelling)
        table[token + shift] = unspell(spelling) if is_spelled else spelling.encode()
    return table


def bytes_by_id(vocab: Mapping[str, int], eos_id: int) -> list[bytes]:
    """Return the bytes of each id of a vocabulary; nothing for `<eos>`.

    Raises:
        ValueError: a byte has no entry, so that some text could not be encoded.
        KeyError: an entry spells no bytes.
    """
    if missing := [spelling for spelling in SPELLINGS if spelling not in vocab]:
        raise ValueError(f"{len(missing)} of the 256 bytes are not in its vocabulary")
    table = [b""] * len(vocab)
    for spelling, token in vocab.items():
        if token != eos_id:
            table[token] = unspell(spelling)
    return table
