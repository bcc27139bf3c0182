"""The entry for the menus of a Linux desktop: its text, its icon, and the files that it is offered for."""

from pathlib import Path

NAME = "agecam"
"""Of the entry and the icon, and of the window as the desktop knows it (`setDesktopFileName`)."""
ICON = Path(__file__).resolve().parents[1] / "ui" / "icons" / "agecam.svg"
ENTRY_PLACE = Path("applications", f"{NAME}.desktop")
ICON_PLACE = Path("icons", "hicolor", "scalable", "apps", f"{NAME}.svg")
"""Where a desktop looks for both, in a data folder such as `/usr/share`."""
FILE_TYPES = (
    *(f"video/{name}" for name in ("mp4", "x-matroska", "webm", "quicktime", "x-msvideo", "mpeg", "ogg", "mp2t")),
    *(f"video/{name}" for name in ("3gpp", "x-flv", "x-ms-wmv", "x-m4v")),
    *(f"image/{name}" for name in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "heif", "heic", "avif", "jxl", "jp2")),
)
"""The MIME types of the files that AgeCam is offered for; it reads more than these."""
_ESCAPED = {"\\": "\\\\\\\\", '"': '\\\\"', "`": "\\\\`", "$": "\\\\$", "%": "%%"}
"""Inside a quoted argument, of a value in which a backslash is itself written as two."""


def desktop_entry(command: list[str]) -> str:
    """The text of the desktop entry.

    Args:
        command: the words that start AgeCam, unquoted.
    """
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        "Name=AgeCam",
        "GenericName=Apparent age and gender of faces",
        "GenericName[ko]=얼굴의 겉보기 나이와 성별",
        "Comment=Shows the apparent age and gender of faces from a camera, in videos and in pictures",
        "Comment[ko]=카메라, 동영상, 사진 속 얼굴의 겉보기 나이와 성별을 표시합니다",
        f"Exec={' '.join(map(_quoted, command))} %F",
        f"Icon={NAME}",
        "StartupWMClass=AgeCam",
        "Categories=AudioVideo;Video;",
        "Keywords=webcam;camera;face;age;gender;",
        f"MimeType={';'.join(FILE_TYPES)};",
        "Terminal=false",
    )
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    plain = word.isascii() and word.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum()
    return word if plain else '"' + "".join(_ESCAPED.get(character, character) for character in word) + '"'
