"""A process of its own that compiles a grammar, to find out whether that ends.

The library overflows its stack on a grammar that is nested deeply enough, which ends the process,
and computes for hours on the intersection of a few dozen patterns; none of its limits helps.
"""

import sys
import threading

from llguidance import LLMatcher, LLTokenizer

STACK = 4 << 20  # bytes: half of what a thread usually has, so that there is room to spare


def compile_grammar() -> None:
    """Compile what comes in at standard input, and find its first tokens."""
    LLMatcher(LLTokenizer("byte"), sys.stdin.buffer.read().decode(), log_level=0).compute_bitmask()


if __name__ == "__main__":
    threading.stack_size(STACK)
    thread = threading.Thread(target=compile_grammar)
    thread.start()
    thread.join()
