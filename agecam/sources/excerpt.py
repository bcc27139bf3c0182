"""A part of a source, or one frame each so many seconds of it."""

import math
from dataclasses import replace

from agecam.errors import SourceError
from agecam.sources.base import (
    SEEK_TOLERANCE_S,
    BaseSource,
    FrameSource,
    SeekableSource,
    SkippingSource,
    SourceInfo,
)
from agecam.types import Frame


class ExcerptSource(BaseSource):
    """The frames of another source between two times. Their indices and times stay those of that source."""

    def __init__(
        self,
        source: FrameSource,
        start_s: float | None = None,
        end_s: float | None = None,
        every_s: float | None = None,
    ) -> None:
        """
        Args:
            source: read and closed by this source.
            start_s: time of the first frame; the one that is displayed then, where none begins.
            end_s: frames that begin at this time or later are left out.
            every_s: deliver one frame for each so many seconds, but none twice.

        Raises:
            SourceError: the times contradict each other or lie outside the source, which is closed then.
        """
        self._source = source
        self._start_s = start_s or 0.0
        self._end_s = math.inf if end_s is None else end_s
        self._every_s = every_s
        self._pending: list[Frame] = []
        self._next_s = -math.inf
        """The next frame begins at this time at the earliest."""
        try:
            self._check()
            if self._start_s:
                self._go_to_start()
        except BaseException:
            source.close()
            raise
        super().__init__(self._described())

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end; raises SourceError on failure."""
        while (frame := self._next_frame()) is not None:
            if frame.time_s >= self._end_s - SEEK_TOLERANCE_S:
                return None
            if frame.time_s < self._next_s - SEEK_TOLERANCE_S:
                continue
            if self._every_s is None:
                return self._with_duration(frame, frame.duration_s)
            passed = math.floor((frame.time_s - self._start_s + SEEK_TOLERANCE_S) / self._every_s)
            self._next_s = self._start_s + max(passed + 1, 1) * self._every_s
            return self._with_duration(frame, max(self._next_s - frame.time_s, frame.duration_s or 0.0))
        return None

    def close(self) -> None:
        """Close the source."""
        self._pending = []
        self._source.close()

    def _check(self) -> None:
        info = self._source.info
        if info.live and (self._start_s or self._end_s != math.inf):
            raise SourceError("{name} is live and has no start and end: leave them out.", name=info.name)
        if self._end_s <= self._start_s:
            raise SourceError(
                "The end, {end} s, is not later than the start, {start} s: choose other times.",
                end=f"{self._end_s:g}",
                start=f"{self._start_s:g}",
            )

    def _go_to_start(self) -> None:
        if isinstance(self._source, SeekableSource):
            self._source.seek(self._start_s)
        else:
            self._skip(self._start_s)
        first = self._source.read()
        if first is None:
            raise self._too_short()
        self._pending.append(first)
        if first.time_s + (first.duration_s or 0.0) <= self._start_s + SEEK_TOLERANCE_S:
            second = self._source.read()
            if second is None and first.time_s < self._start_s - SEEK_TOLERANCE_S:
                raise self._too_short()
            if second is not None:
                self._pending.append(second)

    def _too_short(self) -> SourceError:
        return SourceError(
            "'{name}' ends before {start} s: choose an earlier start.",
            name=self._source.info.name,
            start=f"{self._start_s:g}",
        )

    def _next_frame(self) -> Frame | None:
        if self._pending:
            return self._pending.pop(0)
        self._skip(self._next_s)
        return self._source.read()

    def _skip(self, time_s: float) -> None:
        if isinstance(self._source, SkippingSource) and time_s > 0:
            self._source.skip_to(time_s)

    def _limit_s(self) -> float:
        """The end of the excerpt, as far as it is known."""
        duration_s = self._source.info.duration_s
        return self._end_s if duration_s is None else min(self._end_s, duration_s)

    def _with_duration(self, frame: Frame, duration_s: float | None) -> Frame:
        rest_s = self._limit_s() - frame.time_s
        if duration_s is not None and 0 < rest_s < duration_s:
            duration_s = rest_s
        return replace(frame, duration_s=duration_s)

    def _described(self) -> SourceInfo:
        info = self._source.info
        fps, span_s = info.fps, self._limit_s() - self._start_s
        if self._every_s is not None:
            fps = 1 / self._every_s if fps is None else min(fps, 1 / self._every_s)
        count = None
        if fps is not None and span_s != math.inf and not info.live:
            count = max(1, math.ceil(span_s * fps - SEEK_TOLERANCE_S * fps))
        return replace(info, fps=fps, frame_count=count, length_s=None if count is None else span_s)
