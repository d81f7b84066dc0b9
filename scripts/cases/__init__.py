"""The public bug reports that `try_cases.py` tries: a function each, judged by what it expects."""
