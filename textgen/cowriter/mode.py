"""What the keys of the co-writer are for at the moment."""

from enum import Enum


class Mode(Enum):
    """What keys are for; its value is what the bottom line says then."""

    WRITE = ""
    TREE = "↑↓ look, Enter goes there, Esc stays"
    SETTINGS = "set, as temperature = 0.9, choices = 4: "
    NAME = "save as: "
