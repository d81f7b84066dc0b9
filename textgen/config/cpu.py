"""The features of the processor, as Linux names them."""

import re
from pathlib import Path

CPU_FILE = Path("/proc/cpuinfo")  # on Linux alone


def cpu_features() -> set[str]:
    """Return the features of the processor, such as "avx2" or "asimd"; none where unknown."""
    text = CPU_FILE.read_text() if CPU_FILE.exists() else ""
    line = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    return set(line[1].split()) if line else set()
