"""Controllers: respond to actions in the window and keep its widgets up to date."""
