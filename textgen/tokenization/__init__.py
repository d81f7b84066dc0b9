"""From clean documents to token ids: tokenizers and token stores."""
