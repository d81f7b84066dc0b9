"""Continues prompts from Python, as `generate --json` does on the command line."""

import json
import sys

from cases.programs.outcome import tell
from textgen import TextGenerator, TextgenError


def continued(generator: TextGenerator, prompt: str) -> str:
    """Return the text and the length of the prompt, or that it is refused."""
    try:
        result = generator.generate(prompt, max_new_tokens=4, temperature=0.0)
    except TextgenError:
        return "refused"
    return f"{result.text!r} after {result.usage.prompt_tokens} tokens"


def main() -> None:
    """Continue each prompt of a JSON list."""
    generator = TextGenerator.from_pretrained()
    for number, prompt in enumerate(json.loads(sys.argv[1])):
        tell(str(number), continued(generator, prompt))


main()
