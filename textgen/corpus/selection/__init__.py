"""Selection of documents: filters, duplicates, decontamination."""
