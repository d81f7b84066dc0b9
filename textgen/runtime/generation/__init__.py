"""Text from a model: sequences, the loop, text assembly, beams and infilling."""
