"""Proposals: what is taken of one, what the others become, and settings that change."""

import pytest

from textgen import TextGenerator
from textgen.config.cowriting import CowritingConfig
from textgen.cowriter.cowriter import CoWriter, Proposal
from textgen.cowriter.tree import TextTree
from textgen.errors import UsageError


@pytest.fixture
def co_writer(generator: TextGenerator) -> CoWriter:
    config = generator.configure(seed=5, max_new_tokens=12, banned_tokens=(0,))
    return CoWriter(generator, TextTree(), config, CowritingConfig())


def propose(co_writer: CoWriter) -> list[str]:
    request = co_writer.ask()
    co_writer.propose(request, co_writer.answer(request))
    return [one.text for one in co_writer.proposals]


def test_proposals_are_what_a_session_writes_behind_the_text(
    co_writer: CoWriter, generator: TextGenerator
) -> None:
    co_writer.type("the ha")
    found = propose(co_writer)
    wanted = [
        generator.generate("the ha", max_new_tokens=12, banned_tokens=(0,), seed=seed).text
        for seed in (5, 6, 7)
    ]
    assert found == wanted
    assert propose(co_writer) != found


def test_word_by_word_a_proposal_becomes_the_text(co_writer: CoWriter) -> None:
    co_writer.tree.add("It was")
    co_writer.proposals = [Proposal(" a dark, stormy\nnight ", 1), Proposal(" a hut", 2)]
    words = []
    while co_writer.proposals:
        before = len(co_writer.tree.text)
        co_writer.accept("word")
        words.append(co_writer.tree.text[before:])
    assert words == [" a", " dark", ",", " stormy", "\nnight", " "]


def test_line_by_line_a_proposal_becomes_the_text(co_writer: CoWriter) -> None:
    co_writer.proposals = [Proposal("\n\none two\nthree\n\n", 1)]
    lines = []
    while co_writer.proposals:
        before = len(co_writer.tree.text)
        co_writer.accept("line")
        lines.append(co_writer.tree.text[before:])
    assert lines == ["\n\none two\n", "three\n", "\n"]


def test_others_that_begin_alike_are_left_to_choose_from(co_writer: CoWriter) -> None:
    co_writer.proposals = [Proposal(" a b", 1), Proposal(" c", 2), Proposal(" a d", 3)]
    co_writer.choose(-1)
    co_writer.accept("word")
    assert co_writer.proposals == [Proposal(" b", 1), Proposal(" d", 3)]
    assert co_writer.proposals[co_writer.chosen].seed == 3
    co_writer.type(" b")
    assert co_writer.proposals == []


def test_answer_comes_to_nothing_where_the_text_has_gone_on(co_writer: CoWriter) -> None:
    co_writer.type("a")
    request = co_writer.ask()
    answer = co_writer.answer(request)
    co_writer.type("b")
    co_writer.propose(request, answer)
    assert co_writer.proposals == []


def test_what_is_typed_after_an_answer_is_read_with_it(
    co_writer: CoWriter, generator: TextGenerator
) -> None:
    """A stretch that the model has read never changes behind its back."""
    co_writer.type("ab")
    propose(co_writer)
    co_writer.type("c")
    co_writer.erase()
    co_writer.erase()
    co_writer.type("xyz")
    found = propose(co_writer)
    assert co_writer.tree.text == "axyz"
    session = generator.session()
    for text in ("a", "xyz"):
        session.feed(text)
    settings = co_writer.config.to_dict() | {"seed": 8}
    assert found[0] == session.generate(**settings).text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("heat = 1", "unknown setting 'heat'"),
        ("temperature = -1", "temperature is -1"),
        ("choices = 10", "choices is 10"),
        ("temperature", "is no setting; write: temperature = 0.9"),
        ('stop = ["a"', "is no setting"),
    ],
)
def test_impossible_setting_changes_nothing(co_writer: CoWriter, line: str, message: str) -> None:
    before = co_writer.settings
    with pytest.raises(UsageError, match=message):
        co_writer.set(line)
    assert co_writer.settings == before


def test_settings_change_the_next_proposals(co_writer: CoWriter) -> None:
    co_writer.set("temperature = 0, choices = 2, max_new_tokens = 3, ban = ['e', 't']")
    first, second = propose(co_writer)
    assert first == second
    assert len(first) == 3


def test_model_learns_from_the_text_once_and_for_all_branches(
    co_writer: CoWriter, generator: TextGenerator
) -> None:
    co_writer.set("learn = true")
    text = "ab " * 200
    co_writer.type(text)
    propose(co_writer)
    co_writer.tree.add("ab ab", 1)
    found = propose(co_writer)
    wanted = generator.session()
    wanted.adapt(text)
    wanted.adapt("ab ab")
    settings = co_writer.config.to_dict() | {"seed": 8}
    assert found[0] == wanted.fork().generate(**settings).text
    wanted.adaptation = None
    assert found[0] != wanted.generate(**settings).text
    co_writer.tree.undo()
    before = co_writer._learned
    propose(co_writer)
    assert co_writer._learned is before
