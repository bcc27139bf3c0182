"""The window. This is the only package that uses Qt; only commands and the bench import it."""
