"""The model folder: write, verify, read."""
