"""Every text comes back as it was, and no file makes the library misbehave."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from tests.scripts_of_the_world import TEXTS
from textgen.config.tokens import EOS_ID
from textgen.corpus.text.cleaning import clean_text
from textgen.errors import DataError
from textgen.tokenization.kinds import KINDS, STRICT
from textgen.tokenization.tokenizer import CUSTOM, Tokenizer

BYTE_KINDS = [kind for kind in KINDS if kind != STRICT]
TRAPS = (
    *("<eos>", "<0x41>", "[UNK]", "Ġ", "Ċ", " ", "  \n", "\r\n", "\r", "\t", "\0", "e\u0301"),
    *(
        "한",
        "ﬁ",
        "👩\u200d👩\u200d👧",
        "\u200d",
        "\ufeff",
        "العربية",
        "हिन्दी",
        "中文",
        "the harbour",
    ),
)
# Any text at all, salted with what tokenizers stumble over.
texts = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
        st.sampled_from(TRAPS),
    ),
    max_size=8,
).map("".join)


@pytest.mark.parametrize("kind", BYTE_KINDS)
def test_every_text_comes_back_normalized(kind: str, text: str) -> None:
    trained = {
        form: Tokenizer.train(kind, [text, "中文é"], normal_form=form, vocab_size=600)
        for form in ("none", "nfc", "nfkc")
    }
    # As a model folder would hold them: written and read again.
    tokenizers = {form: Tokenizer.from_json(t.to_json()) for form, t in trained.items()}

    @settings(max_examples=1000, deadline=None)
    @given(texts, st.sampled_from(list(tokenizers)))
    def round_trip(sample: str, form: str) -> None:
        tokenizer = tokenizers[form]
        tokens = tokenizer.encode(sample)
        assert tokenizer.decode(tokens) == clean_text(sample, form)
        assert EOS_ID not in tokens
        assert "".join(tokenizer.decode_stream(tokens)) == tokenizer.decode(tokens)

    round_trip()


@pytest.mark.parametrize("kind", BYTE_KINDS)
def test_decoding_is_that_of_the_library(kind: str, text: str) -> None:
    tokenizer = Tokenizer.train(kind, [text], normal_form="nfc", vocab_size=600)

    @given(st.lists(st.integers(1, tokenizer.vocab_size - 1)))
    def as_the_library(tokens: list[int]) -> None:
        assert tokenizer.decode(tokens) == tokenizer._library.decode(tokens)

    as_the_library()


def test_char_tokens_are_the_characters_of_the_training_text(char_tokenizer: Tokenizer) -> None:
    assert len(char_tokenizer.encode("naïve café")) == 11  # ï was not in the text: two bytes
    assert char_tokenizer.vocab_size == 1 + 256 + 1  # <eos>, bytes, é


def test_bpe_has_the_size_asked_for_and_shortens_text(bpe_tokenizer: Tokenizer, text: str) -> None:
    assert bpe_tokenizer.vocab_size == 600
    assert len(bpe_tokenizer.encode(text)) < 0.6 * len(text)


def test_broken_bytes_decode_to_replacement_characters_at_once(char_tokenizer: Tokenizer) -> None:
    byte = {char_tokenizer.token_bytes(t): t for t in range(char_tokenizer.vocab_size)}
    pieces = list(char_tokenizer.decode_stream([byte[b"\xe4"], byte[b"\xb8"], byte[b"a"]]))
    assert pieces == ["", "", "\ufffda", ""]
    assert char_tokenizer.decode([byte[b"\xc3"]]) == "\ufffd"


def test_batch_is_one_by_one(bpe_tokenizer: Tokenizer, text: str) -> None:
    lines = text.splitlines()[:50]
    for line, tokens in zip(lines, bpe_tokenizer.encode_batch(lines), strict=True):
        assert tokens.tolist() == bpe_tokenizer.encode(line).tolist()


def _changed(tokenizer: Tokenizer, *path: str, to: object) -> str:
    value = json.loads(tokenizer.to_json())
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return json.dumps(value)


@pytest.mark.parametrize("kind", KINDS)
def test_same_text_gives_the_same_tokenizer(kind: str, text: str) -> None:
    texts = [text, *TEXTS.values()]
    one, other = (Tokenizer.train(kind, texts, normal_form="nfc", vocab_size=700) for _ in "ab")
    assert one.to_json() == other.to_json()
    again = Tokenizer.from_json(one.to_json())
    assert (again.kind, again.normal_form, again.vocab_size) == (kind, "nfc", one.vocab_size)
    assert again.to_json() == one.to_json()


def test_byte_tokens_are_bytes() -> None:
    tokenizer = Tokenizer.train("byte", [], normal_form="none")
    assert (tokenizer.encode("aé") - 1).tolist() == [*"aé".encode()]
    assert tokenizer.vocab_size == 257


def test_word_tokens_are_words_with_the_space_before_them() -> None:
    seen = ["Don't go.\nDon't go.\n中文中文 हिन्दी हिन्दी once"]
    tokenizer = Tokenizer.train("word", seen, normal_form="nfc")
    shown = [tokenizer.decode([token]) for token in tokenizer.encode("Don't go.\n中文 हिन्दी")]
    assert shown == ["Don't", " go", ".", "\n", "中", "文", " हिन्दी"]
    # What was seen once, or never, is spelled in bytes.
    assert len(tokenizer.encode(" once")) == 5
    assert Tokenizer.train("word", seen, normal_form="nfc", vocab_size=258).vocab_size == 258


def test_strict_words_are_what_stands_between_white_space() -> None:
    seen = ["the cat , the <unk> ,\n", "<eos> sat\u3000down the\n"]
    tokenizer = Tokenizer.train(STRICT, seen, normal_form="nfc")
    assert tokenizer.vocab_size == 1 + len({"the", "cat", ",", "<unk>", "<eos>", "sat", "down"})
    tokens = tokenizer.encode("the  dog\nsat , <unk> <eos>\n")
    assert EOS_ID not in tokens
    assert tokenizer.decode(tokens) == "the <unk> sat , <unk> <eos>"
    assert tokenizer.detokenizer(prompt=tokens[:1]).push(tokens[1]) == " <unk>"
    fewer = Tokenizer.train(STRICT, seen, normal_form="nfc", vocab_size=3)
    assert fewer.decode(fewer.encode("the cat")) == "the <unk>"


# A tokenizer like many on the hub: GPT-2's, with registered special tokens in odd places.
def foreign(**changes: object) -> LibraryTokenizer:
    library = LibraryTokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        special_tokens=["<|endoftext|>", "[PAD]"],
    )
    library.train_from_iterator(TEXTS.values(), trainer)
    library.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    library.enable_truncation(5)
    library.enable_padding(length=7)
    for name, value in changes.items():
        setattr(library, name, value)
    return library


# One like Llama's: characters, and the bytes of those that it has not.
def with_byte_fallback() -> LibraryTokenizer:
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abc"]
    vocab = {piece: number for number, piece in enumerate(pieces)}
    library = LibraryTokenizer(models.BPE(vocab, [], unk_token="<unk>", byte_fallback=True))
    library.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    library.decoder = decoders.Sequence(
        [
            *(decoders.Replace("▁", " "), decoders.ByteFallback()),
            *(decoders.Fuse(), decoders.Strip(" ", 1, 0)),
        ]
    )
    return library


OWN = Tokenizer.from_json(foreign().to_str())
FALLING_BACK = Tokenizer.from_json(with_byte_fallback().to_str())
BYTE_E4 = 1 + 1 + 0xE4  # its id in ours: behind <eos> and <unk>


@settings(max_examples=500, deadline=None)
@given(sample=texts)
def test_tokenizer_of_ones_own_round_trips_as_far_as_it_does(sample: str) -> None:
    sample += " <|endoftext|> [PAD]"
    tokenizer = OWN
    assert tokenizer.kind == CUSTOM
    tokens = tokenizer.encode(sample)
    assert EOS_ID not in tokens
    assert tokenizer.decode(tokens) == clean_text(sample, "none")
    assert tokenizer.loses(clean_text(sample, "none")) is None


def test_tokenizer_of_ones_own_survives_a_model_folder(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(foreign().to_str())
    tokenizer = Tokenizer.from_file(path, "nfc")
    again = Tokenizer.from_json(tokenizer.to_json())
    assert (again.kind, again.normal_form) == (CUSTOM, "nfc")
    sample = "".join(TEXTS.values())
    assert again.encode(sample).tolist() == tokenizer.encode(sample).tolist()
    assert again.decode(again.encode(sample)) == clean_text(sample, "nfc")


@settings(max_examples=400)
@given(st.lists(st.integers(1, OWN.vocab_size - 1) | st.integers(90, 200)))  # bytes beyond ASCII
def test_stream_of_any_ids_is_what_the_library_decodes_them_to_at_once(tokens: list[int]) -> None:
    whole = OWN._library.decode([token - 1 for token in tokens], skip_special_tokens=False)
    assert OWN.decode(tokens) == whole


@given(st.text("ab 😀中é", max_size=12), st.text("ab 😀中é", max_size=12))
def test_characters_spelled_in_bytes_come_out_whole_and_behind_any_prompt(
    before: str, after: str
) -> None:
    # The space that the tokenizer puts first, and takes away again, is not part of either text.
    prompt, both = (FALLING_BACK.encode("x" + text) for text in (before, before + after))
    pieces = [*FALLING_BACK.decode_stream(both[len(prompt) :], prompt)]
    assert "".join(pieces) == after
    assert all(len(piece) <= 1 for piece in pieces)


@pytest.mark.parametrize("kind", [*KINDS, CUSTOM])
def test_memory_of_a_stream_does_not_grow(kind: str, text: str) -> None:
    if kind == CUSTOM:
        tokenizer = FALLING_BACK
        tokens = [BYTE_E4] * 10_000
    else:
        tokenizer = Tokenizer.train(kind, [text], normal_form="nfc", vocab_size=600)
        tokens = [1, tokenizer.vocab_size - 1] * 5_000
    stream = tokenizer.detokenizer()
    tracemalloc.start()
    try:
        for token in tokens:
            stream.push(token)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 5_000  # bytes
    assert len(stream.finish()) < 10


def test_ids_that_no_token_has_are_one_error() -> None:
    for tokenizer in (OWN, Tokenizer.train("char", ["abc"], normal_form="nfc")):
        for strange in (2**40, -5, tokenizer.vocab_size):
            with pytest.raises(DataError, match=f"no token has the id {strange}; there are 0 to"):
                tokenizer.decode([3, strange])


def test_tokenizer_that_loses_something_is_found_out() -> None:
    lower = Tokenizer.from_json(foreign(normalizer=normalizers.Lowercase()).to_str())
    assert lower.loses("all small\n") is None
    assert lower.loses("all small\nNot all\n") == "Not all\n"


def test_chance_in_a_tokenizer_of_ones_own_is_switched_off() -> None:
    library = foreign()
    library.model.dropout = 0.5
    tokenizer = Tokenizer.from_json(library.to_str())
    assert len({tuple(tokenizer.encode(TEXTS["code"])) for _ in range(20)}) == 1


# Damage to any kind's file, and to that of one kind.
DAMAGE: list[tuple[tuple[str, ...], object]] = [
    (("normalizer",), {"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
    (("normalizer",), {"type": "Nonsense"}),
    (("model", "vocab"), {"<eos>": 0, "a": 7}),
    (("model", "vocab"), {"<eos>": 0, "漢": 1}),
    (("model", "vocab"), [["<eos>", 0.0], ["a", "b"]]),
    (("model", "vocab"), {}),
    (("model", "vocab"), 3),
    (("model", "vocab"), {"a": 2**31}),
    (("model", "type"), "Nonsense"),
    (("model",), None),
]
BPE_DAMAGE: list[tuple[tuple[str, ...], object]] = [
    (("model", "merges"), [["no", "such"]]),
    (("model", "dropout"), 2.0),
]


@pytest.mark.parametrize(
    ("kind", "path", "to"),
    [
        *((kind, path, to) for kind in ("bpe", "unigram", STRICT) for path, to in DAMAGE),
        *(("bpe", path, to) for path, to in BPE_DAMAGE),
    ],
)
def test_damaged_tokenizers_are_one_error(
    kind: str, path: tuple[str, ...], to: object, text: str
) -> None:
    tokenizer = Tokenizer.train(kind, [text], normal_form="nfc", vocab_size=600)
    with pytest.raises(DataError, match=r"tokenizer\.json"):
        Tokenizer.from_json(_changed(tokenizer, *path, to=to)).encode("some text")


def test_vocabulary_without_every_byte_is_refused(bpe_tokenizer: Tokenizer) -> None:
    vocab = json.loads(bpe_tokenizer.to_json())["model"]["vocab"]
    fewer = {spelling: token for spelling, token in vocab.items() if token < 200}
    changed = json.loads(_changed(bpe_tokenizer, "model", "vocab", to=fewer))
    changed["model"]["merges"] = []
    with pytest.raises(DataError, match="57 of the 256 bytes"):
        Tokenizer.from_json(json.dumps(changed))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"x"', "{}", "[" * 100_000])
def test_what_is_no_tokenizer_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"tokenizer\.json"):
        Tokenizer.from_json(text)
