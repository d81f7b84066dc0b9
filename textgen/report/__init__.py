"""Reports for people: pages, figures and summaries of corpora and trainings."""
