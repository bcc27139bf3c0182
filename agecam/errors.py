"""AgeCam's exceptions, with messages that the user can act on."""

import traceback


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


class UnexpectedError(AgeCamError):
    """An exception that is not AgeCam's own, caught at the edge of a thread, a source or an output."""

    def __init__(self, error: BaseException) -> None:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        super().__init__(
            "Something went wrong that AgeCam did not expect ({reason}): try again, and if it happens again, "
            "please report it with the log.",
            reason=" ".join(reason.split())[:300],
        )
        self.details = "".join(traceback.format_exception(error))
        """The traceback."""


class NotEnoughMemoryError(AgeCamError):
    """The system refused memory."""

    def __init__(self) -> None:
        super().__init__("There is not enough memory: close other programs, or use smaller pictures or videos.")


def as_agecam_error(error: Exception) -> AgeCamError:
    """`error` itself if it is AgeCam's, otherwise what to say instead of it."""
    if isinstance(error, AgeCamError):
        return error
    if isinstance(error, MemoryError) or getattr(error, "code", None) == _OPENCV_NO_MEMORY:
        return NotEnoughMemoryError()
    return UnexpectedError(error)


_OPENCV_NO_MEMORY = -4


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
