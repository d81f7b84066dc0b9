"""From a corpus to token ids on disk: sources, clean text, splits, tokenizer, token store."""
