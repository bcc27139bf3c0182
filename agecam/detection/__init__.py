"""How faces are found: `agecam.detector` chooses between the two ways."""
