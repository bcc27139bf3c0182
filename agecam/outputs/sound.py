"""Adds the sound of the source to an annotated video while its frames are written."""

import io
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import islice
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet

from agecam.sources.base import Sound
from agecam.sources.sound import SoundPacket, SoundReader
from agecam.types import FloatArray

COPIED = {
    "mp4": {"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"},
    "matroska": {
        *(
            "aac",
            "ac3",
            "alac",
            "dts",
            "eac3",
            "flac",
            "mlp",
            "mp2",
            "mp3",
            "opus",
            "truehd",
            "tta",
            "vorbis",
            "wavpack",
        ),
        *("pcm_f32le", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le", "pcm_u8"),
    },
}
"""FFmpeg's names of the codecs that common players expect in each format; sound in others is encoded again as AAC."""
_BIT_RATE = 96_000
"""Of one channel, in bits per second."""
_SURROUND_CHANNELS = 6
_AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)
_FRAME_SAMPLES = 1024
_TRIED_PACKETS = 16
_MAX_SILENCE_S = 0.1
"""If the sound begins later than this, silence before it is encoded."""
_TIME_ERROR_S = 0.001
"""Many formats store times in whole milliseconds."""
_MAX_ERROR_S = 0.03
"""If sound is this much too early or late, silence is added or samples are left out."""


class SoundFailedError(Exception):
    """The sound cannot be read or written any more; the frames can."""


class SoundTrack:
    """The sound of one output. Only some seconds of it are in memory."""

    def __init__(self, container: OutputContainer, sound: Sound, start_s: float) -> None:
        """Add a stream to a container whose header is not written yet.

        Args:
            container: the output.
            sound: where it comes from.
            start_s: time of the source at which the output starts.

        Raises:
            SoundFailedError: there is no sound, or none that can be written.
            OSError: the output cannot be written.
        """
        self.is_heard = False
        """Whether any sound was written."""
        self._container = container
        self._start_s = start_s
        with _one_failure():
            self._reader = SoundReader(sound)
            try:
                self._begin()
            except BaseException:
                self._reader.close()
                raise

    def _begin(self) -> None:
        self._packets = self._reader.packets(self._start_s)
        self._next = deque(islice(self._timely(), _TRIED_PACKETS))
        if not self._next:
            raise SoundFailedError
        self._coder: _Copy | _Aac
        if _can_copy(self._container.format.name, self._reader.stream, self._next):
            self._coder = _Copy(self._container.add_stream_from_template(self._reader.stream))
        else:
            self._coder = _Aac(self._container, self._reader.stream)
        self._container.start_encoding()  # the header shows whether the format accepts this sound
        if isinstance(self._coder, _Copy):
            self._write(self._next.popleft())  # some formats need a packet of each stream

    def write_until(self, time_s: float) -> None:
        """Write the sound before `time_s` of the output; raises SoundFailedError, or OSError of the disk."""
        with _one_failure():
            while (packet := self._peek()) is not None and packet.time_s < time_s:
                self._next.popleft()
                self._write(packet)

    def finish(self, time_s: float) -> None:
        """Write the sound before `time_s`, the end of the output; raises what `write_until` raises."""
        self.write_until(time_s)
        with _one_failure():
            self._mux(self._coder.flush(time_s))
        self.close()

    def close(self) -> None:
        """Close the source."""
        self._next.clear()
        self._packets = iter(())
        self._reader.close()

    def _timely(self) -> Iterator[SoundPacket]:
        """The packets that begin after the output does, with times of the output."""
        for packet, time_s in self._packets:
            if time_s >= self._start_s - _TIME_ERROR_S:
                yield SoundPacket(packet, max(0.0, time_s - self._start_s))

    def _peek(self) -> SoundPacket | None:
        if not self._next:
            self._next.extend(islice(self._timely(), 1))
        return self._next[0] if self._next else None

    def _write(self, packet: SoundPacket) -> None:
        self._mux(self._coder.encode(packet.packet, packet.time_s))

    def _mux(self, packets: "list[Packet[AudioStream]]") -> None:
        for packet in packets:
            self.is_heard = True
            self._container.mux(packet)


@contextmanager
def _one_failure() -> Iterator[None]:
    """Turn whatever damaged sound causes into `SoundFailedError`: it must not cost the frames."""
    try:
        yield
    except (OSError, SoundFailedError):
        raise
    except Exception as error:
        raise SoundFailedError from error


def _can_copy(container_format: str, stream: AudioStream, packets: Iterable[SoundPacket]) -> bool:
    """Whether packets of this stream can be written as they are; tried in memory, as they may be damaged."""
    first = next(iter(packets))
    codec = stream.codec_context.codec.canonical_name
    if codec not in COPIED[container_format] or first.time_s > _MAX_SILENCE_S:
        return False
    try:
        with av.open(io.BytesIO(), "w", format=container_format) as trial:
            copy = _Copy(trial.add_stream_from_template(stream))
            for packet, time_s in packets:
                again: Packet[Any] = Packet(bytes(packet))  # muxing takes the content of a packet
                again.time_base, again.duration = packet.time_base, packet.duration
                trial.mux(copy.encode(again, time_s))
    except (FFmpegError, ValueError, NotImplementedError):
        return False
    return True


class _Copy:
    """Copies packets; those that are not later than the one before are left out."""

    def __init__(self, stream: AudioStream) -> None:
        self._stream = stream
        self._last: int | None = None

    def encode(self, packet: "Packet[AudioStream]", time_s: float) -> "list[Packet[AudioStream]]":
        ticks = round(time_s / packet.time_base)
        if self._last is not None and ticks <= self._last:
            return []
        packet.pts = packet.dts = self._last = ticks
        packet.stream = self._stream
        return [packet]

    def flush(self, end_s: float) -> "list[Packet[AudioStream]]":
        return []


class _Aac:
    """Encodes sound again as AAC."""

    def __init__(self, container: OutputContainer, source: AudioStream) -> None:
        self._decoder = source.codec_context
        self._rate = next((rate for rate in _AAC_RATES if rate <= source.rate), _AAC_RATES[-1])
        self._layout = "mono" if source.channels == 1 else "5.1" if source.channels == _SURROUND_CHANNELS else "stereo"
        self._stream = container.add_stream("aac", rate=self._rate)
        self._stream.layout = self._layout
        self._channels = len(self._stream.layout.channels)
        self._stream.bit_rate = _BIT_RATE * self._channels
        self._resampler: tuple[object, AudioResampler] | None = None
        self._samples = np.zeros((self._channels, 0), np.float32)
        """Not encoded yet."""
        self._encoded = 0
        """Number of encoded samples."""

    def encode(self, packet: "Packet[AudioStream]", time_s: float) -> "list[Packet[AudioStream]]":
        """The packets that are complete now. Parts that cannot be decoded become silence."""
        packet.pts = packet.dts = round(time_s / packet.time_base)
        frames: list[AudioFrame] = []
        with suppress(FFmpegError):
            frames = self._decoder.decode(packet)
        return self._added(frames)

    def flush(self, end_s: float) -> "list[Packet[AudioStream]]":
        """The last packets, up to `end_s` of the output."""
        packets: list[Packet[AudioStream]] = []
        with suppress(FFmpegError):
            packets += self._added(self._decoder.decode(None))
        self._samples = self._samples[:, : max(0, round(end_s * self._rate) - self._encoded)]
        packets += self._complete(1)
        return packets + (self._stream.encode(None) if self._encoded else [])

    def _added(self, frames: list[AudioFrame]) -> "list[Packet[AudioStream]]":
        packets: list[Packet[AudioStream]] = []
        for frame in frames:
            for part in self._resampled(frame):
                if part.time is not None:
                    packets += self._placed(round(part.time * self._rate), np.asarray(part.to_ndarray(), np.float32))
        return packets

    def _resampled(self, frame: AudioFrame) -> list[AudioFrame]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or self._resampler[0] != kind:  # programmes of a broadcast may differ
            self._resampler = (kind, AudioResampler("fltp", self._layout, self._rate))
        return self._resampler[1].resample(frame)

    def _placed(self, begin: int, samples: FloatArray) -> "list[Packet[AudioStream]]":
        """Append `(channels, samples)` that are heard from the sample `begin` on."""
        packets: list[Packet[AudioStream]] = []
        end = self._encoded + self._samples.shape[1]
        if not end or abs(begin - end) > _MAX_ERROR_S * self._rate:
            while end < begin:
                silence = np.zeros((self._channels, min(begin - end, self._rate)), np.float32)
                packets += self._appended(silence)
                end += silence.shape[1]
            samples = samples[:, end - begin :]
        return packets + self._appended(samples)

    def _appended(self, samples: FloatArray) -> "list[Packet[AudioStream]]":
        self._samples = np.concatenate([self._samples, samples], axis=1)
        return self._complete(_FRAME_SAMPLES)

    def _complete(self, least: int) -> "list[Packet[AudioStream]]":
        """Encode the samples, except for a last frame of fewer than `least`."""
        packets: list[Packet[AudioStream]] = []
        while self._samples.shape[1] >= least:
            samples = np.ascontiguousarray(self._samples[:, :_FRAME_SAMPLES])
            self._samples = self._samples[:, _FRAME_SAMPLES:]
            frame = AudioFrame.from_ndarray(samples, format="fltp", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._encoded, Fraction(1, self._rate)
            self._encoded += samples.shape[1]
            packets += self._stream.encode(frame)
        return packets
