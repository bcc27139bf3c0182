"""Who is who from frame to frame, and one steady estimate for each person."""
