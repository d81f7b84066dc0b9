"""The command line: options in, library call, text out. One file a command."""

import sys

try:
    from textgen.cli.main import main
except KeyboardInterrupt:  # from here on the command line itself tells of it
    sys.stderr.write("textgen: interrupted\n")
    sys.exit(130)

__all__ = ["main"]
