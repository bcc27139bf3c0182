"""What can go wrong, as sentences a person can act on."""


class AgeCamError(Exception):
    """Base of every failure that AgeCam explains itself.

    The message is one plain sentence that names the input and the way out. It is shown as it
    stands: no traceback belongs beside it.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        """
        Args:
            sentence: with a `{field}` for each of the values; kept so, to be said in another language.
        """
        super().__init__(sentence.format(**values) if values else sentence)
        self.sentence = sentence
        self.values = values


class SourceError(AgeCamError):
    """A camera, file, stream, picture or folder cannot be read."""


class DetectorError(AgeCamError):
    """The face detector itself failed. Finding no face is not a failure: that is an empty list."""


class EstimatorError(AgeCamError):
    """The network for age and gender itself failed."""


class WeightsError(AgeCamError):
    """A weights file or its card is missing, damaged, or the two do not fit."""


class OutputError(AgeCamError):
    """A result cannot be written where it was asked for."""


class UsageError(AgeCamError):
    """The command was asked for something that cannot be done as asked."""
