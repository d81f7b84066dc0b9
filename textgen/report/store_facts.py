"""Statistics of a token store."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.corpus import SPLITS
from textgen.corpus.selection.duplicates import near_copies
from textgen.corpus.selection.words import find_words
from textgen.report.lengths import Lengths
from textgen.report.token_counts import count_lengths, count_types, find_documents
from textgen.runtime.generation.token_names import show_token
from textgen.tokenization.token_store import SplitCounts, StoreManifest, TokenStore
from textgen.tokenization.tokenizer import Tokenizer

COMMONEST = 25  # token types that are listed
RANKS = 60  # points of the curve of counts by rank, at most
COMPARED = 10_000  # the most documents that are searched for near copies
TOKENS_COMPARED = 1_000  # the most tokens of each, from its beginning


@dataclass(frozen=True)
class CommonToken:
    """A frequent token type.

    Attributes:
        id: of the type.
        text: for people; see `show_token`.
        count: number of occurrences.
        share: of all tokens.
    """

    id: int
    text: str
    count: int
    share: float


@dataclass(frozen=True)
class NearCopies:
    """The result of a search for near copies.

    Attributes:
        compared: number of documents, evenly spread over the corpus; those without words are not
            counted.
        tokens: the most tokens that were read of each, from its beginning.
        found: number of documents that are near copies of an earlier one.
        similarity: share of common word sequences that makes near copies.
    """

    compared: int
    tokens: int
    found: int
    similarity: float


@dataclass(frozen=True)
class StoreFacts:
    """Statistics of a token store.

    Attributes:
        manifest: of the store.
        tokenizer: its kind.
        vocab_size: token types.
        types_used: types that occur.
        commonest: the most frequent types, in order.
        ranks: pairs of a rank, from 1, and the occurrences of its type, evenly spread on a
            logarithmic scale (Zipf 1949).
        lengths: of the documents.
        near_copies: among some of the documents.
    """

    manifest: StoreManifest
    tokenizer: str
    vocab_size: int
    types_used: int
    commonest: tuple[CommonToken, ...]
    ranks: tuple[tuple[int, int], ...]
    lengths: Lengths
    near_copies: NearCopies

    @classmethod
    def of(cls, store: TokenStore) -> "StoreFacts":
        """Scan a store in constant memory.

        Raises:
            UsageError: the library that finds near copies is not installed.
        """
        tokenizer = store.tokenizer
        types = np.zeros(tokenizer.vocab_size, np.int64)
        lengths: Counter[int] = Counter()
        for split in SPLITS:
            types += count_types(store.tokens(split), tokenizer.vocab_size)
            lengths += count_lengths(store.tokens(split))
        return cls(
            manifest=store.manifest,
            tokenizer=tokenizer.kind,
            vocab_size=tokenizer.vocab_size,
            types_used=int(np.count_nonzero(types)),
            commonest=tuple(_commonest(types, tokenizer)),
            ranks=tuple(_ranks(types)),
            lengths=Lengths.of(lengths),
            near_copies=_search(store),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the statistics as JSON values."""
        facts = asdict(self)
        manifest = facts.pop("manifest")
        counts = {name: c for name, c in self.manifest.counts.items() if c.documents}
        splits = {name: manifest["counts"][name] | rates(c) for name, c in counts.items()}
        return {k: v for k, v in manifest.items() if k != "counts"} | {"splits": splits} | facts


def rates(counts: SplitCounts) -> dict[str, float]:
    """Return the rates of tokens to text; a document's end counts as a byte and a character."""
    return {
        "tokens_per_byte": counts.tokens / (counts.bytes + counts.documents),
        "characters_per_token": (counts.characters + counts.documents) / counts.tokens,
    }


def _commonest(types: NDArray[np.int64], tokenizer: Tokenizer) -> Iterator[CommonToken]:
    """Yield the most frequent types; of equals, the lower id first."""
    total = int(types.sum())
    for token in np.argsort(-types, kind="stable")[:COMMONEST].tolist():
        if count := int(types[token]):
            yield CommonToken(token, show_token(token, tokenizer), count, count / total)


def _ranks(types: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return ranks and the counts of their types."""
    counts = np.sort(types[types > 0])[::-1]
    ranks = np.unique(np.geomspace(1, len(counts), RANKS).round().astype(int))
    return list(zip(ranks.tolist(), counts[ranks - 1].tolist(), strict=True))


def _search(store: TokenStore) -> NearCopies:
    """Search the beginnings of some documents for near copies."""
    similarity = float(store.manifest.settings["similarity"])
    sources = near_copies(_beginnings(store), similarity)
    copies = int(np.count_nonzero(sources != np.arange(len(sources))))
    return NearCopies(len(sources), TOKENS_COMPARED, copies, similarity)


def _beginnings(store: TokenStore) -> Iterator[str]:
    """Yield the beginnings of documents that are evenly spread over all splits."""
    total = sum(store.counts(split).documents for split in SPLITS)
    numbers = np.arange(min(total, COMPARED)) * total // min(total, COMPARED)
    for split in SPLITS:
        ids = store.tokens(split)
        for begin, end in find_documents(ids, numbers[numbers >= 0]):
            read = ids[begin : min(end, begin + TOKENS_COMPARED)]
            text = store.tokenizer.decode(read.tolist())
            if find_words(text):
                yield text
        numbers = numbers - store.counts(split).documents
