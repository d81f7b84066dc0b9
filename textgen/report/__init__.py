"""What people see of a corpus, and the frame of every page and figure."""
