"""How a corpus is read, cut into splits and turned into tokens."""

import codecs
from dataclasses import dataclass

from textgen.config.base import Config, option
from textgen.errors import UsageError

TOKENIZERS = ("char", "bpe")
NORMAL_FORMS = ("none", "nfc", "nfkc")


@dataclass(frozen=True, kw_only=True)
class TextPolicy(Config):
    """How bytes become clean text."""

    encoding: str = option("utf-8", "Character encoding of the corpus files.")
    normalize: str = option(
        "nfc", "Unicode normal form that the text is brought to.", choices=NORMAL_FORMS
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            "".encode(self.encoding)
            codecs.getincrementaldecoder(self.encoding)
        except LookupError:
            raise UsageError(
                f"encoding is {self.encoding!r}, which is no text encoding; known are utf-8, "
                f"utf-16, latin-1, cp1252, shift_jis, gb18030 and more"
            ) from None


@dataclass(frozen=True, kw_only=True)
class CorpusConfig(TextPolicy):
    """How a corpus becomes a token store."""

    validation: float = option(
        0.1, "Share of the corpus that is held out to measure quality.", above=0, below=1
    )
    tokenizer: str = option("char", "What a token is.", choices=TOKENIZERS)
    vocab_size: int = option(
        4096, "Number of token types of a bpe tokenizer.", minimum=512, maximum=1 << 20
    )

    @property
    def text_policy(self) -> TextPolicy:
        """The part that decides the text itself, whatever the tokens."""
        return TextPolicy(encoding=self.encoding, normalize=self.normalize)
