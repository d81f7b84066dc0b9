"""Text cut into pieces, and what comes out of a filter when they go in one by one."""

from hypothesis import strategies as st

from textgen.sampling.stopping import StopFilter


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    """Cut a text anywhere, into pieces of which some are empty."""
    places = draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


def run(stopping: StopFilter, pieces: list[str]) -> tuple[str, bool]:
    """Return all that passes, and whether the filter stopped."""
    shown = "".join([*map(stopping.push, pieces), stopping.finish()])
    return shown, stopping.stopped
