"""The summary of a token store: rows of a name and a value, and tables."""

import textwrap
from collections.abc import Iterator
from itertools import pairwise

from textgen.report.lengths import Lengths
from textgen.report.store_facts import StoreFacts, rates
from textgen.report.table import TextTable
from textgen.tokenization.token_store import SplitCounts, StoreManifest

WIDTH = 80  # columns of a line on a terminal
NAME = 12  # columns of the name of a value


def tell_in_lines(facts: StoreFacts) -> str:
    """Return the whole summary as text for a terminal."""
    rows = [
        textwrap.fill(value, WIDTH, initial_indent=f"{name:<{NAME}}", subsequent_indent=" " * NAME)
        for name, value in store_rows(facts).items()
    ]
    tables = [
        split_table(facts.manifest.counts),
        length_table(facts.lengths),
        token_table(facts),
        *origin_tables(facts.manifest),
    ]
    return "\n\n".join(["\n".join(rows), *(table.as_text() for table in tables)])


def store_rows(facts: StoreFacts) -> dict[str, str]:
    """Return the rows about the whole corpus."""
    manifest, lengths, near = facts.manifest, facts.lengths, facts.near_copies
    repeated = any(source["weight"] > 1 for source in manifest.sources)
    return {
        "corpus": f"{manifest.corpus} (licence: {manifest.licence})",
        "split": manifest.cut,
        "tokens": f"{facts.tokenizer}, {facts.vocab_size:,} types, of which "
        f"{facts.types_used:,} occur",
        "documents": f"{lengths.minimum:,} to {lengths.maximum:,} tokens long, "
        f"{lengths.mean:,.1f} on average, median {lengths.median:,}, nine in ten at most "
        f"{lengths.p90:,}",
        "near copies": f"{near.found:,} ({near.found / max(near.compared, 1):.1%}) of "
        f"{near.compared:,} documents looked at, by their first {near.tokens:,} tokens, at "
        f"similarity {near.similarity:g}" + "; among them those that a weight asks for" * repeated,
        "changed": _listed(manifest.changes),
        "left out": _listed(manifest.removed),
        "notes": "; ".join(manifest.notes) or "none",
    }


def split_table(counts: dict[str, SplitCounts]) -> TextTable:
    """Return the table of splits."""
    shown = {name: held for name, held in counts.items() if held.documents}
    columns = [vars(held) | rates(held) for held in shown.values()]
    rows = [
        (name.replace("_", " "), *(_number(held[name]) for held in columns)) for name in columns[0]
    ]
    return TextTable("Splits", ("", *shown), rows)


def length_table(lengths: Lengths) -> TextTable:
    """Return the table of document lengths."""
    spans = [
        f"{low:,}" if above == low + 1 else f"{low:,}-{above - 1:,}"
        for low, above in pairwise(lengths.edges)
    ]
    rows = list(zip(spans, map(_number, lengths.documents), strict=True))
    columns = ("tokens", "documents")
    return TextTable("Lengths of documents", columns, rows, bars=lengths.documents)


def token_table(facts: StoreFacts) -> TextTable:
    """Return the table of the commonest tokens."""
    rows = [(token.text, _number(token.count), f"{token.share:.2%}") for token in facts.commonest]
    shares = [token.share for token in facts.commonest]
    return TextTable("Commonest tokens", ("token", "count", "share"), rows, bars=shares)


def origin_tables(manifest: StoreManifest) -> Iterator[TextTable]:
    """Yield the tables of sources, and of labels and encodings if there are any."""
    yield _source_table(manifest)
    if manifest.labels:
        commonest = sorted(manifest.labels.items(), key=lambda item: -item[1])
        rows = [(label, _number(count)) for label, count in commonest]
        yield TextTable("Documents by label", ("label", "documents"), rows)
    if manifest.encodings:
        rows = list(manifest.encodings.items())
        yield TextTable("Encodings found", ("file", "encoding"), rows, words=2)


def _source_table(manifest: StoreManifest) -> TextTable:
    """Return the table of sources, without empty columns."""
    words = ("name", "label", "licence")  # the revision is a part of the name
    filled = [name for name in words if any(source[name] for source in manifest.sources)]
    numbers = ("weight", "documents", "characters")
    rows = [
        [*(source[name] or "" for name in filled), *(_number(source[name]) for name in numbers)]
        for source in manifest.sources
    ]
    return TextTable("Sources", (*filled, *numbers), rows, words=len(filled))


def _listed(counts: dict[str, int]) -> str:
    """Format counts in a line."""
    return "; ".join(f"{what}: {count:,}" for what, count in counts.items()) or "nothing"


def _number(value: float) -> str:
    """Format a number; a fraction with four digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
