"""The server process: binds, announces its address, serves, and leaves no process behind when it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn

from raddiag_engine.protocol.version import PROTOCOL
from raddiag_engine.service.app import Service, build_app
from raddiag_engine.service.gate import Gate
from raddiag_engine.service.http_protocol import protocol_with
from raddiag_engine.service.job_runner import JobRunner
from raddiag_engine.service.limits import ServiceLimits
from raddiag_engine.service.listening import Listening
from raddiag_engine.service.offered_models import OfferedModels
from raddiag_engine.service.tokens import Tokens
from raddiag_engine.service.voxel_store import VoxelStore

TICK_SECONDS = 0.5
# A server that cannot end in good order ends all the same.
LAST_SECONDS = 10.0
# Longer than a client keeps a connection open, so that it never sends on one that is being closed.
KEEP_ALIVE_SECONDS = 75


@dataclass(frozen=True)
class ServeSettings:
    """How to serve.

    Attributes:
        tokens: Who may use it.
        model: A model's name or folder.
        device: "auto", "cpu" or "cuda".
        listening: Where.
        idle_minutes: End after so long without a request, of which those for health and device are none; None never.
        with_parent: End when standard input does, and with the process that started this one.
        limits: On clients.
    """

    tokens: Tokens
    model: str = "demo"
    device: str = "auto"
    listening: Listening = field(default_factory=Listening)
    idle_minutes: float | None = None
    with_parent: bool = False
    limits: ServiceLimits = field(default_factory=ServiceLimits)


def serve(settings: ServeSettings, announce: Callable[[str], None]) -> None:
    """Serve until a signal, the parent's end or idleness ends it.

    Args:
        settings: How.
        announce: Called once with the URL, when requests are taken.

    Raises:
        RaddiagError: The model or the address is not there.
    """
    limits, listening = settings.limits, settings.listening
    models = OfferedModels(settings.model)
    store = VoxelStore(limits.store_bytes)
    runner = JobRunner(str(models.default_folder), settings.device, store, limits)
    service = Service(models, runner, store, limits)
    listener = listening.bind()
    authorities = listening.authorities(listener.getsockname()[1])
    gate = Gate(build_app(service), settings.tokens, authorities, listening.scheme, service.max_body_bytes)
    config = uvicorn.Config(
        gate,
        http=protocol_with(limits.header_seconds),
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level="critical",  # its error log quotes tracebacks
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=16 * 1024,
        ssl_certfile=listening.tls_cert,
        ssl_keyfile=None if listening.tls_key is None else str(listening.tls_key),
    )
    url = f"{listening.scheme}://{authorities[0]}"
    server = _Server(config, service, gate, settings, lambda: announce(url))
    runner.start()
    try:
        server.run(sockets=[listener])
    finally:
        runner.stop()


def announce_as_json(url: str) -> None:
    """One line on standard output for the process that started this one."""
    print(json.dumps({"url": url, "pid": os.getpid(), "protocol": PROTOCOL}), flush=True)


class _Server(uvicorn.Server):
    """uvicorn's server, that says when it listens and ends by itself."""

    def __init__(
        self, config: uvicorn.Config, service: Service, gate: Gate, settings: ServeSettings, listens: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self.should_exit: bool = False
        self._service = service
        self._gate = gate
        self._settings = settings
        self._listens = listens
        self._parent = os.getppid()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in good order on a signal, which is not raised again afterwards: the worker is to be ended first."""
        before = {sign: signal.signal(sign, self.handle_exit) for sign in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, announce it, and begin to watch for the end."""
        await super().startup(sockets)
        self._listens()
        if self._settings.with_parent:
            threading.Thread(target=self._read_until_the_end, name="parent watch", daemon=True).start()
        self._watch = asyncio.create_task(self._tick())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what streams, then as uvicorn does."""
        self._service.stopping = True
        _end_at_the_latest(LAST_SECONDS)
        await super().shutdown(sockets)

    async def _tick(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(TICK_SECONDS)
            self._service.board.sweep()
            orphaned = self._settings.with_parent and os.getppid() != self._parent
            self.should_exit = self.should_exit or orphaned or self._is_idle()

    def _is_idle(self) -> bool:
        minutes = self._settings.idle_minutes
        if minutes is None or self._gate.open_requests or self._service.board.unfinished:
            return False
        return time.monotonic() - self._gate.last_request_at > 60 * minutes

    def _read_until_the_end(self) -> None:
        while sys.stdin.buffer.read(1024):
            continue
        self.should_exit = True


def _end_at_the_latest(seconds: float) -> None:
    """The worker ends with this process, however it ends."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
