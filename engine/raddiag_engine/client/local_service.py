"""An engine service of this process's own: a child that ends with it."""

from __future__ import annotations

import os
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from typing import IO, Any

from raddiag_engine.client.connection import checked_url
from raddiag_engine.client.engine_client import EngineClient
from raddiag_engine.client.errors import EngineError
from raddiag_engine.errors import Cancelled, ConfigError
from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.strict_json import read_object
from raddiag_engine.protocol.version import protocol_mismatch

TOKEN_BYTES = 32
LINES_KEPT = 5
STOP_SECONDS = 5.0
# How often a start looks whether it is wanted any more.
LOOK_SECONDS = 0.05
# -P keeps the current folder off the module path: it may hold anything.
SERVE = ["-P", "-m", "raddiag_engine.cli", "serve", "--with-parent"]


class LocalService:
    """A running `raddiag serve`; made by `start`.

    Attributes:
        client: To talk to it.
    """

    def __init__(self, process: subprocess.Popen[bytes], client: EngineClient) -> None:
        self._process = process
        self.client = client

    @classmethod
    def start(
        cls,
        model: str = "demo",
        device: str = "auto",
        *,
        start_seconds: float = 30.0,
        timeout_seconds: float = 30.0,
        unwanted: threading.Event | None = None,
    ) -> LocalService:
        """Start a service; returns when it listens, while its worker goes on loading the model.

        The service ends when `stop` is called or this process ends, however that comes about.

        Args:
            model: A model's name or folder.
            device: "auto", "cpu" or "cuda".
            start_seconds: After which it is given up.
            timeout_seconds: Of the client.
            unwanted: Set from another thread, it ends the start at once.

        Raises:
            EngineError: It does not start; says why.
            Cancelled: It was not wanted any more; no process is left.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        options: dict[str, Any] = {"start_new_session": True}  # Ctrl-C in the terminal is not for it
        if sys.platform == "win32":
            options = {"creationflags": subprocess.CREATE_NO_WINDOW}
        process = subprocess.Popen(
            [sys.executable, *SERVE, "--model", model, "--device", device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        service = cls(process, EngineClient("http://127.0.0.1", token))
        try:
            url = _announced_url(process, token, start_seconds, unwanted or threading.Event())
        except BaseException:
            process.kill()  # it has nothing to end in good order
            service.stop()
            raise
        service.client = EngineClient(url, token, timeout_seconds=timeout_seconds)
        return service

    @property
    def pid(self) -> int:
        """Of the service's process."""
        return self._process.pid

    def alive(self) -> bool:
        """True while the process runs; its worker may be down all the same, which `client.health()` says."""
        return self._process.poll() is None

    def stop(self, wait_seconds: float = STOP_SECONDS) -> None:
        """End the service; when this returns there is no process left, its worker included.

        Args:
            wait_seconds: For it to end by itself, after which it is killed.
        """
        self.client.hang_up()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()  # the end of its input is the sign to end
                except OSError:
                    continue
        try:
            self._process.wait(wait_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if os.name == "posix":
            _kill_group(self._process.pid)

    def kill(self) -> None:
        """End the service and its worker at once, from any thread, without waiting for anything."""
        if self._process.poll() is None:
            self._process.kill()
            if os.name == "posix":
                _kill_group(self._process.pid)


def _announced_url(process: subprocess.Popen[bytes], token: str, seconds: float, unwanted: threading.Event) -> str:
    """Hand over the token and wait for the address."""
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    complaints: deque[str] = deque(maxlen=LINES_KEPT)
    first_line: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    reader = threading.Thread(target=_keep_lines, args=(process.stderr, complaints), daemon=True)
    reader.start()
    threading.Thread(target=_read_line, args=(process.stdout, first_line), daemon=True).start()
    try:
        process.stdin.write(token.encode("ascii") + b"\n")
        process.stdin.flush()
        line = _first_of(first_line, seconds, unwanted)
    except OSError:
        line = b""
    if not line:
        if process.poll() is None:
            process.kill()
        reader.join(1.0)
        last = complaints[-1].removeprefix("raddiag: ") if complaints else f"no answer within {seconds:g} s"
        raise EngineError(f"the engine does not start: {last}", "start")
    try:
        said = read_object(line)
        mismatch = protocol_mismatch(said.get("protocol"), None, "this installation")
        if mismatch is not None:
            raise EngineError(mismatch, "version")
        return checked_url(str(said["url"]))
    except (ProtocolError, ConfigError, KeyError) as error:
        raise EngineError(
            "the engine does not start: it does not say its address; install it again", "start"
        ) from error


def _first_of(lines: queue.SimpleQueue[bytes], seconds: float, unwanted: threading.Event) -> bytes:
    """The first line; empty if none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if unwanted.is_set():
            raise Cancelled
        try:
            return lines.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            continue
    return b""


def _read_line(pipe: IO[bytes], into: queue.SimpleQueue[bytes]) -> None:
    try:
        into.put(pipe.readline())
    except (OSError, ValueError):  # closed meanwhile
        into.put(b"")


def _keep_lines(pipe: IO[bytes], lines: deque[str]) -> None:
    for line in pipe:
        lines.append(line.decode("utf-8", "replace").strip())
    pipe.close()


def _kill_group(group: int) -> None:
    """The worker is in the service's group, and ends by itself unless it is stopped."""
    import signal

    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError:  # macOS says so of a group of which only a dead process is left
        return
