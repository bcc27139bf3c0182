"""Opens files, addresses and pipes with FFmpeg, and chooses the stream to read."""

import io
from pathlib import Path
from typing import Any, Protocol, TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from agecam.errors import SourceError
from agecam.sources.stream import redact

FORMATS = (
    "apng,asf,av1,avi,avs,avs2,avs3,bink,cavsvideo,dhav,dirac,dv,evc,flic,flv,gif,gxf,h264,hevc,ivf,ivr,jpegxl_anim,kux,"
    "live_flv,m4v,matroska,mjpeg,mov,mpeg,mpegts,mpegvideo,mxf,nsv,nut,nuv,obu,ogg,pva,rm,roq,smk,swf,ty,vc1,vc1test,"
    "vvc,webp,wtv,yuv4mpegpipe,"
    "flac,mp3,wav"  # these may have a picture of their cover, and differ from damaged files
)
"""FFmpeg's names of the formats that are read. It would also take a text or random bytes for a video."""
_JPEG = b"\xff\xd8\xff"
_ADDRESS_FORMATS = f"{FORMATS},hls,dash"
PROTOCOLS = "http,https,httpproxy,tcp,tls,crypto,data"
TIMEOUT_S = 5.0
_S = TypeVar("_S", bound=Stream)


class Media(Protocol):
    """What a video is read from."""

    @property
    def name(self) -> str:
        """Display name; never contains a password."""

    @property
    def address(self) -> str | None:
        """Path or address by which it can be opened again; None for a pipe."""

    @property
    def is_local(self) -> bool:
        """Whether it can be read twice at little cost."""

    def open(self) -> InputContainer:
        """Open it; raises SourceError."""


class FileMedia:
    """A file."""

    is_local = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        self.address = str(path)

    def open(self) -> InputContainer:
        """Open the file; raises SourceError."""
        try:
            with self._path.open("rb") as file:
                start = file.read(7)
            if not start:
                raise SourceError("The file '{name}' is empty: copy it again or choose another.", name=self.name)
            if start == b"#EXTM3U":  # FFmpeg would wait minutes for segments that cannot be loaded
                raise SourceError("'{name}' is a playlist: open the address of its stream instead.", name=self.name)
            # 'file:' keeps FFmpeg from taking a colon in a name for a protocol. The whitelist prevents files that
            # refer to other files from accessing the network.
            options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
            # Of a few pictures, FFmpeg would take the first for all.
            form = "mjpeg" if start.startswith(_JPEG) else None
            return av.open(f"file:{self._path}", format=form, container_options=options, metadata_errors="replace")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise _unreadable(self.name) from error


class AddressMedia:
    """A file on a server, or a recording in segments."""

    is_local = False

    def __init__(self, url: str, name: str) -> None:
        """`name` is shown instead of the address, which may contain a password."""
        self.name = name
        self.address = url

    def open(self) -> InputContainer:
        """Connect; raises SourceError."""
        try:
            return self.open_or_fail()
        except (av.FFmpegError, OSError, ValueError):
            raise SourceError(
                "The video {name} cannot be read: check the connection and the address, then try again.",
                name=self.name,
            ) from None  # PyAV's error contains the address

    def open_or_fail(self) -> InputContainer:
        """Connect; raises what PyAV raises."""
        options = {
            "protocol_whitelist": PROTOCOLS,
            "format_whitelist": _ADDRESS_FORMATS,
            "reconnect": "1",
            "reconnect_on_network_error": "1",
            "reconnect_delay_max": "4",
        }
        timeouts = (2 * TIMEOUT_S, 2 * TIMEOUT_S)
        return av.open(self.address, container_options=options, metadata_errors="replace", timeout=timeouts)


class PipeMedia:
    """A stream of bytes that can be read once."""

    is_local = False
    address = None

    def __init__(self, stream: io.RawIOBase, name: str, format: str | None = None) -> None:
        """`format` is FFmpeg's name of the format if it is known."""
        self.name = name
        self._stream = stream
        self._format = format

    def open(self) -> InputContainer:
        """Read the beginning of the stream; raises SourceError."""
        options = {"protocol_whitelist": "", "format_whitelist": FORMATS}
        try:
            return av.open(self._stream, "r", self._format, container_options=options, metadata_errors="replace")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise _unreadable(self.name) from error


def media_at(address: str) -> Media:
    """The file or address that `Media.address` names."""
    return AddressMedia(address, redact(address)) if "://" in address else FileMedia(Path(address))


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """The stream that players show: the default one, not the cover of an album; raises SourceError."""
    streams = [stream for stream in container.streams.video if not stream.disposition & _NO_FILM]
    if not streams:
        raise SourceError("The file '{name}' contains no video: choose a video or a picture.", name=name)
    streams = [stream for stream in streams if getattr(stream, "codec_context", None) is not None]
    if not streams:
        raise SourceError(
            "The video '{name}' is damaged or in a format that this computer cannot decode: choose another file.",
            name=name,
        )
    default = next((stream for stream in streams if stream.disposition & Disposition.default), None)
    # Without a default, they are programmes of a broadcast or resolutions of a recording.
    return default or max(streams, key=lambda stream: stream.width * stream.height)


def audio_stream(container: InputContainer, video: VideoStream) -> AudioStream | None:
    """The stream that players play with a video stream; None if there is none that can be read."""
    usable = [stream for stream in container.streams.audio if _is_audible(stream)]
    if not usable:
        return None
    default = next((stream for stream in usable if stream.disposition & Disposition.default), None)
    related = container.streams.best("audio", related=video)
    return default or next(
        (stream for stream in usable if related is not None and stream.index == related.index), usable[0]
    )


def read_only(container: InputContainer, *streams: Stream) -> None:
    """Let FFmpeg skip all other streams: it need not load them from a server."""
    discard: Any = getattr(av.stream, "Discard", None)  # PyAV 18
    wanted = {stream.index for stream in streams}
    for stream in container.streams:
        if discard is not None and stream.index not in wanted:
            stream.discard = discard.all


def _is_audible(stream: AudioStream) -> bool:
    context = getattr(stream, "codec_context", None)
    return context is not None and bool(stream.rate) and bool(stream.channels)


def _unreadable(name: str) -> SourceError:
    return SourceError(
        "'{name}' cannot be read as a video or picture because it is damaged or in an unsupported format: "
        "choose another file.",
        name=name,
    )


_NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
