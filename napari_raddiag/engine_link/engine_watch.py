"""One life of the engine for the window: started or connected to, watched, started again, ended. It knows no Qt."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from napari_raddiag.data_models.engine_state import EngineKind, EngineState
from napari_raddiag.engine_link.state_words import state_in_words
from napari_raddiag.engine_link.task import describe_problem
from napari_raddiag.preferences import Preferences
from raddiag_engine.client import EngineClient, EngineError, LocalService
from raddiag_engine.client.remote_token import read_token
from raddiag_engine.errors import Cancelled, ConfigError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.protocol.reports import DeviceReport, Health

# A server of many viewers is asked less often than an engine of one's own.
LOCAL_POLL_SECONDS, REMOTE_POLL_SECONDS = 0.5, 2.0
# What a device says changes little: its free memory, and the time a case takes.
DEVICE_SECONDS = 30.0
# An engine that dies this often in so short a time will die again: the reader decides.
RESTARTS, RESTART_WINDOW_SECONDS = 3, 60.0
RESTART_SECONDS, RECONNECT_SECONDS, RECONNECT_TO_ANOTHER_VERSION_SECONDS = 0.5, 5.0, 30.0
# No second try mends these, and a server's log fills with them.
FINAL = ("token", "certificate")
# An engine has this long to end by itself, and its watch so long altogether: closing the window waits for it.
GRACE_SECONDS, STOP_SECONDS = 1.5, 2.5


class EngineWatch:
    """A thread that sees to it that there is an engine.

    Args:
        preferences: Which model, device and server.
        say: Called in the thread with this watch and an `EngineState`.
        show_card: Called in the thread with this watch and the `ModelCard` of the model in use.
        after: The watch before this one, which is stopped first.
    """

    def __init__(
        self,
        preferences: Preferences,
        say: Callable[[EngineWatch, EngineState], None],
        show_card: Callable[[EngineWatch, ModelCard], None],
        after: EngineWatch | None = None,
    ) -> None:
        self.client: EngineClient | None = None
        self._preferences = preferences
        self._is_remote = bool(preferences.server)
        self._say = say
        self._show_card = show_card
        self._after = after
        self._ending = threading.Event()
        self._look = threading.Event()
        self._deaths: deque[float] = deque(maxlen=RESTARTS)
        self._service: LocalService | None = None
        self._talking: EngineClient | None = None
        # A daemon, so that a server that hangs keeps no window from closing.
        self._thread = threading.Thread(target=self._run, daemon=True, name="raddiag-engine")

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """True until it ended."""
        return self._thread.is_alive()

    @property
    def service_pid(self) -> int | None:
        """Process of the engine that was started here; None if there is none now."""
        service = self._service
        return None if service is None else service.pid

    def look(self) -> None:
        """Ask the engine how it is now, not only at the next turn."""
        self._look.set()

    def end(self) -> None:
        """Ask the watch to end; returns at once. Nothing is said from now on."""
        self._ending.set()
        self._look.set()

    def stop(self) -> None:
        """End the watch and the engine that was started here; returns within about 3 s, whatever hangs."""
        self.end()
        client = self._talking
        if client is not None:
            client.hang_up()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """No process is left, of this watch nor of the one before it."""
        for service in (self._service, self._after and self._after._service):
            if service:
                service.kill()

    def _run(self) -> None:
        if self._after is not None:
            self._after.stop()
            self._after = None
        try:
            while not self._ending.is_set():
                try:
                    self._connect()
                    self._poll()
                except Exception as error:  # noqa: BLE001  whatever it is, the panel must not say "starting" for ever
                    self._lose(error)
        finally:
            self._disconnect()

    def _connect(self) -> None:
        wanted = self._preferences
        if self._is_remote:
            certificate = Path(wanted.certificate_file) if wanted.certificate_file else None
            token = read_token(Path(wanted.token_file) if wanted.token_file else None)
            client = EngineClient(wanted.server, token, ca_file=certificate)
        else:
            self._service = LocalService.start(model=wanted.model, device=wanted.device, unwanted=self._ending)
            client = self._service.client
        self._talking = client
        if self._ending.is_set():  # too late for `stop` to see the client
            raise Cancelled
        name = next((entry.name for entry in client.models() if entry.default), wanted.model)
        card = client.card(name)
        if not self._ending.is_set():
            self._show_card(self, card)
            self.client = client

    def _poll(self) -> None:
        client, device, asked_at = self.client, DeviceReport(), 0.0
        before: Health | None = None
        while client is not None and not self._ending.is_set():
            health = client.health()
            due = device.case_seconds is None or time.monotonic() - asked_at > DEVICE_SECONDS
            if health.worker in ("ready", "busy") and (due or health != before):
                device, asked_at = client.device(), time.monotonic()
            before = health
            if self._ending.is_set():
                return
            self._say(self, state_in_words(health, device, remote=self._is_remote))
            self._look.wait(REMOTE_POLL_SECONDS if self._is_remote else LOCAL_POLL_SECONDS)
            self._look.clear()

    def _lose(self, error: Exception) -> None:
        service = self._service
        died = service is not None and not service.alive()
        self._disconnect()
        if self._ending.is_set():
            return
        reason = "it ended unexpectedly" if died else _words(error)
        wait_seconds = self._reconnect_after(error) if self._is_remote else self._restart_after()
        text = f"down: {reason}"
        if wait_seconds is None and not self._is_remote:
            text = f"down: it stops again and again: {reason}"
        self._say(self, EngineState(EngineKind.DOWN, text, reason, self._is_remote))
        self._ending.wait(wait_seconds)

    def _reconnect_after(self, error: Exception) -> float | None:
        """Seconds; None if only the reader can mend it."""
        if isinstance(error, ConfigError):
            return None
        cause = error.cause if isinstance(error, EngineError) else "fault"
        if cause in FINAL:
            return None
        return RECONNECT_TO_ANOTHER_VERSION_SECONDS if cause == "version" else RECONNECT_SECONDS

    def _restart_after(self) -> float | None:
        now = time.monotonic()
        often = len(self._deaths) == RESTARTS and now - self._deaths[0] < RESTART_WINDOW_SECONDS
        self._deaths.append(now)
        return None if often else RESTART_SECONDS

    def _disconnect(self) -> None:
        service, client = self._service, self._talking
        self.client = self._talking = None
        if client is not None:
            client.hang_up()
        if service is not None:
            service.stop(GRACE_SECONDS)
        self._service = None


def _words(error: Exception) -> str:
    """The server's own remedy for a token is for who started it."""
    if isinstance(error, EngineError) and error.cause == "token":
        return "the server does not know this token; choose the file that holds yours in the preferences"
    return describe_problem(error)
