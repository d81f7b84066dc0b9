"""The shared part of `scripts/bench_*.py`: turns, contenders, comparisons, commands."""
