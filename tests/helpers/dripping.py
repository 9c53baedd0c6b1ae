"""An answer with a byte now and then, for ever: what a server sends that means to keep whoever asks it."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler


def drip(answering: BaseHTTPRequestHandler, is_stopped: threading.Event) -> None:
    """Go on with an answer whose headers are sent, until the server stops or nobody listens."""
    while not is_stopped.is_set():
        try:
            answering.wfile.write(b" ")
            answering.wfile.flush()
        except OSError:
            return
        time.sleep(0.1)
