"""Compiles a grammar in a process of its own, to find out whether that ends.

The library overflows its stack on a deeply nested grammar, which kills the process, and computes
for hours on the intersection of a few dozen patterns. None of its limits helps.
"""

import sys
import threading

from llguidance import LLMatcher, LLTokenizer

STACK = 4 << 20  # bytes: half of what a thread usually has, so that there is room to spare


def compile_grammar() -> None:
    """Compile the grammar at standard input and compute its first mask."""
    LLMatcher(LLTokenizer("byte"), sys.stdin.buffer.read().decode(), log_level=0).compute_bitmask()


if __name__ == "__main__":
    threading.stack_size(STACK)
    thread = threading.Thread(target=compile_grammar)
    thread.start()
    thread.join()
