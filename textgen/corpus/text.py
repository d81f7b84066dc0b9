"""The text policy: what happens to a text before a tokenizer sees it."""

import unicodedata
from typing import Literal, cast

from textgen.errors import DataError


def clean_text(text: str, normal_form: str) -> str:
    """Turn CRLF and CR into LF and bring the text to a Unicode normal form.

    Args:
        text: any text.
        normal_form: "none", "nfc" or "nfkc" (Unicode Standard Annex 15).

    Raises:
        DataError: a lone surrogate, which no encoding can hold.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"character {error.start + 1} of the text is a lone surrogate "
            f"(U+{ord(text[error.start]):04X}); it comes from bytes that are not valid UTF-8"
        ) from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if normal_form == "none":
        return text
    return unicodedata.normalize(cast(Literal["NFC", "NFKC"], normal_form.upper()), text)
