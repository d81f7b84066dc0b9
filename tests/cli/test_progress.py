"""What is shown while a corpus is read."""

import pytest

from textgen.cli import progress
from textgen.cli.progress import CorpusProgress


def test_the_stage_at_work_is_shown_alone_with_what_it_has_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0)
    advances = [
        ("reading", 1500, None, "1,500 bytes"),
        ("reading", 1500, None, "3,000 bytes"),
        ("fetching", 20, 80, " 25%"),
        ("reading", 1500, None, "4,500 bytes"),
        ("encoding", 3, 4, " 75%"),
        ("encoding", 1, 4, "100%"),
        ("scoring", 1200, None, "1,200 characters"),
    ]
    with CorpusProgress(quiet=False) as progress_bar:
        for stage, done, total, reached in advances:
            progress_bar.advance(stage, done, total)
            (task,) = progress_bar._bar.tasks
            assert (task.description, task.total) == (stage, total)
            assert task.fields["reached"] == reached
