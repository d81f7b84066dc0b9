"""The packaged model writes what it wrote when this was recorded, with any versions below it."""

import pytest

from textgen import TextGenerator

RECORDED = {
    "int8": """ of a ghastly, a claret that is used to me. As I was married in my house, and I \
thought that I could not be sure to see you."

"I know I should be in a more indignant letter, I will not be much afraid""",
    "fp32": """ of a ghastly, and so thoroughly highly shrouded.

"I have never seen the word, perhaps," says Mr. Bagnet. "You were a little woman to be a great \
deal of courageous time. The Count's""",
}


@pytest.mark.parametrize("precision", RECORDED)
def test_seeded_text_is_the_same_with_any_version_of_the_libraries(precision: str) -> None:
    generator = TextGenerator.from_pretrained(precision=precision)
    result = generator.generate(
        "The harbour", seed=3, max_new_tokens=60, top_p=0.95, min_p=0.02, repetition_penalty=1.1,
        dry_multiplier=0.8,
    )  # fmt: skip
    assert result.text == RECORDED[precision]
