"""What `agecam bench` measures: each part gives rows of plain figures, in one run on one machine."""
