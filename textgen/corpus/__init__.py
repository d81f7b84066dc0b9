"""From a CORPUS argument to clean documents."""
