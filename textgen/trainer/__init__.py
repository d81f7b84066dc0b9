"""Training: batches of streams, schedule, compiled step, validation, display."""
