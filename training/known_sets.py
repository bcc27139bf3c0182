"""What the sets are and how their pictures are licensed, in words, by the name of their zip.

How many faces a set has, and which of them were used, is counted by the steps and stands on the cards.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownSet:
    """One set of labelled faces."""

    title: str
    what: str
    licence: str
    """Of the pictures."""
    commercial: bool
    """Whether that licence allows commercial use."""


KNOWN_SETS = {
    "utkface": KnownSet(
        "UTKFace",
        "tight, aligned crops of faces of all ages, in five groups by race; the ages were estimated by a network "
        "and checked by one person, and some ages are used too often",
        "research, non-commercial",
        commercial=False,
    ),
    "fairface": KnownSet(
        "FairFace",
        "faces in everyday photographs, many turned or half hidden, balanced over seven groups by race; "
        "ages only as ranges",
        "CC BY 4.0",
        commercial=True,
    ),
    "aaf": KnownSet(
        "All-Age-Faces",
        "mostly East Asian faces from small children to the old, the head with its surroundings",
        "none stated, treated as research",
        commercial=False,
    ),
    "omi": KnownSet(
        "One Million Impressions",
        "synthetic faces, with the mean and the spread of the ages that dozens of people saw in each",
        "CC BY-NC-SA 4.0",
        commercial=False,
    ),
}


def described(name: str) -> KnownSet:
    """A set by the name of its zip; one that is not known here is taken with care."""
    return KNOWN_SETS.get(name) or KnownSet(name, "not described", "not stated, treated as research", commercial=False)


def weights_licence(trained_on: Iterable[str]) -> str:
    """The licence of weights, from the sets that they are trained on."""
    sets = [described(name) for name in trained_on]
    pictures = "; ".join(f"{of.title}: {of.licence}" for of in sets)
    if all(of.commercial for of in sets):
        return f"Weights made from pictures under these licences ({pictures}). The program's code is MIT."
    return (
        "Weights for research and non-commercial use: they are trained on sets whose pictures are licensed so "
        f"({pictures}). The program's code is MIT."
    )
