"""Writes models where people ask for it: at home, here, nowhere."""

import sys
from pathlib import Path
from typing import Any

from cases.programs.outcome import attempt
from textgen import TextGenerator


def main() -> None:
    """Save the packaged model, and train one, to odd outputs."""
    generator = TextGenerator.from_pretrained()
    attempt("save ~/s", lambda: generator.save_pretrained("~/s"))
    attempt("save .", lambda: generator.save_pretrained("."))
    attempt("save empty", lambda: generator.save_pretrained(""))
    attempt("save /", lambda: generator.save_pretrained("/"))
    attempt("load ~/s", lambda: str(type(TextGenerator.from_pretrained("~/s"))))
    small: dict[str, Any] = {"steps": 2, "units": (4,), "batch_size": 2, "window": 8}
    attempt("train ~/t", lambda: str(type(TextGenerator.train(sys.argv[1], out="~/t", **small))))
    attempt("Path", lambda: generator.save_pretrained(Path("plain")))


main()
