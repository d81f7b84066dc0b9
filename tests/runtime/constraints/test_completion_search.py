"""Whatever passes the start of a constraint ends in time as a text that fits, with any model."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv6Address
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.constraints.test_constraint import SUM, is_sum
from tests.seeded_models import TIDEWATER
from textgen.config.generation import GenerationConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import UsageError
from textgen.runtime.constraints import grammar_compiler
from textgen.runtime.constraints.constraint import Constraint
from textgen.tokenization.tokenizer import Tokenizer

KINDS = ("char", "byte", "bpe")
Fits = Callable[[Any], Any]


@lru_cache(None)
def tokenizer_of(kind: str) -> Tokenizer:
    return Tokenizer.train(kind, [TIDEWATER.read_text("utf-8")], normal_form="nfc", vocab_size=600)


@pytest.fixture(autouse=True, scope="module")
def _skip_trial() -> Iterator[None]:
    """No grammar here holds up a process, or ends it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grammar_compiler, "_try_compile", lambda grammar: None)
        yield


class Model(NamedTuple):
    """What a model wants to write: tokens with a probability each, and how gladly it ends."""

    wants: Callable[[bytes], float]
    ends: float = 0.3


MODELS = {
    "anything": Model(lambda text: 1),
    "never an end": Model(lambda text: 1, ends=0),
    "letters for ever": Model(lambda text: 1e6 if text.isalpha() else 1, ends=0),
    "what opens": Model(lambda text: 1e6 if text.strip() in (b"[", b"{", b"(", b'"') else 1, 0),
    "what is rare": Model(lambda text: 1e6 if text[:1] >= b"\x80" or text == b"\\" else 1, 0),
    "no closing": Model(lambda text: 1e-6 if set(text) & set(b'"]})>.') else 1, 0),
}


@lru_cache(None)
def wishes(kind: str, model: str) -> np.ndarray:
    """Return how gladly a model writes each token."""
    tokenizer, (wants, ends) = tokenizer_of(kind), MODELS[model]
    texts = map(tokenizer.token_bytes, range(1, tokenizer.vocab_size))
    return np.array([ends, *map(wants, texts)])


def write(kind: str, model: str, seed: int, room: int, **constraint: Any) -> str:
    """Write a text as a sampler does: where a token is not accepted, another one is drawn."""
    random, wanted = np.random.default_rng(seed), wishes(kind, model)
    told = Constraint(GenerationConfig(max_new_tokens=room, **constraint), tokenizer_of(kind))
    tokens = list[int]()
    while len(tokens) < room and EOS_ID not in tokens and not told.must_end:
        for _ in range(2):
            shares = np.where(told.allowed(), wanted + 1e-9, 0)
            token = int(random.choice(len(shares), p=shares / shares.sum()))
            if told.accept(token):
                break
        tokens.append(token)
    assert told.is_complete
    return tokenizer_of(kind).decode(tokens)


def is_of(pattern: str) -> Fits:
    """A text that a regular expression is found in."""
    return partial(re.search, pattern)


FORMATS: dict[str, Fits] = {
    "date": is_of(r"^\d{4}-\d\d-\d\d$"),
    "time": is_of(r"^\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"),
    "date-time": is_of(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"),
    "duration": is_of(r"^P([\dYMWD]+)?(T[\dHMS]+)?$"),
    "email": is_of(r"^[^@]+@[^@]+$"),
    "hostname": is_of(r"^[A-Za-z0-9.-]+$"),
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "uuid": UUID,
    "uri": is_of(r"^[A-Za-z][A-Za-z0-9+.-]*:"),
}
PATTERNS = (
    r"^[a-z]{3}$",
    r"^\d{3}-\d{4}$",
    r"^(foo|bar)+$",
    r"^[A-Z][a-z]+( [A-Z][a-z]+)*$",
    r"^(\([0-9]{3}\))?[0-9]{3}-[0-9]{4}$",
    r"^[^@]+@[^@]+\.com$",
    r"^[a-z ]*!!$",
)


class Case(NamedTuple):
    """A JSON schema, and whether a value fits it."""

    schema: dict[str, Any]
    fits: Fits


def form(name: str) -> Case:
    fits = FORMATS[name]
    return Case({"type": "string", "format": name}, lambda value: fits(value) is not None)


def pattern(text: str) -> Case:
    return Case({"type": "string", "pattern": text}, is_of(text))


def enum(*values: Any) -> Case:
    return Case({"enum": list(values)}, lambda value: value in values)


def string(least: int) -> Case:
    return Case({"type": "string", "minLength": least}, lambda value: len(value) >= least)


def number(kind: str, least: int, range_: int) -> Case:
    legal = {"type": kind, "minimum": least, "maximum": least + range_}
    return Case(legal, lambda value: least <= value <= least + range_)


def array(item: Case, least: int, more: int) -> Case:
    schema = {"type": "array", "items": item.schema, "minItems": least, "maxItems": least + more}
    return Case(
        schema, lambda values: least <= len(values) <= least + more and all(map(item.fits, values))
    )


def record(items: dict[str, Case], needed: int) -> Case:
    required = list(items)[:needed]
    schema = {
        "type": "object",
        "properties": {name: item.schema for name, item in items.items()},
        "required": required,
        "additionalProperties": False,
    }
    return Case(
        schema,
        lambda value: (
            set(required) <= set(value) <= set(items)
            and all(items[name].fits(one) for name, one in value.items())
        ),
    )


def union(cases: list[Case]) -> Case:
    return Case(
        {"anyOf": [case.schema for case in cases]},
        lambda value: any(_fits(case, value) for case in cases),
    )


def _fits(case: Case, value: Any) -> bool:
    try:
        return bool(case.fits(value))
    except (TypeError, ValueError, AttributeError):
        return False  # of another type


NAMES = ("id", "name", "email address", "when", "n", "ß")
LEAVES = st.one_of(
    st.sampled_from(list(FORMATS)).map(form),
    st.sampled_from(PATTERNS).map(pattern),
    st.lists(
        st.sampled_from(["red", "a long name of a colour", 1, None, 'x"y', "é"]), min_size=1
    ).map(lambda values: enum(*values)),
    st.sampled_from([0, 1, 7, 40]).map(string),
    st.builds(
        number, st.sampled_from(["integer", "number"]), st.integers(-999, 999), st.integers(0, 999)
    ),
)
CASES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(array, inner, st.integers(0, 4), st.integers(0, 2)),
        st.builds(
            record,
            st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=4),
            st.integers(0, 4),
        ),
        st.lists(inner, min_size=1, max_size=3).map(union),
    ),
    max_leaves=6,
)


def each(cases: Mapping[str, Any]) -> pytest.MarkDecorator:
    """Run each case with some kind of token and model; with all of them where that may be slow."""
    pairs = list(product(KINDS, MODELS))
    usual = {(name, *pairs[n % len(pairs)]) for n, name in enumerate(cases)}
    rows = [
        pytest.param(
            name, cases[name], *pair, marks=[] if (name, *pair) in usual else [pytest.mark.slow]
        )
        for name, pair in product(cases, pairs)
    ]
    return pytest.mark.parametrize(("name", "case", "kind", "model"), rows)


TOO_FEW = re.compile(r"in (\d+) tokens, only one of (\d+); raise max_new_tokens")


def write_or_refuse(kind: str, model: str, seed: int, room: int, **constraint: Any) -> str:
    """Write a text; where the room is too small for any, with as much as the error asks for."""
    try:
        return write(kind, model, seed, room, **constraint)
    except UsageError as error:
        message = str(error)
    told = TOO_FEW.search(message)
    assert told, message
    assert int(told[1]) == room < int(told[2])
    return write(kind, model, seed, int(told[2]), **constraint)


def check(kind: str, model: str, seed: int, room: int, case: Case) -> None:
    """A text that fits comes out in time, or it is told at once how many tokens it takes."""
    schema = json.dumps(case.schema)
    text = write_or_refuse(kind, model, seed, room, json_schema=schema)
    assert case.fits(json.loads(text)), text


EVERY_FORMAT = record({name: form(name) for name in FORMATS}, len(FORMATS))
TABLE = {
    "three formats": record({name: form(name) for name in ("date", "email", "uuid")}, 3),
    "every format": EVERY_FORMAT,
    "two of each": array(EVERY_FORMAT, 2, 0),
    "ten emails": array(form("email"), 10, 5),
    "patterns": record({str(n): pattern(text) for n, text in enumerate(PATTERNS)}, 99),
    "long strings": record({"a": string(150), "b": string(150)}, 2),
    "lists of lists": array(array(array(form("ipv6"), 2, 1), 2, 1), 2, 1),
    "a long one or a short one": union([enum("x" * 900), enum("yes")]),
    "deep": record({"a": record({"b": record({"c": array(form("uuid"), 2, 0)}, 1)}, 1)}, 1),
    "pattern among strings": record(
        {"a": array(string(1), 5, 0), "b": record({"c": pattern(PATTERNS[5])}, 1)}, 2
    ),
}


@each(TABLE | {f"format {name}": form(name) for name in FORMATS})
def test_each_schema_ends_in_time(name: str, case: Case, kind: str, model: str) -> None:
    check(kind, model, 0, 800, case)


law = given(
    case=CASES,
    kind=st.sampled_from(KINDS),
    model=st.sampled_from(list(MODELS)),
    seed=st.integers(0, 99),
    room=st.sampled_from([1, 10, 40, 100, 300]),
)


@law
@settings(max_examples=50, derandomize=True)
def test_any_schema_ends_in_time_or_is_refused_at_once(
    case: Case, kind: str, model: str, seed: int, room: int
) -> None:
    check(kind, model, seed, room, case)


@pytest.mark.slow
@law
@settings(max_examples=5000)
def test_thousands_of_schemas_end_in_time_or_are_refused_at_once(
    case: Case, kind: str, model: str, seed: int, room: int
) -> None:
    check(kind, model, seed, room, case)


REGEXES = (
    r"[A-Za-z]+( [a-z]+)*[.!]",
    r"(a{60}|zz)",
    r"([0-9]{4}-){3}[0-9]{4}",
    r"(a|b)*c(a|b){10}",
    r"([a-z]+@[a-z]+\.(com|org);){3}",
    r"(((x+y+)+z)+;){4}",
    r"[^\n]{200}",
    r"(Roses are [a-z]+, violets are [a-z]+\n){2}",
    r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})!",
)


@each({regex: regex for regex in REGEXES})
def test_each_expression_ends_in_time(name: str, case: str, kind: str, model: str) -> None:
    assert re.fullmatch(case, write(kind, model, 0, 400, regex=case)), name


@given(
    parts=st.lists(
        st.builds(
            "({}){}".format,
            st.sampled_from(["[a-z]", "[0-9]", "ab|c", "[^x]", "é", r"\.com", "[ab]c*"]),
            st.sampled_from(["", "?", "*", "+", "{3}", "{2,}", "{0,2}"]),
        ),
        min_size=1,
        max_size=6,
    ).map("".join),
    kind=st.sampled_from(KINDS),
    model=st.sampled_from(list(MODELS)),
    room=st.integers(1, 60),
)
@settings(max_examples=50)
def test_any_expression_ends_in_time_or_is_refused_at_once(
    parts: str, kind: str, model: str, room: int
) -> None:
    try:
        text = write(kind, model, 0, room, regex=parts)
    except UsageError as error:
        message = str(error)
    else:
        assert re.fullmatch(parts, text, re.DOTALL)
        return
    # What a wanted text looks like may not show before it is whole, as in [^x]+(abc){2}: then no
    # ending may be found, which is an error as well.
    assert TOO_FEW.search(message) or "no text can fit it, as far as a search" in message


GRAMMARS = {
    "sums": SUM,
    "expressions": 'start: NUM | start "+" start | "(" start ")"\nNUM: /[0-9]+/',
    "more opened than closed": 'start: "B" start start start "E" | "x"',
    "all ways look alike": 'start: s{5}\ns: "p" s s "q" | "r" s "r" | "t"',
    "pages": 'start: "<html>" el* "</html>"\nel: "<p>" TXT "</p>" | "<div>" el+ "</div>"\n'
    "TXT: /[a-z ]+/",
    "rows": 'start: row{7}\nrow: CELL ("," CELL){3} "\\n"\nCELL: /[^,\\n"]*/ | /"[^"\\n]*"/',
    "programs": 'start: stmt+\nstmt: "let " ID "=" ex ";" | "print(" ex ");"\n'
    'ex: ID | NUM | ex OP ex | "(" ex ")" | ID "(" (ex ("," ex)*)? ")"\n'
    "ID: /[a-z]+/\nNUM: /[0-9]+/\nOP: /[-+*]/",
    "haiku": 'start: a "\\n" b "\\n" a\na: W (" " W){4}\nb: W (" " W){6}\nW: /[a-z]+/',
}


@each(GRAMMARS)
def test_each_grammar_ends_in_time(name: str, case: str, kind: str, model: str) -> None:
    text = write(kind, model, 0, 150, grammar=case)
    assert name != "sums" or is_sum(text)
    assert name != "more opened than closed" or text.count("B") == text.count("E")
    assert name != "haiku" or len(text.split()) == 17


NEVER = {
    "itself": 'start: "a" start',
    "each other": 'start: a\na: "x" b\nb: "y" a | "z" b',
    "within": 'start: "(" inner ")"\ninner: "a" inner | "b" inner inner',
    "nothing at the end": 'start: "ab" NOTHING\nNOTHING: /[^\\s\\S]/',
}


@pytest.mark.parametrize(("kind", "room"), [("char", 0), ("byte", 20), ("bpe", 5000)])
@pytest.mark.parametrize("name", NEVER)
def test_grammar_that_cannot_end_is_refused_at_once(name: str, kind: str, room: int) -> None:
    with pytest.raises(UsageError) as caught:
        write(kind, "anything", 0, room, grammar=NEVER[name])
    assert str(caught.value).startswith("grammar: no text can fit it")
    assert "max_new_tokens" not in str(caught.value)
