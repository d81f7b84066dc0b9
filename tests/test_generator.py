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

from textgen import DataError, Generation, TextGenerator, UsageError
from textgen.config.tokens import EOS_ID


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

    result = generator.generate("The", seed=1, logits_processors=[no_vowels], max_new_tokens=50)
    prompt = generator.tokenizer.encode("The").tolist()
    assert seen == [[*prompt, *result.tokens[:n]] for n in range(len(result.tokens))]
    assert not set(result.text) & set("aeiou")
    plain = generator.generate("The", seed=1, max_new_tokens=50)
    assert set(plain.text) & set("aeiou")
    biases = generator.generate("The", seed=1, max_new_tokens=50, banned_tokens=tuple("aeiou"))
    assert biases == result


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

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # other tests have their peaks
    long = (text * 100)[: 5 << 20]
    seconds(long[: 1 << 18])
    shorter, longer = seconds(long[: 1 << 20]), seconds(long)
    assert longer < 5 * shorter * 1.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2 << 20  # KiB


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


@pytest.mark.needs("train")
def test_trained_in_a_line_and_used_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "book.txt").write_text(text[:20_000])
    settings: dict[str, Any] = {"steps": 5, "units": 16, "batch_size": 4, "window": 16}
    generator = TextGenerator.train(tmp_path / "book.txt", out=tmp_path / "book", **settings)
    again = TextGenerator.from_pretrained(tmp_path / "book")
    assert again.generate("The", seed=1) == generator.generate("The", seed=1)
    training = again.model.provenance.training
    assert training
    assert training.steps == 5
    with pytest.raises(UsageError, match="exists already"):
        TextGenerator.train(tmp_path / "book.txt", out=tmp_path / "book", **settings)
    with pytest.raises(UsageError, match="did you mean 'units'"):
        TextGenerator.train(tmp_path / "book.txt", out=tmp_path / "new", unit=3)
