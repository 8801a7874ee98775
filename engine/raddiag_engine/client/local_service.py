"""An engine service of this process's own: a child that ends with it."""

from __future__ import annotations

import json
import os
import queue
import secrets
import subprocess
import sys
import threading
from collections import deque
from typing import IO, Any

from raddiag_engine.client.engine_client import EngineClient
from raddiag_engine.client.errors import EngineError
from raddiag_engine.protocol.version import protocol_mismatch

TOKEN_BYTES = 32
LINES_KEPT = 5
STOP_SECONDS = 5.0
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
        cls, model: str = "demo", device: str = "auto", *, start_seconds: float = 30.0, timeout_seconds: float = 30.0
    ) -> LocalService:
        """Start a service; returns when it listens, while its worker goes on loading the model.

        The service ends when `stop` is called or this process ends, however that comes about.

        Args:
            model: A model's name or folder.
            device: "auto", "cpu" or "cuda".
            start_seconds: After which it is given up.
            timeout_seconds: Of the client.

        Raises:
            EngineError: It does not start; says why.
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
            url = _announced_url(process, token, start_seconds)
        except BaseException:
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

    def stop(self) -> None:
        """End the service; when this returns there is no process left, its worker included."""
        self.client.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()  # the end of its input is the sign to end
                except OSError:
                    continue
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if os.name == "posix":
            _kill_group(self._process.pid)


def _announced_url(process: subprocess.Popen[bytes], token: str, seconds: float) -> str:
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
        line = first_line.get(timeout=seconds)
    except (OSError, queue.Empty):
        line = b""
    if not line:
        if process.poll() is None:
            process.kill()
        reader.join(1.0)
        last = complaints[-1].removeprefix("raddiag: ") if complaints else f"no answer within {seconds:g} s"
        raise EngineError(f"the engine does not start: {last}", "start")
    said = json.loads(line)
    mismatch = protocol_mismatch(said.get("protocol"), None, "this installation")
    if mismatch is not None:
        raise EngineError(mismatch, "version")
    return str(said["url"])


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
