#!/usr/bin/env python
"""Measures how well the labels of a model tell its texts apart.

    python scripts/bench_labels.py DATA [--authors A,B] [--budget 5m] [--texts N] [--json]

DATA is as for `bench_examples.py`. Two of its authors are learned as one corpus, with the author as
label, in parts of some 1,500 characters. A classifier (scikit-learn: tf-idf of words, logistic
regression) learns from real parts of the same texts who wrote which, and is then asked about parts
of 600 characters that the model has written with either label, and about real ones that neither
has seen.

scikit-learn is in no lock: run this with an interpreter that has it beside textgen.
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import click
from benchmarks.comparison import compare, is_installed, refuse_missing

from textgen import TextGenerator

PART, ASKED = 1_500, 600  # characters
HELD_OUT = 0.1
BOOK = re.compile("^# Title: .*\n+## Author: (.*)$", re.MULTILINE)


def read_authors(data: Path, names: list[str]) -> dict[str, list[str]]:
    """Return the parts that each of some authors has written; no paragraph is cut."""
    _, *parts = BOOK.split((data / "big" / "big.txt").read_bytes().decode())
    found = {name: list[str]() for name in names}
    for author, text in zip(parts[::2], parts[1::2], strict=True):
        if author in found:
            found[author] += in_parts(text)
    if missing := [name for name, texts in found.items() if not texts]:
        raise click.UsageError(f"no book is by {missing[0]}; there are: {', '.join(parts[::2])}")
    return found


def in_parts(text: str) -> list[str]:
    """Return paragraphs, several together."""
    parts = [""]
    for paragraph in filter(None, map(str.strip, text.split("\n"))):
        if len(parts[-1]) > PART:
            parts.append("")
        parts[-1] += paragraph + "\n\n"
    return parts


def train(parts: dict[str, list[str]], folder: Path, budget: str) -> TextGenerator:
    """Train a model on parts of several authors."""
    rows = [{"text": text, "author": author} for author in parts for text in parts[author]]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return TextGenerator.train(
        folder / "corpus.jsonl",
        out=folder / "model",
        budget=budget,
        label_column="author",
        tokenizer="bpe",
        vocab_size=2048,
    )


def written(generator: TextGenerator, author: str, texts: int) -> list[str]:
    """Return texts that a model has written with a label."""
    rows = [""] * texts
    results = generator.labelled({author: 1.0}).generate(
        rows, seed=1, max_new_tokens=ASKED, temperature=1.0, banned_tokens=(0,)
    )
    return [result.text[:ASKED] for result in results]


def make_classifier(parts: dict[str, list[str]]) -> Any:
    """Return a classifier that has learned who wrote which part."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    classifier = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, min_df=2),
        LogisticRegression(C=10, class_weight="balanced", max_iter=1000),
    )
    texts = [(text[:ASKED], author) for author in parts for text in parts[author]]
    return classifier.fit(*zip(*texts, strict=True))


def accuracy(classifier: Any, texts: dict[str, list[str]]) -> float:
    """Return the mean share of each author's texts that are told to be theirs."""
    shares = [(classifier.predict(texts[author]) == author).mean() for author in texts]
    return float(sum(shares) / len(shares))


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--authors", default="Jane Austen,Bram Stoker", show_default=True)
@click.option("--budget", default="5m", show_default=True)
@click.option("--texts", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(data: Path, authors: str, budget: str, texts: int, as_json: bool) -> None:
    """Train, write and ask."""
    if not is_installed("sklearn"):
        refuse_missing(["scikit-learn"])
    parts = read_authors(data, authors.split(","))
    cuts = {author: int((1 - HELD_OUT) * len(own)) for author, own in parts.items()}
    learned = {author: own[: cuts[author]] for author, own in parts.items()}
    real = {author: [t[:ASKED] for t in own[cuts[author] :]] for author, own in parts.items()}
    with tempfile.TemporaryDirectory() as folder:
        generator = train(learned, Path(folder), budget)
        ours = {author: written(generator, author, texts) for author in parts}
    classifier = make_classifier(learned)
    shares = {"written": accuracy(classifier, ours), "real": accuracy(classifier, real)}
    if as_json:
        result = compare("real texts", shares["written"], shares["real"], "share told apart")
        print(json.dumps({"case": authors, **result}))
        return
    for author, own in ours.items():
        print(f"--- {author}\n{own[0]}\n")
    for what, share in shares.items():
        print(f"{what} texts told apart: {share:.1%}")


if __name__ == "__main__":
    main()
