"""Modes of the co-writer's screen."""

from enum import Enum


class Mode(Enum):
    """The mode that keys are interpreted in. The value is the prompt of the bottom line."""

    WRITE = ""
    TREE = "↑↓ look, Enter goes there, Esc stays"
    SETTINGS = "set, as temperature = 0.9, choices = 4: "
    NAME = "save as: "
