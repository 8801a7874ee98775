"""A real service in a process of its own, with bounds and faults that a test chooses, over a real port."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil

from raddiag_engine.client import EngineClient

# The service's main with other limits and, if asked for, another worker.
SERVER = """
import sys
from raddiag_engine.service import worker_process
from raddiag_engine.service.limits import ServiceLimits
from raddiag_engine.service.server import ServeSettings, announce_as_json, serve
from raddiag_engine.service.tokens import Tokens
worker = {worker!r}
if worker:
    worker_process.WORKER_ARGUMENTS = ["-P", "-c", worker]
token = sys.stdin.buffer.readline().decode().strip()
limits = ServiceLimits(**{limits!r})
serve(ServeSettings(Tokens.of_launch(token), {model!r}, "cpu", with_parent=True, limits=limits), announce_as_json)
"""

# The real worker, but a case of these names meets a fault: the scan's id says which.
FAULTY_WORKER = """
import os, signal, time
from raddiag_engine.service import computation, worker
original = computation.Computation.run
def faulty(self, message, arrays, progress, cancelled):
    names = [scan["id"] for scan in message["request"]["case"]["scans"]]
    if "slow" in names:  # heeds a cancel
        for step in range(200):
            progress(step, 200, "taking its time")
            if cancelled():
                from raddiag_engine.errors import Cancelled
                raise Cancelled
            time.sleep(0.05)
    if "deaf" in names:  # heeds none
        progress(0, 1, "hanging")
        time.sleep(600)
    if "abort" in names:
        progress(0, 1, "dying")
        os.abort()
    if "bomb" in names:
        import numpy
        numpy.zeros((2**24, 2**20), numpy.float32)
    if "bug" in names:
        raise KeyError("DOE^JOHN")
    return original(self, message, arrays, progress, cancelled)
computation.Computation.run = faulty
worker.main()
"""


class ServiceProcess:
    """A running service and what a test needs of it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, token: str) -> None:
        self.process = process
        self.url = url
        self.token = token
        self.port = int(url.rpartition(":")[2])
        self.client = EngineClient(url, token, timeout_seconds=20)

    def http(self, **headers: str) -> httpx2.Client:
        """A plain HTTP client with the right token."""
        return httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.token}", **headers},
            trust_env=False,
            verify=False,
            timeout=20,
        )

    def raw(self, request: bytes, seconds: float = 20.0) -> bytes:
        """Everything that comes back for bytes on a socket, until the other end closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(request)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received

    def worker(self) -> psutil.Process:
        """The worker's process."""
        return psutil.Process(self.process.pid).children()[0]

    def wait_for(self, states: tuple[str, ...], seconds: float = 60.0) -> None:
        """Until the worker is in one of these states."""
        wait_until(lambda: self.client.health().worker in states, seconds)


@contextmanager
def running_service(
    model: Path | str, *, worker: str = "", limits: Mapping[str, float] | None = None
) -> Iterator[ServiceProcess]:
    """Start a service, and see to it that nothing is left of it."""
    program = SERVER.format(worker=worker, limits=dict(limits or {}), model=str(model))
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    token = secrets.token_urlsafe(32)
    try:
        process.stdin.write(token.encode() + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, process.stderr.read().decode() if process.stderr else ""
        yield ServiceProcess(process, json.loads(line)["url"], token)
    finally:
        try:
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            family = []
        process.stdin.close()
        try:
            process.wait(15)
        finally:
            for member in family:
                if member.is_running() and member.status() != psutil.STATUS_ZOMBIE:
                    member.kill()
            process.wait()


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Until it holds; fails the test if it does not."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """True if there is no such process, or only its remains."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
