"""The quality of a model on a text."""
