"""Choosing tokens: filters over logits, the chain of them, draws, stopping."""
