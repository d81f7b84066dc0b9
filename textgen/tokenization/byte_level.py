"""How a byte-level vocabulary spells bytes as printable characters (GPT-2's table)."""

from collections.abc import Mapping


def _byte_spellings() -> tuple[str, ...]:
    """Return GPT-2's table: printable Latin-1 stands for itself, the rest from U+0100 on."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return tuple(chr(byte if byte in printable else next(others)) for byte in range(256))


# The character that stands for each byte.
SPELLINGS = _byte_spellings()
_BYTES = {spelling: byte for byte, spelling in enumerate(SPELLINGS)}


def spell(data: bytes) -> str:
    """Spell bytes as a byte-level vocabulary does."""
    return "".join(SPELLINGS[byte] for byte in data)


def unspell(spelling: str) -> bytes:
    """Return the bytes that a spelling stands for.

    Raises:
        KeyError: a character that spells no byte.
    """
    return bytes(_BYTES[character] for character in spelling)


def foreign_bytes_by_id(vocab: Mapping[str, int], size: int, shift: int) -> list[bytes]:
    """Return the bytes of each id where somebody else's vocabulary spells bytes.

    Args:
        vocab: ids of the spellings; one that spells no bytes, as special tokens, is plain text.
        size: how many ids there are, shift included; those without a spelling have no bytes.
        shift: what is added to each id.
    """
    table = [b""] * size
    for spelling, token in vocab.items():
        is_spelled = _BYTES.keys() >= set(spelling)
        table[token + shift] = unspell(spelling) if is_spelled else spelling.encode()
    return table


def bytes_by_id(vocab: Mapping[str, int], eos_id: int) -> list[bytes]:
    """Return the bytes of each id of a vocabulary; nothing for `<eos>`.

    Raises:
        ValueError: some byte has no entry, so that some text could not be encoded.
        KeyError: an entry that spells no bytes.
    """
    if missing := [spelling for spelling in SPELLINGS if spelling not in vocab]:
        raise ValueError(f"{len(missing)} of the 256 bytes are not in its vocabulary")
    table = [b""] * len(vocab)
    for spelling, token in vocab.items():
        if token != eos_id:
            table[token] = unspell(spelling)
    return table
