"""Whatever is drawn from what a constraint allows fits it; what cannot be kept is refused."""

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import decoders, models, pre_tokenizers

from textgen.config.generation import GenerationConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError
from textgen.runtime.constraints import grammar_compiler
from textgen.runtime.constraints.constraint import Constraint
from textgen.runtime.constraints.regex_errors import INSTEAD
from textgen.tokenization.byte_level import SPELLINGS
from textgen.tokenization.decoding import BROKEN
from textgen.tokenization.kinds import KINDS
from textgen.tokenization.tokenizer import Tokenizer

MOST = 3000  # tokens that a text of these constraints needs at most, by far
TEXT = (
    "The tide comes in. Go now! Boats wait. the tide, the boats wait. 1 + 22 + 345\n"
    '{ "name" : "tide" , "n" : 12 , "tags" : [ "a" , "bc" , null ] } é 漢\n'
)
WORDS = TEXT.split()

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "n": {"type": "integer", "minimum": -20, "maximum": 300},
        "tags": {"type": "array", "items": {"enum": ["a", "bc", None]}, "maxItems": 3},
    },
    "required": ["name", "n", "tags"],
    "additionalProperties": False,
}
SUM = """
start: term (" + " term)*
term: NUMBER | "(" start ")"
NUMBER: /[1-9][0-9]{0,2}/
"""
REGEX = r"[A-Za-zé漢]+( [a-z]+)*[.!]?"
CHOICE = ("the tide", "the", "the boats wait.", "(22)\n\t/\\", "漢")


def fits_schema(text: str) -> bool:
    value = json.loads(text)
    return (
        list(value) == ["name", "n", "tags"]
        and len(value["name"]) <= 6
        and type(value["n"]) is int
        and -20 <= value["n"] <= 300
        and len(value["tags"]) <= 3
        and set(value["tags"]) <= {"a", "bc", None}
    )


def is_sum(text: str) -> bool:
    tree = ast.walk(ast.parse(text, mode="eval"))
    parts = (ast.Expression, ast.BinOp, ast.Add, ast.Constant)
    return all(isinstance(node, parts) for node in tree) and " " not in text.replace(" + ", "")


CHECKS: dict[str, tuple[dict[str, Any], Callable[[str], Any]]] = {
    "regex": ({"regex": REGEX}, lambda text: re.fullmatch(REGEX, text)),
    "choice": ({"choice": CHOICE}, lambda text: text in CHOICE),
    "json_schema": ({"json_schema": json.dumps(SCHEMA)}, fits_schema),
    "grammar": ({"grammar": SUM}, is_sum),
}


def byte_level() -> LibraryTokenizer:
    """Like GPT-2's: parts of characters are tokens; one token is registered as special."""
    vocab = {spelling: number for number, spelling in enumerate([*SPELLINGS, "Ġtide", "the"])}
    library = LibraryTokenizer(models.BPE(vocab=vocab, merges=[]))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    library.add_special_tokens(["<|endoftext|>"])
    return library


def sentence_piece() -> LibraryTokenizer:
    """Like Llama 2's: bytes have spellings of their own, and the first space of a text goes."""
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁the", "the", "▁tide"]
    letters = sorted({*TEXT, *map(chr, range(33, 127))} - {" ", "\n", "漢"})
    vocab = {piece: number for number, piece in enumerate([*pieces, *letters])}
    library = LibraryTokenizer(models.BPE(vocab=vocab, merges=[], byte_fallback=True))
    library.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return library


def word_piece() -> LibraryTokenizer:
    """Like BERT's: words, and pieces that go on with one."""
    pieces = ["[UNK]", *dict.fromkeys(WORDS), "##s", "##ing", "##.", "##!"]
    vocab = {piece: number for number, piece in enumerate(pieces)}
    library = LibraryTokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    library.decoder = decoders.WordPiece()
    return library


FOREIGN = {"byte-level": byte_level, "sentence-piece": sentence_piece, "word-piece": word_piece}


@lru_cache(None)
def tokenizer_of(kind: str) -> Tokenizer:
    if kind in FOREIGN:
        return Tokenizer.from_json(FOREIGN[kind]().to_str())
    return Tokenizer.train(kind, [TEXT], normal_form="none", vocab_size=300)


@pytest.fixture(autouse=True, scope="module")
def _try_once() -> Iterator[None]:
    """All tokenizers share what is known about a grammar."""
    with pytest.MonkeyPatch.context() as patch:
        once = lru_cache(None)(grammar_compiler._try_compile)
        patch.setattr(grammar_compiler, "_try_compile", once)
        yield


def draw(tokenizer: Tokenizer, seed: int, **settings: Any) -> list[int]:
    """Draw any tokens that are allowed, and end soon once that is."""
    random = np.random.default_rng(seed)
    constraint = Constraint(GenerationConfig(max_new_tokens=-1, **settings), tokenizer)
    tokens: list[int] = []
    while EOS_ID not in tokens and len(tokens) < MOST:
        ends = constraint.must_end or (constraint.is_complete and random.random() < 0.3)
        token = EOS_ID if ends else int(random.choice(np.flatnonzero(constraint.allowed())))
        constraint.accept(token)
        tokens.append(token)
    assert tokens[-1] == EOS_ID
    return tokens


def check_draws(kind: str, name: str, seeds: range) -> None:
    """Texts fit with and without a prompt, but for the space that joins them to it."""
    tokenizer, (settings, fits) = tokenizer_of(kind), CHECKS[name]
    prompt = tokenizer.encode("the tide")
    for seed in seeds:
        tokens = draw(tokenizer, seed, **settings)
        text = tokenizer.decode(tokens)
        assert fits(text), text
        after = "".join(tokenizer.decode_stream(tokens, prompt))
        assert after in (text, f" {text}")
        assert after == text or kind in ("word-strict", "sentence-piece", "word-piece")


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("kind", [*KINDS, *FOREIGN])
def test_any_text_that_is_allowed_fits(kind: str, name: str) -> None:
    check_draws(kind, name, range(20))


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("kind", [*KINDS, *FOREIGN])
def test_a_thousand_texts_that_are_allowed_fit(kind: str, name: str) -> None:
    check_draws(kind, name, range(1000))


def constraint(kind: str = "byte", **settings: Any) -> Constraint:
    return Constraint(GenerationConfig(**settings), tokenizer_of(kind))


def write(constraint: Constraint, text: str, kind: str = "byte") -> None:
    for token in tokenizer_of(kind).encode(text).tolist():
        constraint.accept(token)


def refusal(**settings: Any) -> str:
    with pytest.raises(UsageError) as caught:
        constraint(**settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["byte", "bpe", "word", "byte-level"])
def test_every_token_that_fits_is_allowed_and_no_other(kind: str) -> None:
    tokenizer = tokenizer_of(kind)
    longest = max(CHOICE, key=len)
    for end in range(len(longest)):
        written = longest[:end]
        told = constraint(kind, choice=CHOICE)
        write(told, written, kind)
        for token in range(1, tokenizer.vocab_size):
            data = tokenizer.token_bytes(token)
            if kind in FOREIGN and BROKEN.encode() in data:
                continue  # what the bytes really are is not told
            text = written.encode() + data
            fits = any(choice.encode().startswith(text) for choice in CHOICE)
            assert told.allowed()[token] == fits
        assert told.allowed()[EOS_ID] == told.is_complete == (written in CHOICE)


def test_end_is_allowed_exactly_where_the_text_fits() -> None:
    told = constraint(regex="ab?")
    assert not told.is_complete
    assert not told.allowed()[EOS_ID]
    write(told, "a")
    assert told.is_complete
    assert told.allowed()[EOS_ID]
    assert not told.must_end
    write(told, "b")
    assert told.must_end
    told.accept(EOS_ID)
    assert told.must_end


def test_empty_text_may_be_the_only_one_that_fits() -> None:
    assert constraint(grammar="start: ").must_end


def test_where_no_token_fits_on_a_complete_text_must_end() -> None:
    told = constraint("word-strict", regex="the( nonsense)?")
    write(told, "the", "word-strict")
    assert told.must_end


def test_dead_end_is_an_error_that_shows_the_text() -> None:
    told = constraint(grammar='start: "ab" NOTHING\nNOTHING: /[^\\s\\S]/', max_new_tokens=-1)
    write(told, "ab")
    for _ in "twice":
        with pytest.raises(DataError) as caught:
            told.allowed()
        assert str(caught.value) == ("grammar: nothing that this model can write fits after 'ab'")
    assert not told.is_complete
    assert not told.must_end


@pytest.mark.parametrize("text", ["b", "aa"])
def test_token_that_is_not_allowed_is_refused(text: str) -> None:
    told = constraint(regex="a")
    with pytest.raises(DataError, match=r"regex: token .* is not allowed here"):
        write(told, text)


def test_end_before_the_text_fits_is_refused() -> None:
    with pytest.raises(DataError, match="regex: token 0 is not allowed here"):
        constraint(regex="a").accept(EOS_ID)


IMPOSSIBLE = "nothing that this model can write fits"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"regex": r"[^\s\S]"}, IMPOSSIBLE),
        ({"regex": "("}, "unclosed group"),
        ({"regex": "x" * 300 + "("}, "unclosed group"),
        ({"regex": "(?=a)b"}, "(?= is not supported: describe the text itself"),
        ({"regex": r"(a)\1"}, r"\1 is not supported: write the pattern again"),
        ({"regex": "a$b"}, "^ and $ are allowed at the beginning and the end only"),
        ({"regex": r"\\(?P<x>a)\Z"}, r"\Z is not supported: leave it out"),
        ({"grammar": r"start: /\bword/"}, r"\b is not supported: write the character there"),
        ({"json_schema": r'{"type": "string", "pattern": "a\\b"}'}, r"\b is not supported"),
        ({"json_schema": r'{"type": "string", "pattern": "\q"}'}, "not JSON"),
        ({"grammar": "root ::= ("}, "it looks like GBNF (of llama.cpp), but cannot be read"),
        ({"grammar": "root ::= other"}, "it looks like GBNF (of llama.cpp), but cannot be read"),
        ({"regex": "a\\"}, "it ends with a backslash that escapes nothing"),
        ({"regex": "\ud800"}, "it holds a lone surrogate, no character"),
        ({"choice": ("a", "\ud800")}, "it holds a lone surrogate, no character"),
        ({"json_schema": "{"}, "not JSON: Expecting property name"),
        ({"json_schema": "[" * 10**5}, "not JSON: maximum recursion depth"),
        ({"json_schema": "null"}, "a schema is an object, true or false"),
        ({"json_schema": "false"}, "Unsatisfiable schema"),
        ({"json_schema": '{"type": "nonsense"}'}, "Invalid type: nonsense"),
        ({"json_schema": '{"type": "integer", "minimum": 5, "maximum": 3}'}, "Unsatisfiable"),
        ({"json_schema": '{"enum": []}'}, "Unsatisfiable schema: anyOf is empty"),
        ({"json_schema": '{"$ref": "#"}'}, IMPOSSIBLE),
        ({"json_schema": '{"$ref": "http://localhost/x"}'}, "Resource 'http://localhost/x'"),
        ({"grammar": "start: ("}, "1(9): Expected token ')'"),
        ({"grammar": "begin: /a/"}, "no start rule found"),
        ({"grammar": "start: other"}, 'at 1(8): unknown name: "other"'),
        ({"grammar": "start: start"}, IMPOSSIBLE),
        ({"grammar": "start: <[0]>"}, IMPOSSIBLE),
        ({"grammar": "start: <eos>"}, IMPOSSIBLE),
        ({"grammar": "start: <other>"}, 'at 1(8): unknown special token: "<other>"'),
    ],
)
def test_what_cannot_be_read_or_kept_is_refused_in_one_quiet_line(
    settings: dict[str, Any], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (name,) = settings
    assert refusal(**settings).startswith(f"{name}: {message}")
    assert len(refusal(**settings)) < 300
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "settings",
    [
        {"regex": "((a{1000}){1000}){1000}"},
        {"grammar": 'start: ("a"{1000000}){1000000}'},
        {"grammar": 'start: start "a" | "a"'},
        {"json_schema": '{"type": "string", "minLength": 1000000000}'},
    ],
)
def test_huge_counts_and_left_recursion_are_no_trouble(settings: dict[str, Any]) -> None:
    assert constraint(**settings, max_new_tokens=-1).allowed().any()


@pytest.mark.parametrize("construct", INSTEAD)
def test_every_construct_that_is_named_is_one_that_is_not_supported(construct: str) -> None:
    message = refusal(regex=f"(?P<x>a)b{construct}" + "x)" * construct.startswith("("))
    assert message == f"regex: {construct} is not supported: {INSTEAD[construct]}"


GBNF = r"""
root   ::= object
value  ::= object | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
string ::= "\"" [a-z]* "\"" ws
number ::= "-"? [0-9]+ ws   # no fractions
ws     ::= [ \t\n]?
"""


def test_grammar_for_llama_cpp_is_taken_as_it_is() -> None:
    for seed in range(20):
        text = tokenizer_of("byte").decode(draw(tokenizer_of("byte"), seed, grammar=GBNF))
        assert isinstance(json.loads(text), dict)


def test_grammar_that_overflows_the_stack_is_refused() -> None:
    chain = "".join(f"a{n}: a{n + 1}\n" for n in range(20_000))
    message = refusal(grammar=f'start: a0\n{chain}a20000: "x"')
    assert message == "grammar: it is too large, or nested too deeply, to compile; make it simpler"


def test_grammar_that_takes_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar_compiler, "PATIENCE", 0.5)
    patterns = [{"type": "string", "pattern": f"(a|b)*a(a|b){{{n}}}"} for n in range(80)]
    message = refusal(json_schema=json.dumps({"allOf": patterns}))
    assert message == "json_schema: it takes more than 0.5 s to compile; make it simpler"


def test_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(UsageError) as caught:
        Constraint(GenerationConfig(regex="a"), Tokenizer.train("byte", [], normal_form="none"))
    assert str(caught.value) == (
        "a constraint needs llguidance, which is not installed; install textgen-lstm with its "
        "extra 'constrain'"
    )


def test_tokens_that_write_nothing_or_too_much_are_never_allowed() -> None:
    long = "x" * (grammar_compiler.LONGEST_TOKEN + 1)
    vocab = {piece: number for number, piece in enumerate(["", "▁", "x", long])}
    library = LibraryTokenizer(models.WordLevel(vocab, unk_token="x"))
    library.decoder = decoders.Metaspace()
    told = Constraint(GenerationConfig(regex=r"[\s\S]*"), Tokenizer.from_json(library.to_str()))
    assert told.allowed().tolist() == [True, False, False, True, False]
    told.accept(3)
    assert told.allowed().tolist() == [True, False, True, True, False]


def test_vocabulary_that_the_library_cannot_hold_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grammar_compiler, "LONGEST_TOKEN", 5000)
    tokenizer = Tokenizer.train("word-strict", ["x" * 5000], normal_form="none")
    with pytest.raises(UsageError, match="too large a vocabulary for constraints"):
        Constraint(GenerationConfig(regex="a"), tokenizer)


def test_tokenizer_whose_tokens_write_now_this_now_that_is_refused() -> None:
    vocab = {"[UNK]": 0, "a": 1, "b</w>": 2, "c": 3, "d": 4, "e</w>": 5}
    library = LibraryTokenizer(models.BPE(vocab=vocab, merges=[], end_of_word_suffix="</w>"))
    library.decoder = decoders.BPEDecoder("</w>")
    with pytest.raises(UsageError, match="writes a token differently after different ones"):
        Constraint(GenerationConfig(regex="a"), Tokenizer.from_json(library.to_str()))


def test_what_is_made_of_a_tokenizer_is_kept_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = Tokenizer.train("byte", [], normal_form="none")
    Constraint(GenerationConfig(regex="a"), tokenizer)
    monkeypatch.setattr(grammar_compiler, "token_bytes", None)
    monkeypatch.setattr(grammar_compiler, "TRIAL", None)
    assert Constraint(GenerationConfig(regex="a"), tokenizer).allowed().sum() == 1


def test_tokenizer_itself_stays_as_it_was() -> None:
    tokenizer = Tokenizer.train("byte", [], normal_form="none")
    before = dict(vars(tokenizer)), tokenizer.to_json()
    Constraint(GenerationConfig(regex="a"), tokenizer)
    assert (vars(tokenizer), tokenizer.to_json()) == before


def test_threads_may_begin_constraints_at_once() -> None:
    tokenizer = Tokenizer.train("byte", [], normal_form="none")

    def allowed(letter: str) -> list[int]:
        told = Constraint(GenerationConfig(regex=f"{letter}+"), tokenizer)
        told.accept(int(tokenizer.encode(letter)[0]))
        return np.flatnonzero(told.allowed()).tolist()

    letters = "abcdefgh"
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(allowed, letters))
    assert found == [[EOS_ID, int(tokenizer.encode(letter)[0])] for letter in letters]


def schema_fits(text: str, **guidance: Any) -> bool:
    told = constraint(json_schema=json.dumps({"type": "array"} | guidance))
    try:
        write(told, text)
    except DataError:
        return False
    return told.is_complete


@pytest.mark.parametrize("text", ["[1,2]", "[1, 2]", "[ 1 , 2 ]"])
def test_json_may_have_a_space_between_its_parts(text: str) -> None:
    assert schema_fits(text)


@pytest.mark.parametrize("text", ["[1,  2]", "[1,\n2]", " [1]", "[1] ", "[\t1]"])
def test_json_has_no_other_white_space_between_them(text: str) -> None:
    assert not schema_fits(text)


def test_schema_may_have_a_layout_of_its_own() -> None:
    assert schema_fits("[1,  2]", **{"x-guidance": {"whitespace_flexible": True}})
    assert not schema_fits("[1, 2]", **{"x-guidance": {"whitespace_flexible": False}})


def test_token_behind_which_no_end_is_in_reach_gives_way_to_the_ending() -> None:
    told = constraint(regex="[a-z]*!", max_new_tokens=3)
    letter, end = tokenizer_of("byte").encode("x!").tolist()
    assert told.accept(letter)
    assert told.accept(letter)
    assert np.flatnonzero(told.allowed()).tolist() == [end]
    assert told.accept(end)
    assert told.must_end


def test_refused_token_leaves_the_text_as_it_is() -> None:
    told = constraint("word-strict", regex="(the nonsense|the tide|Boats)", max_new_tokens=2)
    write(told, "the", "word-strict")
    assert told.allowed().sum() == 1
    assert not told.must_end


def test_constraints_of_one_grammar_do_not_disturb_each_other() -> None:
    one, other = constraint(regex="ab"), constraint(regex="ab")
    write(one, "a")
    assert one.allowed().tolist() != other.allowed().tolist()
