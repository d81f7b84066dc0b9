"""Datasets of the Hugging Face hub."""
