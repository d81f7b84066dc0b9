"""What a text is allowed to be: grammars, and how a text can end in time."""
