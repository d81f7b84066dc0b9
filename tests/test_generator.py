"""The façade: prompts of any kind in, the same text for the same seed out."""

import resource
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import random_weights
from tests.dictation import dictate
from textgen import DataError, Generation, TextGenerator, UsageError
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig
from textgen.model_folder import Model
from textgen.tokenization.tokenizer import EOS_ID, Tokenizer


def test_same_seed_gives_the_same_text_and_another_does_not(generator: TextGenerator) -> None:
    one = generator.generate("The ferry", seed=1)
    assert one == generator.generate("The ferry", seed=1)
    assert one.text != generator.generate("The ferry", seed=2).text


def test_unseeded_generation_shows_the_seed_that_repeats_it(generator: TextGenerator) -> None:
    one = generator.generate("The ferry")
    assert generator.generate("The ferry", seed=one.seed) == one


def test_prompt_decides_the_text(generator: TextGenerator) -> None:
    texts = [generator.generate(p, seed=1, temperature=0.0).text for p in ("The ferry", "Ledger")]
    assert texts[0] != texts[1]


def test_list_gives_a_list_each_repeatable_alone(generator: TextGenerator) -> None:
    several = generator.generate(["The", "The", "A"], seed=5, max_new_tokens=20)
    assert several[0] != several[1]
    for number, result in enumerate(several):
        prompt = ["The", "The", "A"][number]
        assert generator.generate(prompt, seed=5 + number, max_new_tokens=20) == result


def test_stream_joins_to_the_text_and_has_the_same_result(generator: TextGenerator) -> None:
    stream = generator.stream("The ferry", seed=1)
    pieces = list(stream)
    assert all(pieces)
    assert len(pieces) > 50
    assert "".join(pieces) == stream.result().text
    assert stream.result() == generator.generate("The ferry", seed=1)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_prompt_is_taken(generator: TextGenerator, prompt: str) -> None:
    result = generator.generate(prompt, seed=1, max_new_tokens=3)
    assert result.usage.prompt_tokens == len(generator.tokenizer.encode(prompt))


def test_prompt_of_any_length_is_taken(generator: TextGenerator, text: str) -> None:
    result = generator.generate(text * 3, seed=1, max_new_tokens=3)
    assert result.usage.prompt_tokens == 3 * len(text)


def test_lone_surrogate_in_a_prompt_is_bad_data(generator: TextGenerator) -> None:
    with pytest.raises(DataError, match="surrogate"):
        generator.generate("ab\udcff")


def test_length_and_logprobs(generator: TextGenerator) -> None:
    result = generator.generate("The", max_new_tokens=7, seed=1)
    assert result.usage.completion_tokens == len(result.tokens) == len(result.logprobs) == 7
    assert result.finish_reason == "length"
    assert all(logprob < 0 for logprob in result.logprobs)
    assert generator.tokenizer.decode(result.tokens) == result.text == str(result)
    assert generator.generate("The", max_new_tokens=0, seed=1).text == ""


def test_predicting_eos_ends_the_text(generator: TextGenerator) -> None:
    results = [generator.generate("", seed=seed, temperature=5.0) for seed in range(10)]
    ended = [result for result in results if result.finish_reason == "stop"]
    assert ended  # with random weights, <eos> comes now and then
    for result in ended:
        assert result.tokens.index(EOS_ID) == len(result.tokens) - 1


def test_stop_string_ends_the_text_before_itself(generator: TextGenerator) -> None:
    whole = generator.generate("The", seed=1)
    stop = whole.text[100:103]
    cut = generator.generate("The", seed=1, stop=(stop,))
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish_reason == "stop"
    assert len(cut.tokens) < len(whole.tokens)


def test_greedy_text_does_not_depend_on_the_seed(generator: TextGenerator) -> None:
    texts = {generator.generate("The", temperature=0, seed=seed).text for seed in range(3)}
    assert len(texts) == 1
    assert texts == {generator.generate("The", top_k=1, seed=9).text}


def test_banned_token_is_never_written(generator: TextGenerator) -> None:
    assert "e" in generator.generate("The", seed=1).text
    banned = generator.generate("The", seed=1, banned_tokens=("e", EOS_ID), temperature=2.0)
    assert "e" not in banned.text
    assert banned.finish_reason == "length"


def test_biased_token_is_written_as_often_as_the_bias_says(generator: TextGenerator) -> None:
    def share(bias: float) -> float:
        return generator.generate("The", seed=1, logit_bias={"q": bias}).text.count("q") / 300

    assert share(-100) == 0 < share(0) < share(3) < share(100) == 1


def lead(generator: TextGenerator, prompt: str, token: int) -> dict[int, float]:
    """Return the bias with which a token is the likeliest after a prompt, by 1."""
    tokens = np.concatenate([[EOS_ID], generator.tokenizer.encode(prompt)])
    logits = generator.decoder.score(tokens, generator.decoder.initial_state())[0][-1]
    return {token: float(np.delete(logits, token).max() - logits[token] + 1)}


def test_penalties_look_at_the_prompt(generator: TextGenerator) -> None:
    (q,) = generator.tokenizer.encode("q").tolist()
    settings: dict[str, Any] = {"temperature": 0, "max_new_tokens": 1, "presence_penalty": 2.0}
    for prompt, last, text in [("q", 64, False), ("q", 0, True), ("q" + "a" * 64, 64, True)]:
        biased = settings | {"logit_bias": lead(generator, prompt, q), "repeat_last_n": last}
        assert (generator.generate(prompt, **biased).text == "q") is text
    everything = settings | {"logit_bias": lead(generator, prompt, q), "repeat_last_n": -1}
    assert generator.generate(prompt, **everything).text != "q"


def test_penalties_leave_the_end_of_the_text_alone(generator: TextGenerator) -> None:
    result = generator.generate(
        "", temperature=0, presence_penalty=2.0, logit_bias=lead(generator, "", EOS_ID)
    )
    assert result.tokens == (EOS_ID,)


def test_repetition_is_rarer_with_each_penalty(generator: TextGenerator) -> None:
    def types(**settings: Any) -> int:
        return len(set(generator.generate("The", seed=1, top_k=5, **settings).tokens))

    plain = types()
    for name, value in [("repetition", 1.5), ("presence", 2.0), ("frequency", 0.5)]:
        assert types(**{f"{name}_penalty": value}) > plain


def test_impossible_settings_are_refused_before_anything_is_drawn(
    generator: TextGenerator,
) -> None:
    impossible: list[tuple[str, Any]] = [
        ("top_k", -1),
        ("temperature", -1.0),
        ("top_p", 0.0),
        ("stop", ("",)),
        ("banned_tokens", ("whale",)),
        ("logit_bias", {9999: 1.0}),
    ]
    for name, value in impossible:
        with pytest.raises(UsageError, match=name):
            generator.stream("The", **{name: value})
    with pytest.raises(UsageError, match="did you mean 'temperature'"):
        generator.generate("The", temparature=1.0)


def test_hook_sees_prompt_and_new_tokens_and_may_ban(generator: TextGenerator) -> None:
    seen: list[list[int]] = []
    banned = generator.tokenizer.encode("aeiou").tolist()

    def no_vowels(tokens: np.ndarray, logits: np.ndarray) -> np.ndarray:
        seen.append(tokens.tolist())
        logits[banned] = -np.inf
        return logits

    result = generator.generate("The", seed=1, hooks=[no_vowels], max_new_tokens=50)
    prompt = generator.tokenizer.encode("The").tolist()
    assert seen == [[*prompt, *result.tokens[:n]] for n in range(len(result.tokens))]
    assert not set(result.text) & set("aeiou")
    plain = generator.generate("The", seed=1, max_new_tokens=50)
    assert set(plain.text) & set("aeiou")
    biases = generator.generate("The", seed=1, max_new_tokens=50, banned_tokens=tuple("aeiou"))
    assert biases == result


@pytest.mark.parametrize(
    "chosen", [{}, {"min_p": 0.9}, {"min_p": 0.9, "top_p": 0.5}, {"typical_p": 0.9}, {"beams": 2}]
)
def test_text_never_ends_before_its_least_length(
    generator: TextGenerator, chosen: dict[str, Any]
) -> None:
    eager: dict[str, Any] = {"logit_bias": {EOS_ID: 60.0}, "max_new_tokens": 90, "seed": 1}
    assert generator.generate("", **eager, **chosen).tokens == (EOS_ID,)
    for least in (1, 33, 64):
        late = generator.generate("", min_new_tokens=least, **eager, **chosen)
        assert late.tokens.index(EOS_ID) == least == len(late.tokens) - 1
    exact = generator.generate("", min_new_tokens=90, **eager, **chosen)
    assert len(exact.tokens) == 90
    assert exact.finish_reason == "length"


def test_nothing_stops_a_text_before_its_least_length(generator: TextGenerator) -> None:
    tokens = generator.tokenizer.encode("One. Two.\nThree. Four.\n\nFive. Six. Seven.").tolist()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"stop": ("o",)}, "One. Two.\nThree. F"),
        ({"stop_at": "sentence"}, "One. Two.\nThree. "),
        ({"stop_at": "line"}, "One. Two.\nThree. Four.\n"),
    ]
    for chosen, text in cases:
        result = generator.generate("", hooks=[dictate(tokens)], min_new_tokens=12, **chosen)
        assert result.text.rstrip() == text.rstrip(), chosen
        assert result.finish_reason == "stop"


def test_length_that_contradicts_itself_is_refused(generator: TextGenerator) -> None:
    with pytest.raises(UsageError, match="min_new_tokens is 6, above max_new_tokens"):
        generator.generate("", min_new_tokens=6, max_new_tokens=5)
    everything = tuple(range(1, generator.tokenizer.vocab_size))
    with pytest.raises(UsageError, match="min_new_tokens forbids"):
        generator.generate("", min_new_tokens=1, banned_tokens=everything)


@pytest.fixture(scope="module")
def bpe_generator(bpe_tokenizer: Tokenizer) -> TextGenerator:
    config = ModelConfig(vocab_size=bpe_tokenizer.vocab_size, embedding_size=4, units=(6,))
    weights = random_weights(config)
    return TextGenerator(Model(config, weights, bpe_tokenizer, GenerationConfig(), {}))


@pytest.mark.parametrize("stop", ["ry at", "the ferry", "e", " ", "day, an", "ferry at the"])
def test_stop_strings_are_found_across_the_borders_of_tokens(
    bpe_generator: TextGenerator, stop: str
) -> None:
    text = "all day, and the ferry at the pier"
    tokens = bpe_generator.tokenizer.encode(text).tolist()
    assert len(tokens) < len(text) / 2
    hooks = [dictate(tokens)]
    result = bpe_generator.generate("", hooks=hooks, stop=("never", stop))
    assert result.text == text[: text.index(stop)]
    assert result.finish_reason == "stop"
    assert result.usage.completion_tokens <= len(tokens)
    assert "".join(bpe_generator.stream("", hooks=hooks, stop=("never", stop))) == result.text


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("sentence", "It ebbed."),
        ("line", "It ebbed. It flowed,"),
        ("paragraph", "It ebbed. It flowed,\nand ebbed."),
        ("document", "It ebbed. It flowed,\nand ebbed.\n\nThen it was night."),
    ],
)
def test_text_ends_with_the_first_whole_unit(
    generator: TextGenerator, bpe_generator: TextGenerator, unit: str, written: str
) -> None:
    whole = "It ebbed. It flowed,\nand ebbed.\n\nThen it was night."
    for one in (generator, bpe_generator):
        tokens = one.tokenizer.encode(whole).tolist()
        result = one.generate("", hooks=[dictate(tokens)], stop_at=unit)
        assert result.text.rstrip() == written
        assert result.finish_reason == "stop"


def test_reason_tells_why_a_text_ended(generator: TextGenerator) -> None:
    tokens = generator.tokenizer.encode("ebb tide").tolist()

    def reason(**chosen: Any) -> str:
        return generator.generate("", hooks=[dictate(tokens)], **chosen).finish_reason

    assert reason() == reason(max_new_tokens=9) == "stop"  # <eos> is the ninth
    assert reason(max_new_tokens=8) == "length"
    assert reason(max_new_tokens=8, stop=("de",)) == "stop"
    assert reason(max_new_tokens=7, stop=("de",)) == "length"
    assert reason(max_new_tokens=-1) == "stop"
    assert reason(max_new_tokens=0) == "length"


def test_end_within_a_held_back_text_lets_it_out(generator: TextGenerator) -> None:
    tokens = generator.tokenizer.encode("ebb tide").tolist()
    for chosen, text in [({"max_new_tokens": 6}, "ebb ti"), ({}, "ebb tide")]:
        result = generator.generate("", hooks=[dictate(tokens)], stop=("tidewater",), **chosen)
        assert result.text == text


def test_end_within_a_character_shows_that_it_is_broken(generator: TextGenerator) -> None:
    tokens = generator.tokenizer.encode("漢").tolist()
    result = generator.generate("", hooks=[dictate(tokens)], max_new_tokens=2)
    assert result.text == "\ufffd"


def test_long_prompt_counts_to_its_last_character(generator: TextGenerator, text: str) -> None:
    long = (text * 3)[:100_000]
    first = [generator.next(long + end, 1)[0].probability for end in ("a", "b", "ab")]
    assert len(set(first)) == 3


@pytest.mark.slow
def test_five_megabytes_are_read_in_linear_time_and_little_memory(
    generator: TextGenerator, text: str
) -> None:
    def seconds(prompt: str) -> float:
        start = time.perf_counter()
        generator.generate(prompt, seed=1, max_new_tokens=1)
        return time.perf_counter() - start

    long = (text * 100)[: 5 << 20]
    seconds(long[: 1 << 18])
    shorter, longer = seconds(long[: 1 << 20]), seconds(long)
    assert longer < 5 * shorter * 1.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 << 20  # KiB


def test_threads_sharing_a_generator_do_not_disturb_each_other(generator: TextGenerator) -> None:
    expected = [generator.generate("The", seed=seed).text for seed in range(8)]
    found: list[Generation | None] = [None] * 8

    def work(seed: int) -> None:
        found[seed] = generator.generate("The", seed=seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(result) for result in found] == expected


def test_saved_and_loaded_it_writes_the_same(generator: TextGenerator, tmp_path: Path) -> None:
    generator.save_pretrained(tmp_path / "copy")
    loaded = TextGenerator.from_pretrained(tmp_path / "copy")
    assert loaded.generate("The", seed=3) == generator.generate("The", seed=3)


def test_evaluation_counts_what_the_corpus_holds(generator: TextGenerator, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("naïve\r\ncafé".encode())
    quality = generator.evaluate(path)
    assert (quality.characters, quality.bytes, quality.documents) == (10, 12, 1)
    assert quality.tokens == 12  # ï is two bytes, é is a type; and <eos>
    assert generator.evaluate(path, split="validation").characters == 1
    with pytest.raises(UsageError, match=r"test split .* is empty"):
        generator.evaluate(path, split="test")
    with pytest.raises(UsageError, match="split is 'dev'"):
        generator.evaluate(path, split="dev")


def test_trained_in_a_line_and_used_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "book.txt").write_text(text[:20_000])
    settings: dict[str, Any] = {"steps": 5, "units": 16, "batch_size": 4, "window": 16}
    generator = TextGenerator.train(tmp_path / "book.txt", out=tmp_path / "book", **settings)
    again = TextGenerator.from_pretrained(tmp_path / "book")
    assert again.generate("The", seed=1) == generator.generate("The", seed=1)
    assert again.model.provenance["training"]["steps"] == 5
    with pytest.raises(UsageError, match="exists already"):
        TextGenerator.train(tmp_path / "book.txt", out=tmp_path / "book", **settings)
    with pytest.raises(UsageError, match="did you mean 'units'"):
        TextGenerator.train(tmp_path / "book.txt", out=tmp_path / "new", unit=3)
