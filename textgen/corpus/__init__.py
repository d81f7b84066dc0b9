"""From CORPUS to clean documents: hub, text files, tables, selection, splits."""
