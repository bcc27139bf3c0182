"""Counts in sentences."""

from agecam.batch.summary import counted


def many(count: int, noun: str) -> str:
    """A count with its noun, the thousands separated."""
    return counted(count, noun) if count < 1000 else f"{count:,} {noun}s"
