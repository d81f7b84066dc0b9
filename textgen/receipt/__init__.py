"""Receipts of generated texts, with which the texts are generated again."""
