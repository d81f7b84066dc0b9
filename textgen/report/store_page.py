"""The page of a corpus."""

from textgen.report.page import facts_table, figure, make_page
from textgen.report.store_facts import StoreFacts
from textgen.report.store_figure import draw
from textgen.report.store_summary import origin_tables, split_table, store_rows, token_table

SHOWN = "Histogram of document lengths, and occurrences of tokens by rank"


def store_page(facts: StoreFacts) -> bytes:
    """Return the page of a corpus."""
    parts = [
        facts_table(store_rows(facts)),
        split_table(facts.manifest.counts).as_html(),
        figure(draw(facts), SHOWN),
        token_table(facts).as_html(),
        *(table.as_html() for table in origin_tables(facts.manifest)),
    ]
    return make_page(f"Corpus {facts.manifest.corpus}", parts)
