"""The command line: options in, library call, text out. One file a command."""

from textgen.cli.main import main

__all__ = ["main"]
