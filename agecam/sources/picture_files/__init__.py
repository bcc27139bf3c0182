"""Reads picture files of all formats, upright and in the colours of the screen."""
