"""Tracks people across frames, and smooths the estimates of each person over time."""
