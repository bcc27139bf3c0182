"""Plays the sound of a file through Qt Multimedia, which is loaded only when there is a sound to play."""

import ctypes
import logging
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QObject, Qt, QUrl, Signal

log = logging.getLogger(__name__)

_OUTPUT_S = 0.015
"""Sound is heard this long after Qt has reached its position, as measured with PulseAudio."""
_STRETCH_S = 0.11
"""The same, in addition, of what keeps the pitch at other speeds."""
_OLD_S = 0.1
"""For this long after `play`, a position may be one from before."""
_QUIET = -8
"""FFmpeg's name of this level is AV_LOG_QUIET."""
_CHUNK_BYTES = 1 << 20
_CLOSE_S = 1.0


class AudioSystem(QObject):
    """Loads Qt Multimedia on a thread of its own, and knows whether there is a device to play on."""

    changed = Signal()
    """`is_ready` may have changed, or another device is the default one."""
    _loaded = Signal(str)
    """Why there is no sound; empty if Qt Multimedia can be used."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._devices: QObject | None = None
        self._is_ready = False
        self._loaded.connect(self._begin, Qt.ConnectionType.QueuedConnection)

    @property
    def is_ready(self) -> bool:
        """Whether sound can be played now."""
        return self._is_ready

    def load(self) -> None:
        """Load Qt Multimedia, if that has not been tried yet; returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._load, name="audio", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Wait for the thread."""
        self._is_ready = False
        if self._thread is not None:
            self._thread.join(_CLOSE_S)

    def _load(self) -> None:
        problem = ""
        try:
            _read_ahead()
            from PySide6.QtMultimedia import QMediaDevices

            QMediaDevices.defaultAudioOutput()  # loads the backend and connects to the system's audio service
            _silence_ffmpeg()
        except Exception as error:  # such as a missing library of the system
            problem = str(error)
        self._loaded.emit(problem)

    def _begin(self, problem: str) -> None:
        if problem:
            log.info("videos play without sound: %s", problem)
            return
        from PySide6.QtMultimedia import QMediaDevices

        self._devices = devices = QMediaDevices(self)
        devices.audioOutputsChanged.connect(self._find_device)
        self._find_device()

    def _find_device(self) -> None:
        from PySide6.QtMultimedia import QMediaDevices

        self._is_ready = not QMediaDevices.defaultAudioOutput().isNull()
        if not self._is_ready:
            log.info("videos play without sound: there is no audio device")
        self.changed.emit()


class FilePlayer(QObject):
    """Plays the sound of one file; implements `AudioPlayer`. Create it only while the AudioSystem is ready.

    Qt's player is only called through queued signals. Called from Python directly, it would wait for its threads while
    Python's lock is held, and they would wait for that lock: both for ever.
    """

    _set_source = Signal(QUrl)
    _set_pitch_kept = Signal(bool)
    _set_rate = Signal(float)
    _set_position_ms = Signal("qlonglong")  # type: ignore[arg-type]  # PySide takes names of C++ types, too
    _play, _pause, _stop = Signal(), Signal(), Signal()

    def __init__(self, address: str, parent: QObject) -> None:
        """
        Args:
            address: a path or a URL.
        """
        super().__init__(parent)
        from PySide6.QtMultimedia import QAudioOutput, QMediaPlayer

        self._status = QMediaPlayer.MediaStatus
        self._player = player = QMediaPlayer(self)
        player.setAudioOutput(QAudioOutput(player))
        player.positionChanged.connect(self._note_position)
        player.mediaStatusChanged.connect(self._play_when_loaded)
        player.errorOccurred.connect(lambda _, reason: log.info("the sound cannot be played: %s", reason))
        for signal, slot in (
            (self._set_source, player.setSource),
            (self._set_pitch_kept, player.setPitchCompensation),
            (self._set_rate, player.setPlaybackRate),
            (self._set_position_ms, player.setPosition),
            (self._play, player.play),
            (self._pause, player.pause),
            (self._stop, player.stop),
        ):
            signal.connect(slot, Qt.ConnectionType.QueuedConnection)
        self._position: tuple[float, float] | None = None
        self._late_s = _OUTPUT_S
        self._is_loaded = False
        self._asked_s = 0.0
        """When `play` was called."""
        self._waiting: tuple[float, float] | None = None
        """Arguments of `play` before the file is loaded."""
        self._set_source.emit(QUrl(address) if "://" in address else QUrl.fromLocalFile(address))

    @property
    def position(self) -> tuple[float, float] | None:
        """See `AudioPlayer`."""
        return self._position

    def play(self, from_s: float, speed: float) -> None:
        """See `AudioPlayer`."""
        self._position, self._asked_s = None, time.monotonic()
        if not self._is_loaded:
            self._waiting = from_s, speed
            return
        # Where the pitch is not kept, the small changes of `set_rate` interrupt nothing.
        self._late_s = _OUTPUT_S if speed == 1 else (_OUTPUT_S + _STRETCH_S) * speed
        self._set_pitch_kept.emit(speed != 1)
        self._set_rate.emit(speed)
        self._set_position_ms.emit(round(1000 * from_s))
        self._play.emit()

    def pause(self) -> None:
        """See `AudioPlayer`."""
        self._waiting = None
        self._pause.emit()

    def set_rate(self, rate: float) -> None:
        """See `AudioPlayer`."""
        self._set_rate.emit(rate)

    def close(self) -> None:
        """Fall silent and release the file."""
        self._waiting = None
        self._stop.emit()
        self._set_source.emit(QUrl())
        self.deleteLater()

    def _note_position(self, position_ms: int) -> None:
        now_s = time.monotonic()
        if now_s > self._asked_s + _OLD_S:
            self._position = position_ms / 1000 - self._late_s, now_s

    def _play_when_loaded(self, status: object) -> None:
        if status is not self._status.LoadedMedia:
            return
        self._is_loaded = True
        if self._waiting is not None:
            (from_s, speed), self._waiting = self._waiting, None
            self.play(from_s + speed * (time.monotonic() - self._asked_s), speed)


def _libraries() -> list[Path]:
    """Files of Qt Multimedia and of the FFmpeg that it uses, where Qt keeps them on this system."""
    at = QLibraryInfo.LibraryPath
    names = ("*Qt6Multimedia.*", "*avcodec*", "*avformat*", "*avutil*", "*swresample*", "*swscale*")
    files = [path for name in names for path in Path(QLibraryInfo.path(at.LibrariesPath)).glob(name)]
    files += Path(QLibraryInfo.path(at.PluginsPath), "multimedia").glob("*ffmpeg*")
    # A wheel has no links: on Linux the same library is there under three names, of which this one is loaded.
    return [
        path for path in files if path.suffix in (".dll", ".dylib") or re.search(r"\.so\.\d+$|plugin\.so$", path.name)
    ]


def _read_ahead() -> None:
    """Bring the libraries into memory: reading them from the disk while they are imported would block all threads."""
    for path in _libraries():
        with path.open("rb", buffering=0) as file:
            while file.read(_CHUNK_BYTES):
                pass


def _silence_ffmpeg() -> None:
    """Qt's FFmpeg would print the properties of each file, with its whole address, on the terminal."""
    for path in _libraries():
        if "avutil" in path.name:
            with suppress(OSError, AttributeError):
                ctypes.CDLL(str(path)).av_log_set_level(_QUIET)
