"""Tables: rows of JSON, CSV, Parquet and other files."""
