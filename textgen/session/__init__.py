"""Texts that go on: sessions, their files, and what a model learns from them."""
