"""One file from the web, only ever because a person named its address: resumed where it was cut off, then complete."""

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

from agecam import __version__
from agecam.errors import SourceError
from agecam.runtime.files import explained

CHUNK_BYTES = 2**18
TIMEOUT_S = 30.0
"""Of silence."""

Watch = Callable[[int, int | None], None]
"""Called with the bytes so far, and those expected in all where the server says so."""


def is_address(text: str) -> bool:
    """Whether a person means a file on the web."""
    return text.lower().startswith(("http://", "https://"))


def shown_address(address: str) -> str:
    """The address without user, password and query, as it may stand in a message."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def file_name(address: str) -> str:
    """The last part of the address's path, safe as the name of a file."""
    name = re.sub(r"[^\w.-]+", "_", unquote(urlsplit(address).path).rsplit("/", 1)[-1]).lstrip(".")
    return name[-100:] or "weights.h5"


def download(address: str, folder: Path, watch: Watch = lambda done, of: None) -> Path:
    """Fetch a file into a folder. What an earlier try left of it is gone on with, if the server still has the same.

    Raises:
        SourceError: the address cannot be reached or has no such file, or the connection broke; what came stays.
        OutputError: the folder cannot be written.
    """
    final = folder / file_name(address)
    part, note = final.with_name(f"{final.name}.part"), final.with_name(f"{final.name}.part.json")
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    have, version = _kept(part, note, address)
    try:
        with _answer(address, have, version) as answer:
            if not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                have = 0  # the server sends the whole file
            length = answer.headers.get("Content-Length", "")
            of = have + int(length) if length.isdigit() else None
            known_by = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            with explained(part):
                note.write_text(json.dumps({"address": address, "version": known_by}), encoding="utf-8")
                file = part.open("ab" if have else "wb")
            with file:
                while chunk := answer.read(CHUNK_BYTES):
                    with explained(part):
                        file.write(chunk)
                    have += len(chunk)
                    watch(have, of)
    except urllib.error.HTTPError as error:
        raise SourceError(
            f"{shown_address(address)} cannot be fetched (the server says {error.code}, {error.reason}): "
            "check the address."
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise SourceError(
            f"{shown_address(address)} cannot be fetched ({reason}): check the address and the connection, and try "
            "again; what came so far is kept."
        ) from error
    if of is not None and have < of:
        raise SourceError(
            f"The connection to {shown_address(address)} broke after {have / 1e6:.0f} of {of / 1e6:.0f} MB: try again, "
            "and it goes on from there."
        )
    with explained(final):
        part.replace(final)
    with suppress(OSError):
        note.unlink()
    return final


def _kept(part: Path, note: Path, address: str) -> tuple[int, str]:
    """Bytes of an earlier try, and what tells whether the server still has the same file."""
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept["address"] == address and kept["version"]:
            return part.stat().st_size, str(kept["version"])
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return 0, ""


def _answer(address: str, have: int, version: str) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"agecam/{__version__}", "Accept-Encoding": "identity"}
    parts = urlsplit(address)
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(secret).decode()}"
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(address, headers=headers), timeout=TIMEOUT_S
        )
    except urllib.error.HTTPError as error:
        if not have or error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return _answer(address, 0, "")
    return answer
