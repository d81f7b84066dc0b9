"""Receipts: how to get a text again."""
