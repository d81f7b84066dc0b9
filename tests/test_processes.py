"""A generator goes to other processes, and a training says where it cannot go on."""

import copy
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from textgen import Session, TextGenerator
from textgen.artifact.model_folder import Model
from textgen.artifact.suffix_array import CopyIndex
from textgen.config.model import PRECISIONS

SETTINGS: dict[str, Any] = {"seed": 1, "max_new_tokens": 30}
Copy = Callable[[Any], Any]
COPIES: dict[str, Copy] = {
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


def write(generator: TextGenerator) -> Any:
    return generator.generate(["The ferry", "Fog"], **SETTINGS)


def go_on(session: Session) -> tuple[Any, str]:
    return session.generate(**SETTINGS), session.text


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_copied_generator_writes_the_same(model: Model, precision: str, how: str) -> None:
    generator = TextGenerator(model, precision=precision, threads=2)
    for wanted in (generator, generator.labelled({})):
        found = COPIES[how](wanted)
        assert write(found) == write(wanted)
        assert (found.decoder.precision, found.decoder.threads) == (precision, 2)
        assert found.model.sha256() == model.sha256()
        assert write(COPIES[how](found)) == write(wanted)  # one that has been at work, too


@pytest.mark.parametrize("how", COPIES)
def test_copied_session_goes_on_with_the_same(generator: TextGenerator, how: str) -> None:
    session = generator.session(seed=3, temperature=0.9)
    session.feed("The ferry")
    session.adapt("The ferry was late. " * 5)
    list(islice(session.stream(max_new_tokens=50), 7))  # which is left at work
    found = COPIES[how](session)
    assert found.text == session.text
    assert found.config == session.config
    wanted, text = session.fork(), session.text
    assert go_on(found) == go_on(wanted)
    found.undo(35)
    wanted.undo(35)
    assert found.text == wanted.text
    assert session.text == text


def test_sessions_that_go_together_can_be_mixed_there(generator: TextGenerator) -> None:
    one, other = generator.session(seed=1), generator.session(seed=1)
    other.feed("Fog")
    first, second = pickle.loads(pickle.dumps((one, other)))
    assert go_on(Session.mix(first, second, 0.5)) == go_on(Session.mix(one, other, 0.5))


def test_index_of_the_training_text_goes_along(model: Model) -> None:
    copies = CopyIndex.of(["The ferry was late.", "Fog on the quay."])
    found = pickle.loads(pickle.dumps(TextGenerator(replace(model, copies=copies))))
    assert found.model.copies.longest("a ferry was latent") == " ferry was late"


@pytest.mark.parametrize("how", COPIES)
def test_stream_is_not_copied_and_says_what_to_do(generator: TextGenerator, how: str) -> None:
    for stream in (generator.stream("The"), generator.session().stream()):
        with pytest.raises(TypeError, match=r"a stream can be neither pickled nor copied.*result"):
            COPIES[how](stream)


def test_spawned_process_writes_the_same(generator: TextGenerator) -> None:
    session = generator.session(seed=2)
    session.feed("The ferry")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(write, (generator,)) == write(generator)
        assert pool.apply(go_on, (session,)) == go_on(session)


TRAINED = """
import os, sys
from textgen import TextGenerator, UsageError
from textgen.report import run_page

run_page.write_report = lambda *_: None  # which takes long
texts = ["The ferry was late on day %d." % day for day in range(60)]
generators = []
for number in range(5):  # TensorFlow has something to say of the fifth
    settings = dict(steps=2, units=(3 + number,), batch_size=2, window=8, threads=1)
    out = sys.argv[1] + "/" + str(number)
    generators.append(TextGenerator.train(texts, out=out, **settings))
sys.stdout.write(generators[0].generate("The", seed=1, max_new_tokens=5).text + "\\n")
sys.stdout.flush()
if os.fork() == 0:
    print(generators[0].generate("The", seed=1, max_new_tokens=5).text)
    try:
        TextGenerator.train(texts, out=sys.argv[1] + "/forked", **settings)
    except UsageError as error:
        print(error)
    print(os.path.exists(sys.argv[1] + "/forked"))
    sys.stdout.flush()
    os._exit(0)
os.wait()
"""


def test_training_is_quiet_and_where_it_would_stand_still_it_says_so(
    tmp_path: Path, cache_home: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", TRAINED, str(tmp_path)],
        capture_output=True,
        check=True,
        timeout=300,
        env={"PATH": "", "XDG_CACHE_HOME": str(cache_home)},
    )
    assert done.stderr == b""
    here, there, refusal, is_begun = done.stdout.decode().splitlines()
    assert here == there
    assert "multiprocessing.get_context('spawn')" in refusal
    assert is_begun == "False"
