"""Measurements of `agecam bench`: each part gives rows of figures, all from one run on one machine."""
