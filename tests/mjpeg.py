"""An MJPEG server on loopback."""

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2

from agecam.types import Image


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        """Ignore clients that disconnect."""


@contextmanager
def mjpeg_server(
    images: list[Image],
    credentials: str | None = None,
    requests: list[str] | None = None,
    *,
    port: int = 0,
    fps: float | None = None,
    endless: bool = False,
    damaged_every: int | None = None,
) -> Iterator[str]:
    """Serve the images to each client as a multipart stream; yields `host:port`.

    Args:
        credentials: `user:password` that clients must send.
        requests: the path of each request is appended to it.
        fps: frames per second; without a limit if None.
        endless: repeat the images until the server stops, instead of closing the connection after the last.
        damaged_every: damage one of this many images, starting with the first.
    """
    parts = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]
    for index in range(0, len(parts), damaged_every or len(parts) + 1):
        if damaged_every:
            parts[index] = parts[index][: len(parts[index]) // 2] + bytes(200)
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if requests is not None:
                requests.append(self.path)
            wanted = credentials and "Basic " + base64.b64encode(credentials.encode()).decode()
            if wanted and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            due_s = time.monotonic()
            while not stopping.is_set():
                for part in parts:
                    due_s += 1 / fps if fps else 0
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(part)}\r\n\r\n"
                    if stopping.wait(max(0.0, due_s - time.monotonic())):
                        return
                    try:
                        self.wfile.write(head.encode() + part + b"\r\n")
                    except ConnectionError:
                        return
                if not endless:
                    return

        def log_message(self, *_: Any) -> None:
            pass

    with _Server(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            stopping.set()
            server.shutdown()
            thread.join()
