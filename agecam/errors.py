"""AgeCam's exceptions, with messages that the user can act on."""


class AgeCamError(Exception):
    """Base class of all errors that AgeCam explains itself.

    The message is one plain sentence that names the input and the way out. It is shown as it is, without a traceback.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        """
        Args:
            sentence: the message, with a `{field}` for each of the values; kept in this form for translation.
        """
        super().__init__(sentence.format(**values) if values else sentence)
        self.sentence = sentence
        self.values = values


class SourceError(AgeCamError):
    """A camera, file, stream, picture or folder cannot be read."""


class DetectorError(AgeCamError):
    """The face detector failed. Finding no face is not an error: the result is an empty list."""


class EstimatorError(AgeCamError):
    """The age and gender network failed."""


class WeightsError(AgeCamError):
    """A weights file or its card is missing or damaged, or the two do not match."""


class OutputError(AgeCamError):
    """A result cannot be written to the requested place."""


class UsageError(AgeCamError):
    """The options or arguments ask for something that is not possible."""
