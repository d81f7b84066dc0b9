"""What `draw_how_it_works.py` draws with."""
