"""The report shows a run, whatever became of it, to whoever opens it, wherever that is."""

import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest

from tests.seeded_models import TIDEWATER
from textgen.artifact.model_folder import Model, read_model
from textgen.artifact.provenance import Provenance
from textgen.generator import TextGenerator
from textgen.report.run_figure import draw
from textgen.report.run_page import write_report

CURVES = ("loss", "learning_rate", "gradient_norm", "tokens_per_second")
Events = list[dict[str, Any]]


def steps(count: int) -> Events:
    """Return as many lines about optimization, in which every figure goes up and down."""
    draws = random.Random(0)
    return [
        {"step": n + 1, **{name: draws.uniform(1 + n % 2, 2 + n % 2) for name in CURVES}}
        for n in range(count)
    ]


def validation(step: int, nats: float) -> dict[str, Any]:
    return {"step": step, "validation": {"nats_per_token": nats}, "best": True}


@pytest.fixture(scope="session")
def finished(trained: Path) -> Model:
    """A model with a record of its training."""
    return read_model(trained)


def changed(model: Model, **record: Any) -> Model:
    """Return a model with another record."""
    values = model.provenance.to_dict()
    provenance = Provenance(values | {"training": values["training"] | record})
    return replace(model, provenance=provenance)


def page(folder: Path, model: Model, events: Events) -> str:
    """Return the report of a run."""
    write_report(folder, model, events)
    return (folder / "report.html").read_text(encoding="utf-8")


def figure(page: str) -> ElementTree.Element:
    """Return the figure of a report."""
    return ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])


def points(figure: ElementTree.Element, curve: str) -> list[tuple[float, float]]:
    """Return where a curve goes through."""
    (part,) = [part for part in figure.iter() if part.get("id") == curve]
    path = next(part.get("d", "") for part in part.iter() if part.tag.endswith("path"))
    return [(float(x), float(y)) for x, y in re.findall(r"[ML] (\S+) (\S+)", path)]


def test_every_training_leaves_its_report(trained: Path, interrupted: Path) -> None:
    for folder in (trained, interrupted):
        assert (folder / "report.png").is_file()
        assert "Training of tidewater" in (folder / "report.html").read_text(encoding="utf-8")


def test_history_in_the_folder_is_that_of_the_end(interrupted: Path) -> None:
    lines = (interrupted / "history.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    measured = [(e["step"], e["validation"]["nats_per_token"]) for e in events if "validation" in e]
    record = read_model(interrupted).provenance.values["training"]
    assert measured == [tuple(point) for point in record["course"]]
    assert measured[-1][0] == record["steps_done"] == 45


def test_report_is_self_contained(trained: Path) -> None:
    told = (trained / "report.html").read_text(encoding="utf-8")
    told = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", told)
    for part in ("http", "//", "src=", "<script", "<link", "@import", "<!DOCTYPE svg", "data:"):
        assert part not in told, part
    assert set(re.findall(r'href="(.)|url\((.)', told)) <= {("#", ""), ("", "#")}


def test_report_is_legible_in_the_dark_and_on_a_phone(trained: Path) -> None:
    told = (trained / "report.html").read_text(encoding="utf-8")
    assert '<meta name="viewport" content="width=device-width' in told
    assert "@media (prefers-color-scheme: dark)" in told
    assert re.search(r"figure {[^}]*background: #fff", told)  # whatever the page's colour


def test_report_shows_every_curve_and_escapes_samples(finished: Model, tmp_path: Path) -> None:
    events = steps(12) + [validation(n, 3 - n / 10) for n in (4, 8, 12)]
    events += [{"step": 12, "sample": "<script>alert('&')</script>"}]
    told = page(tmp_path, changed(finished, best_step=12), events)
    assert "<script" not in told
    assert "<pre>&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;</pre>" in told
    for curve in CURVES:
        heights = [-y for _, y in points(figure(told), curve)]
        values = [event[curve] for event in events if curve in event]
        order = sorted(range(12), key=heights.__getitem__)
        assert order == sorted(range(12), key=values.__getitem__), curve
    measured = points(figure(told), "validation")
    assert len(measured) == 3
    assert [y for _, y in measured] == sorted(y for _, y in measured)  # down, as the loss goes
    for part in ("nats per token", "tokens/s", "log scale", "optimizer step", "kept: step 12"):
        assert f">{part}" in told or f"{part}<" in told, part


def test_names_from_outside_are_escaped(finished: Model, tmp_path: Path) -> None:
    values = finished.provenance.to_dict()
    corpus = values["corpus"] | {"name": "<b>book</b>", "licence": "<i>"}
    model = replace(finished, provenance=Provenance(values | {"corpus": corpus}))
    (tmp_path / "<u>").mkdir()
    told = page(tmp_path / "<u>", model, steps(3))
    assert "&lt;b&gt;book&lt;/b&gt; (licence: &lt;i&gt;)" in told
    assert "<h1>Training of &lt;u&gt;</h1>" in told
    assert not set(re.findall(r"<[bui]>", told))


def test_facts_are_those_of_the_record(finished: Model, tmp_path: Path) -> None:
    told = page(tmp_path, finished, steps(3))
    record = finished.provenance.values["training"]
    for part in (
        "complete after 120 of 120 steps",
        f"{record['validation']['nats_per_token']:.4f} nats per token",
        f"{record['validation']['bits_per_character']:.4f} bits per character",
        f"on {record['validation_tokens']:,} validation tokens",
        f"best at {record['best_step']}",
        f"{finished.config.parameter_count():,}",
        "--steps 120 --seed 1337",
        "tidewater.txt (licence: unknown)",
        f"keras {record['versions']['keras']}",
    ):
        assert part in told, part


def test_samples_are_at_most_eight_from_first_to_last(finished: Model, tmp_path: Path) -> None:
    events = [{"step": 10 * n, "sample": f"text {n}"} for n in range(1, 31)]
    shown = [int(n) for n in re.findall("<pre>text (.*)</pre>", page(tmp_path, finished, events))]
    assert len(shown) == 8
    assert (shown[0], shown[-1]) == (1, 30)
    assert {b - a for a, b in pairwise(shown)} <= {4, 5}


def test_same_history_gives_the_same_report(finished: Model, tmp_path: Path) -> None:
    def made() -> list[bytes]:
        write_report(tmp_path, finished, [*steps(30), validation(30, 1.5)])
        return [(tmp_path / name).read_bytes() for name in ("report.html", "report.png")]

    first = made()
    with matplotlib.rc_context({"lines.linewidth": 9, "svg.fonttype": "path", "font.size": 30}):
        before = dict(matplotlib.rcParams)
        assert made() == first
        assert dict(matplotlib.rcParams) == before


def test_png_is_a_png_of_sensible_size(trained: Path) -> None:
    picture = (trained / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    assert 800 < width < 1600
    assert 1 < height / width < 1.5
    assert len(picture) < 500_000


@pytest.mark.parametrize(
    ("events", "shown", "hidden"),
    [
        ([*steps(1), validation(1, 5.5)], {"loss", "validation", "kept"}, set()),
        (steps(60), {"loss"}, {"validation", "kept"}),
        ([validation(1, 5.5)], {"validation", "kept"}, set()),
        ([{"step": 0, "resumed": True}], set(), {"validation", "kept"}),
    ],
    ids=["one step", "no validation", "no line yet", "no step yet"],
)
def test_figure_shows_what_there_is_of_a_short_run(
    events: Events, shown: set[str], hidden: set[str]
) -> None:
    vector, _ = draw(events, best_step=1)
    found = {part.get("id") for part in ElementTree.fromstring(vector).iter()}
    assert shown <= found
    assert not hidden & found


def test_long_run_makes_no_large_report(finished: Model, tmp_path: Path) -> None:
    told = page(tmp_path, finished, steps(2000))
    assert len(told) < 600_000
    assert len(points(figure(told), "loss")) > 1000


def test_resumes_are_lines_through_all_panels_named_once() -> None:
    events = [*steps(30), {"step": 10, "resumed": True}, {"step": 20, "resumed": True}]
    vector, _ = draw(events, best_step=0)
    assert vector.count("stroke-dasharray") == 2 * 4 + 1  # and the legend
    assert vector.count(">resumed<") == 1


def test_diverged_run_has_a_scale_on_which_all_of_it_is_seen(
    finished: Model, tmp_path: Path
) -> None:
    events = steps(30)
    events[-1] |= {"loss": 1e6, "gradient_norm": 1e20}
    told = page(tmp_path, changed(finished, ended="diverged", steps_done=30), events)
    assert "diverged after 30 of 120 steps" in told
    heights = [y for _, y in points(figure(told), "loss")]
    early = heights[:-1]
    assert max(early) - min(early) > 0.03 * (max(heights) - min(heights))


def test_resumed_run_is_reported_as_one(
    interrupted: Path, cache_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    shutil.copytree(interrupted, tmp_path / "resumed")
    TextGenerator.train(TIDEWATER, out=tmp_path / "resumed", resume=True)
    told = (tmp_path / "resumed" / "report.html").read_text(encoding="utf-8")
    assert "complete after 60 of 60 steps" in told
    assert "at step 45" in told
    assert ">resumed<" in told
    assert len(points(figure(told), "validation")) == 2  # the last look at step 45 was not saved


def test_drawing_is_silent_where_nothing_can_be_kept() -> None:
    code = "from textgen.report.run_figure import draw; print(len(draw([], 0)[1]))"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MPL", "XDG"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | {"HOME": "/dev/null"},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    assert int(done.stdout) > 1000
