"""Downloads a file from an address given by the user; interrupted downloads are resumed."""

import base64
import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agecam.errors import SourceError
from agecam.runtime.files import explained
from agecam.version import __version__

CHUNK_BYTES = 2**18
TIMEOUT_S = 30.0
"""Without data from the server."""

Watch = Callable[[int, int | None], None]
"""Called with the bytes received so far, and the expected total if the server gives one."""


def is_address(text: str) -> bool:
    """Whether the text is a web address."""
    return text.lower().startswith(("http://", "https://"))


def shown_address(address: str) -> str:
    """The address without user, password and query, for messages."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def file_name(address: str) -> str:
    """The last part of the address's path, as a safe file name."""
    name = re.sub(r"[^\w.-]+", "_", unquote(urlsplit(address).path).rsplit("/", 1)[-1]).lstrip(".")
    return name[-100:] or "weights.h5"


def download(address: str, folder: Path, watch: Watch = lambda done, of: None) -> Path:
    """Download a file into a folder; an earlier attempt is resumed if the server still has the same file.

    Raises:
        SourceError: the address cannot be reached or has no such file, or the connection broke; received data is kept.
        OutputError: the folder cannot be written.
    """
    final = folder / file_name(address)
    part, note = final.with_name(f"{final.name}.part"), final.with_name(f"{final.name}.part.json")
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    received, version = _kept(part, note, address)
    try:
        with _answer(address, received, version) as answer:
            if not answer.headers.get("Content-Range", "").startswith(f"bytes {received}-"):
                received = 0  # the server sends the whole file
            length = answer.headers.get("Content-Length", "")
            of = received + int(length) if length.isdigit() else None
            new_version = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            with explained(part):
                note.write_text(json.dumps({"address": address, "version": new_version}), encoding="utf-8")
                file = part.open("ab" if received else "wb")
            with file:
                while chunk := answer.read(CHUNK_BYTES):
                    with explained(part):
                        file.write(chunk)
                    received += len(chunk)
                    watch(received, of)
    except urllib.error.HTTPError as error:
        raise SourceError(
            f"{shown_address(address)} cannot be downloaded (the server answered {error.code} {error.reason}): "
            "check the address."
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise SourceError(
            f"{shown_address(address)} cannot be downloaded ({reason}): check the address and the connection, and try "
            "again; received data is kept."
        ) from error
    if of is not None and received < of:
        raise SourceError(
            f"The connection to {shown_address(address)} broke after {received / 1e6:.0f} of {of / 1e6:.0f} MB: try "
            "again to resume the download."
        )
    with explained(final):
        part.replace(final)
    with suppress(OSError):
        note.unlink()
    return final


def _kept(part: Path, note: Path, address: str) -> tuple[int, str]:
    """Bytes received by an earlier attempt, and the server's version of the file at that time."""
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept["address"] == address and kept["version"]:
            return part.stat().st_size, str(kept["version"])
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return 0, ""


def _answer(address: str, received: int, version: str) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"agecam/{__version__}", "Accept-Encoding": "identity"}
    parts = urlsplit(address)
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(secret).decode()}"
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if received:
        headers |= {"Range": f"bytes={received}-", "If-Range": version}
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(address, headers=headers), timeout=TIMEOUT_S
        )
    except urllib.error.HTTPError as error:
        if not received or error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return _answer(address, 0, "")
    return answer
