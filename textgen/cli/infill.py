"""The mode of `textgen generate` with --between: a text between two others."""

import click

from textgen.cli.combinations import refuse_idle
from textgen.cli.generate_request import GenerateRequest
from textgen.cli.output import as_json_lines, as_texts, put_out, report_copy
from textgen.config.cowriting import JOINING_TOKENS
from textgen.runtime.generation.infill import with_space


def fill_gap(request: GenerateRequest, before: str, after: str) -> None:
    """Print a text between two others, alone or with them.

    Args:
        request: the options.
        before: the text before the gap.
        after: the text after it; it gets a space if it begins with a word.
    """
    generator = request.load_generator()
    clean_prompt = generator.tokenizer.clean_prompt
    before, after = clean_prompt(before), with_space(clean_prompt(after))
    session = generator.session(**{"max_new_tokens": JOINING_TOKENS, **request.read_settings()})
    refuse_idle(session.config)
    session.feed(before)
    filling = session.infill(after)
    if not request.quiet:
        click.echo(f"seed {session.config.seed}", err=True)
    results = [report_copy(filling, quiet=request.quiet)]
    if request.as_json:
        put_out(as_json_lines(results), request.out)
    elif request.echo:
        put_out(as_texts(results, before, f"{after}\n"), request.out)
    else:
        put_out(as_texts(results, ""), request.out)
