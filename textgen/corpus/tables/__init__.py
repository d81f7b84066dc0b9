"""Rows of JSON, CSV and Parquet files."""
