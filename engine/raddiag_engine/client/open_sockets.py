"""The sockets of an HTTP client, so that another thread can end what blocks on them; closing alone wakes nobody."""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

# Events of the `trace` extension of httpcore that bring a stream; the second replaces the first's socket.
OPENED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class OpenSockets:
    """Those that are open; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._shut = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Takes what a request tells of itself, as its extension "trace"."""
        if event not in OPENED:
            return
        opened: socket.socket = info["return_value"].get_extra_info("socket")
        with self._lock:
            self._sockets.add(opened)
            late = self._shut
        if late:
            _shut_down(opened)

    def shut(self) -> None:
        """End all sending and receiving, now and on what is opened later; the sockets are closed by who has them."""
        with self._lock:
            self._shut = True
            sockets = list(self._sockets)
        for opened in sockets:
            _shut_down(opened)


def _shut_down(opened: socket.socket) -> None:
    with suppress(OSError):  # it may be closed by now
        # Not the method of an SSL socket, which would take its state from under who reads.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)
