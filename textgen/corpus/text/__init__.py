"""Running text: from bytes to clean text."""
