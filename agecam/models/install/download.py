"""Downloads a file from an address given by the user; interrupted downloads are resumed."""

import http.client
import json
import re
import urllib.error
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import unquote

from agecam.errors import SourceError
from agecam.models.install.web import WebAddress, failure, open_web, web_address
from agecam.runtime.addresses import redact
from agecam.runtime.files import explained

CHUNK_BYTES = 2**18

Watch = Callable[[int, int | None], None]
"""Called with the bytes received so far, and the expected total if the server gives one."""


def file_name(address: str) -> str:
    """The last part of the address's path, as a safe file name."""
    path = redact(address.strip()).partition("://")[2].partition("/")[2]
    name = re.sub(r"[^\w.-]+", "_", unquote(path).rsplit("/", 1)[-1]).lstrip(".")
    return name[-100:] or "weights.h5"


def download(address: str, folder: Path, watch: Watch = lambda done, of: None, name: str | None = None) -> Path:
    """Download a file into a folder; an earlier attempt is resumed if the server still has the same file.

    Args:
        address: starts with http:// or https://; a user and password in it are sent to this server only.
        folder: where the file is written.
        watch: shows progress.
        name: of the file; by default from the address.

    Raises:
        SourceError: the address is wrong, cannot be reached or has no such file, or the connection broke; received
            data is kept.
        OutputError: the folder cannot be written.
    """
    web = web_address(address)
    final = folder / (name or file_name(address))
    part, note = final.with_name(f"{final.name}.part"), final.with_name(f"{final.name}.part.json")
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    received, version = _kept(part, note, web)
    try:
        with _answer(web, received, version) as answer:
            if not answer.headers.get("Content-Range", "").startswith(f"bytes {received}-"):
                received = 0  # the server sends the whole file
            length = answer.headers.get("Content-Length", "")
            of = received + int(length) if length.isdecimal() else None
            new_version = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            chunk = answer.read(CHUNK_BYTES)
            if not received and _is_page(answer, chunk):
                raise SourceError(
                    "{address} leads to a web page instead of a file: log in there with a browser, and add the file "
                    "that you download, or use its own address.",
                    address=web.shown,
                )
            with explained(part):
                note.write_text(json.dumps({"address": web.shown, "version": new_version}), encoding="utf-8")
                file = part.open("ab" if received else "wb")
            with file:
                while chunk:
                    with explained(part):
                        file.write(chunk)
                    received += len(chunk)
                    watch(received, of)
                    chunk = answer.read(CHUNK_BYTES)
    except (urllib.error.URLError, OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        reason, advice = failure(error)
        kept = "; received data is kept" if received else ""
        raise SourceError(
            "{address} cannot be downloaded ({reason}): {advice}{kept}.",
            address=web.shown,
            reason=reason,
            advice=advice,
            kept=kept,
        ) from error
    if of is not None and received < of:
        raise SourceError(
            "The connection to {address} broke after {received} of {total} MB: try again to resume the download.",
            address=web.shown,
            received=f"{received / 1e6:.0f}",
            total=f"{of / 1e6:.0f}",
        )
    with explained(final):
        part.replace(final)
    with suppress(OSError):
        note.unlink()
    return final


def _is_page(answer: HTTPResponse, head: bytes) -> bool:
    return answer.headers.get_content_type() == "text/html" or head.lstrip()[:1] == b"<"


def _kept(part: Path, note: Path, web: WebAddress) -> tuple[int, str]:
    """Bytes received by an earlier attempt, and the server's version of the file at that time."""
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept["address"] == web.shown and kept["version"]:
            return part.stat().st_size, str(kept["version"])
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return 0, ""


def _answer(web: WebAddress, received: int, version: str) -> HTTPResponse:
    try:
        return open_web(web, {"Range": f"bytes={received}-", "If-Range": version} if received else {})
    except urllib.error.HTTPError as error:
        if not received or error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        error.close()
        return _answer(web, 0, "")
