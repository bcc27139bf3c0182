"""'Guess first': people guess an apparent age before they see the network's, and a score runs along."""

from dataclasses import dataclass

from agecam.types import Face


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """What was guessed for one person, and what the network had estimated at that moment."""

    number: int
    """The number of the person, as on their box."""
    years: int
    """The guess."""
    face: Face
    """The estimate at that moment."""

    @property
    def off_years(self) -> float:
        """How far the guess is from the apparent age as it is shown, in whole years; never negative."""
        return float(abs(self.years - round(self.face.age)))

    @property
    def is_inside(self) -> bool:
        """Whether the guess lies in the 80 % interval as it is shown, in whole years."""
        return round(self.face.age_low) <= self.years <= round(self.face.age_high)


@dataclass(frozen=True, slots=True)
class Score:
    """How good the guesses are so far."""

    count: int = 0
    off_years: float = 0.0
    """Mean distance from the apparent age, in years."""
    inside: int = 0
    """How many guesses lie inside the interval."""


class GuessingGame:
    """The guesses of one game. The people of a source are guessed once; the score runs over all sources."""

    def __init__(self) -> None:
        self._guesses: list[Guess] = []
        self._of_people: dict[int, Guess] = {}

    def add(self, number: int, years: int, face: Face) -> Guess:
        """Note the guess for a person; only the first guess for each counts."""
        if number in self._of_people:
            return self._of_people[number]
        guess = Guess(number, years, face)
        self._guesses.append(guess)
        self._of_people[number] = guess
        return guess

    def guess_of(self, number: int) -> Guess | None:
        """The guess for a person; None if there is none yet."""
        return self._of_people.get(number)

    @property
    def guessed(self) -> frozenset[int]:
        """The numbers of the people whose age has been guessed, and may therefore be seen."""
        return frozenset(self._of_people)

    @property
    def score(self) -> Score:
        """The score over all guesses."""
        count = len(self._guesses)
        off_years = sum(guess.off_years for guess in self._guesses) / count if count else 0.0
        return Score(count, off_years, sum(guess.is_inside for guess in self._guesses))

    def forget_people(self) -> None:
        """Their numbers now belong to others: another source, or the source begins again. The score stays."""
        self._of_people = {}
