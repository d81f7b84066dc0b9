"""How good a model is on a text: the sums, and what people quote of them."""

import math
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textgen.config.base import reject_unknown
from textgen.config.corpus import CorpusConfig, DocumentRule, TextPolicy
from textgen.corpus.collect import collect
from textgen.corpus.sources import open_source
from textgen.corpus.texts import CorpusArgument
from textgen.corpus.watch import UNWATCHED, Watch
from textgen.errors import DataError, UsageError
from textgen.runtime.logprobs import log_softmax
from textgen.tokenization.encode_pieces import encode_pieces
from textgen.tokenization.splits import choose_split, read_spans, survey
from textgen.tokenization.token_store import SplitCounts
from textgen.tokenization.tokenizer import EOS_ID, Tokenizer

if TYPE_CHECKING:
    # ONNX Runtime, which a record does not need
    from textgen.runtime.decoder import Decoder
    from textgen.runtime.moment import Moment
    from textgen.runtime.state import State

# Tokens scored in one call of the decoder: bounds memory to this many rows of logits.
BLOCK = 512

# What of a model's own settings a text to be measured on takes over; the rest, for a split of it.
HOW_TEXT_IS_READ = (*TextPolicy.names(), "documents", "column", "template", "strict")
WHICH_TEXT_IS_READ = tuple(
    name
    for name in CorpusConfig.names()
    if name not in (*HOW_TEXT_IS_READ, "tokenizer", "vocab_size", "streaming")
)


@dataclass(frozen=True)
class Quality:
    """Quality of a language model on a text; lower is better, everywhere.

    Attributes:
        nats_per_token: mean negative natural log-probability of a token, `<eos>` included.
        perplexity: its exponential.
        bits_per_byte: bits for each UTF-8 byte of the clean text, one counted per document end.
        bits_per_character: bits for each code point, one counted per document end.
        tokens, characters, bytes, documents: what the text holds.
    """

    nats_per_token: float
    perplexity: float
    bits_per_byte: float
    bits_per_character: float
    tokens: int
    characters: int
    bytes: int
    documents: int

    @classmethod
    def of(cls, nats_per_token: float, counts: SplitCounts) -> "Quality":
        """Derive all figures from the mean and from what the text holds."""
        bits = nats_per_token * counts.tokens / math.log(2)
        return cls(
            nats_per_token=nats_per_token,
            perplexity=math.exp(min(nats_per_token, 700.0)),  # e**710 is no float any more
            bits_per_byte=bits / (counts.bytes + counts.documents),
            bits_per_character=bits / (counts.characters + counts.documents),
            tokens=counts.tokens,
            characters=counts.characters,
            bytes=counts.bytes,
            documents=counts.documents,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as values that JSON can hold."""
        return asdict(self)


class Scorer:
    """One pass over a text with carried state.

    Args:
        decoder: the model.
        previous: the token before it; at the beginning that is `<eos>`.
        state: before that token; at the beginning all zero.
    """

    def __init__(
        self, decoder: "Decoder", previous: int = EOS_ID, state: "State | None" = None
    ) -> None:
        self._decoder = decoder
        self._state = state or decoder.initial_state()
        self._previous = previous
        self.nats = 0.0
        self.tokens = 0

    def add(self, tokens: NDArray[Any]) -> None:
        """Score the next tokens, of shape (tokens,): add up their negative log-probabilities."""
        for start in range(0, len(tokens), BLOCK):
            targets = np.asarray(tokens[start : start + BLOCK], np.int64)
            inputs = np.concatenate([[self._previous], targets[:-1]])
            logits, self._state = self._decoder.score(inputs, self._state)
            log_probabilities = log_softmax(logits)
            self.nats -= float(log_probabilities[np.arange(len(targets)), targets].sum())
            self.tokens += len(targets)
            self._previous = int(targets[-1])


def measure(
    decoder: "Decoder",
    tokenizer: Tokenizer,
    pieces: Iterable[str | None],
    watch: Watch = UNWATCHED,
) -> Quality:
    """Measure a model on documents, in one pass through all of them.

    Args:
        decoder: the model.
        tokenizer: what its tokens are.
        pieces: of clean text; `None` ends a document, with `<eos>`.
        watch: is told of the advance in characters.
    """
    scorer, counts = Scorer(decoder), SplitCounts()
    for _, text, tokens in encode_pieces(((None, piece) for piece in pieces), tokenizer):
        scorer.add(tokens)
        counts = counts.plus(text, len(tokens))
        watch.advance("scoring", len(text or ""))
    return Quality.of(scorer.nats / scorer.tokens, counts)


def measure_text(decoder: "Decoder", tokenizer: Tokenizer, text: str, moment: "Moment") -> Quality:
    """Measure how well a model foresees a clean text at a moment; nothing ends with it.

    Raises:
        UsageError: the text is empty.
    """
    tokens = tokenizer.encode(text)
    if not len(tokens):
        raise UsageError("the text to be scored is empty; give some")
    scorer = Scorer(decoder, moment.last, moment.state)
    scorer.add(tokens)
    return Quality.of(scorer.nats / scorer.tokens, SplitCounts().plus(text, len(tokens)))


def measure_corpus(
    decoder: "Decoder",
    tokenizer: Tokenizer,
    corpus: CorpusArgument,
    reading: dict[str, Any],
    split: str,
    watch: Watch = UNWATCHED,
    *,
    inherited: Collection[str] = (),
) -> Quality:
    """Measure a model on a corpus, or on one of its splits.

    Args:
        decoder: the model.
        tokenizer: what its tokens are.
        corpus: a file, folder, glob, hub set, recipe, or texts in memory.
        reading: fields of `CorpusConfig`, as `how_to_read` returns them.
        split: "all", or the name of a split.
        watch: is told of each stage's advance, and what takes long.
        inherited: those of `reading` that nobody chose for this corpus.
    """
    opened = open_source(corpus, reading, watch, inherited=inherited)
    with opened as source, collect(source, watch) as documents:
        cut, part = choose_split(survey(documents), split, source.config.validation)
        pieces = (piece for here, piece in read_spans(documents, cut) if here.split == part)
        return measure(decoder, tokenizer, pieces, watch)


def how_to_read(
    told: dict[str, Any], normal_form: str, split: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """Return how a corpus is read to be measured on: as the model's own was, with some changes.

    Args:
        told: the settings of the model's own corpus, as its manifest holds them.
        normal_form: that the model's tokenizer wants.
        split: the part that is wanted.
        settings: fields of `DocumentRule` that were chosen.

    Raises:
        UsageError: an unknown setting.
        DataError: the manifest is damaged.
    """
    reject_unknown(settings, DocumentRule.names())
    try:
        own = CorpusConfig.from_dict(told, where="manifest.json: corpus")
    except UsageError as error:
        raise DataError(str(error)) from None
    names = [*HOW_TEXT_IS_READ, *(WHICH_TEXT_IS_READ if split != "all" else ())]
    if {"column", "template"} & settings.keys():
        names = [name for name in names if name not in ("column", "template")]
    kept = {name: getattr(own, name) for name in names}
    tokenizer = "word" if own.strict else "char"  # which of the others makes no difference
    fixed = {"normalize": normal_form, "tokenizer": tokenizer}
    return {**kept, **settings, **fixed}
