"""Models: what their cards say, where they lie, how their networks are defined, and how others are installed."""
