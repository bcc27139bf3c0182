"""Weights and their cards, installed as `agecam.models` and read through importlib.resources."""
