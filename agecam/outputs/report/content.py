"""What a report says, before it is written as a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from agecam.timeline.lane import Sample, Stretch
from agecam.types import Gender, Image


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person in a video, or one face in a picture."""

    number: int
    age: float
    """Apparent age in years."""
    age_low: float
    age_high: float
    """`age_low..age_high` is the 80 % interval, in years."""
    gender: Gender
    gender_probability: float
    thumbnail_bgr: Image
    """`(h, w, 3) uint8`, at the clearest moment; blurred if faces are."""
    stretches: tuple[Stretch, ...] = ()
    """In time order; none in a picture."""
    samples: tuple[Sample, ...] = ()
    """In time order; none in a picture."""
    clearest_s: float = 0.0
    """When the thumbnail was taken."""

    @property
    def seconds(self) -> float:
        """How long the person is in view."""
        return sum(stretch.seconds for stretch in self.stretches)


@dataclass(frozen=True, slots=True)
class Film:
    """A video, camera or stream."""

    name: str
    start_s: float
    end_s: float
    """The time that was analysed."""
    people: tuple[Person, ...]
    left_out: int = 0
    """People who are not listed because there are too many."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture, or a page of one."""

    name: str
    image_bgr: Image
    """`(h, w, 3) uint8`, reduced, with labels; blurred if faces are."""
    people: tuple[Person, ...]
    left_out: int = 0
    """Faces that are not listed because there are too many."""


@dataclass(frozen=True, slots=True)
class Report:
    """The content of one report."""

    created: datetime
    model: str
    sha256: str
    """Of the model's weights; empty if unknown."""
    films: tuple[Film, ...] = ()
    pictures: tuple[Picture, ...] = ()
    left_out: int = 0
    """Pictures that are not shown because there are too many."""
    left_out_faces: int = 0
    """In these."""
    shows_gender: bool = True
    blurred: bool = False
    """Whether faces are blurred."""

    @property
    def sources(self) -> list[str]:
        """Names of the sources, each once, in order."""
        return list(dict.fromkeys([*(film.name for film in self.films), *(picture.name for picture in self.pictures)]))

    @property
    def picture_count(self) -> int:
        """Number of pictures, with those that are not shown."""
        return len(self.pictures) + self.left_out

    @property
    def people_count(self) -> int:
        """Number of people in videos and of faces in pictures, also of those not listed."""
        return sum(len(part.people) + part.left_out for part in self._parts) + self.left_out_faces

    def people(self) -> Iterator[Person]:
        """Everybody listed."""
        for part in self._parts:
            yield from part.people

    @property
    def _parts(self) -> Sequence[Film | Picture]:
        return (*self.films, *self.pictures)
