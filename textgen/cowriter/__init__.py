"""The co-writer: a text with all its branches, and a screen to write it on."""
