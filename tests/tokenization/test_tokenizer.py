"""Every text comes back as it was, and no file makes the library misbehave."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgen.errors import DataError
from textgen.tokenization.text import clean_text
from textgen.tokenization.tokenizer import EOS_ID, Tokenizer

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


@pytest.mark.parametrize("kind", ["char", "bpe"])
def test_every_text_comes_back_normalized(kind: str, text: str) -> None:
    trained = {
        form: Tokenizer.train(kind, [text, "中文é"], normal_form=form, vocab_size=600)
        for form in ("none", "nfc", "nfkc")
    }
    # As a model folder would hold them: written and read again.
    tokenizers = {form: Tokenizer.from_json(t.to_json()) for form, t in trained.items()}

    @settings(max_examples=5000, deadline=None)
    @given(texts, st.sampled_from(list(tokenizers)))
    def round_trip(sample: str, form: str) -> None:
        tokenizer = tokenizers[form]
        tokens = tokenizer.encode(sample)
        assert tokenizer.decode(tokens) == clean_text(sample, form)
        assert EOS_ID not in tokens
        assert "".join(tokenizer.decode_stream(tokens)) == tokenizer.decode(tokens)

    round_trip()


@pytest.mark.parametrize("kind", ["char", "bpe"])
def test_decoding_is_that_of_the_library(kind: str, text: str) -> None:
    tokenizer = Tokenizer.train(kind, [text], normal_form="nfc", vocab_size=600)
    tokens = tokenizer.encode(text[:5000] + " 中文 é")
    assert tokenizer.decode(tokens) == tokenizer._library.decode(tokens.tolist())


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


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("pre_tokenizer",), {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "X"}),
        (("pre_tokenizer",), None),
        (("normalizer",), {"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
        (("normalizer",), {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""}),
        (("decoder",), {"type": "CTC", "pad_token": "", "word_delimiter_token": "", "cleanup": 1}),
        (("post_processor",), {"type": "TemplateProcessing"}),
        (("added_tokens",), [{"id": 5, "content": "the", "special": True}]),
        (("truncation",), {"max_length": 0}),
        (("model", "vocab"), {"<eos>": 0, "a": 7}),
        (("model", "vocab"), {"<eos>": 0, "漢": 1}),
        (("model", "vocab"), {}),
        (("model", "vocab"), 3),
        (("model", "merges"), [["no", "such"]]),
        (("model", "merges"), [["a"]]),
        (("model", "type"), "WordPiece"),
        (("model", "unk_token"), "a"),
        (("model", "dropout"), 2.0),
        (("model",), None),
    ],
)
def test_foreign_components_are_refused(
    bpe_tokenizer: Tokenizer, path: tuple[str, ...], to: object
) -> None:
    with pytest.raises(DataError, match=r"tokenizer\.json"):
        Tokenizer.from_json(_changed(bpe_tokenizer, *path, to=to))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"x"', "{}", "[" * 100_000])
def test_what_is_no_tokenizer_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"tokenizer\.json"):
        Tokenizer.from_json(text)
