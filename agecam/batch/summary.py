"""A text summary of what was found in a source."""

from dataclasses import dataclass

from agecam.types import Face, FrameResult

_MAX_LISTED_PEOPLE = 12


@dataclass(slots=True)
class _Person:
    face: Face
    """As last seen: the estimate based on the most frames."""
    first_s: float
    last_s: float
    frames: int = 1


class Summary:
    """Collects the results of one source."""

    def __init__(self, is_picture: bool) -> None:
        self._is_picture = is_picture
        self.frames = 0
        self._end_s = 0.0
        self._most_at_once = 0
        self._pages: list[tuple[Face, ...]] = []
        self._people: dict[int, _Person] = {}
        self._tracks: set[int] = set()
        """Including those that were never confirmed."""

    def add(self, result: FrameResult) -> None:
        """Add the next frame of the source."""
        self.frames += 1
        self._end_s = result.time_s
        if self._is_picture:
            self._pages.append(result.people)
        self._most_at_once = max(self._most_at_once, len(result.people))
        self._tracks |= {face.track for face in result.faces if face.track is not None}
        for face in result.people:
            if face.track is None:
                continue
            if face.track in self._people:
                person = self._people[face.track]
                person.face, person.last_s, person.frames = face, result.time_s, person.frames + 1
            else:
                self._people[face.track] = _Person(face, result.time_s, result.time_s)

    def describe(self, name: str, show_gender: bool) -> str:
        """Lines of text: the people seen, with apparent ages and their 80 % intervals."""
        if self._is_picture:
            lines = []
            for number, faces in enumerate(self._pages, start=1):
                page = f", page {number}" if len(self._pages) > 1 else ""
                lines.append(f"{name}{page}: {counted(len(faces), 'face')}")
                in_order = sorted(faces, key=lambda face: face.box[0])
                lines += [f"  {describe_face(face, show_gender)}" for face in in_order]
            return "\n".join(lines)

        people = self._people
        listed = sorted(people, key=lambda track_id: -people[track_id].frames)[:_MAX_LISTED_PEOPLE]
        at_once = f", at most {self._most_at_once} at once" if len(people) > 1 else ""
        lines = [
            f"{name}: {counted(self.frames, 'frame')} up to {self._end_s:.1f} s, "
            f"{counted(len(people), 'person', 'people')}{at_once}"
        ]
        for track_id in sorted(listed):
            person = people[track_id]
            interval = f"{person.first_s:.1f} to {person.last_s:.1f} s"
            lines.append(f"  #{track_id}, {interval}: {describe_face(person.face, show_gender)}")
        if others := len(people) - len(listed):
            lines.append(f"  and {others} more, seen for a shorter time")
        if doubtful := len(self._tracks) - len(people):
            lines.append(f"  and {counted(doubtful, 'doubtful face')}, not counted as people")
        return "\n".join(lines)


def describe_face(face: Face, show_gender: bool) -> str:
    """Apparent age with its 80 % interval, and gender with its probability."""
    text = f"apparent age {face.age:.0f} ({face.age_low:.0f} to {face.age_high:.0f})"
    if not show_gender:
        return text
    if face.gender == "unsure":
        return f"{text}, gender unsure"
    return f"{text}, {face.gender} {100 * face.gender_probability:.0f} %"


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun: `no faces`, `1 face`, `2 faces`."""
    return f"{count or 'no'} {singular if count == 1 else plural or singular + 's'}"
