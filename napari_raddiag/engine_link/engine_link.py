"""The engine as the window sees it: started in the background, watched, started again when it dies, asked in tasks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_raddiag.data_models.engine_state import NOT_STARTED, EngineKind, EngineState
from napari_raddiag.engine_link.state_words import state_in_words
from napari_raddiag.engine_link.task import Task
from napari_raddiag.preferences import Preferences
from raddiag_engine.cases import Case, Window
from raddiag_engine.client import EngineClient, LocalService
from raddiag_engine.client.remote_token import read_token
from raddiag_engine.errors import RaddiagError
from raddiag_engine.failure_line import failure_line
from raddiag_engine.models.card import ModelCard

POLL_SECONDS = 0.5
# An engine that dies this often in so short a time will die again: the reader decides.
RESTARTS, RESTART_WINDOW_SECONDS = 3, 60.0


class EngineLink(QObject):
    """One engine, on this machine or elsewhere.

    Signals:
        state_changed: An `EngineState`, whenever the words change.
        card_changed: The `ModelCard` of the model in use, once it is known.

    Args:
        preferences: Which model, device and server.
        parent: Owner.
    """

    state_changed = Signal(object)
    card_changed = Signal(object)

    def __init__(self, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.preferences = preferences
        self.state = NOT_STARTED
        self.card: ModelCard | None = None
        self._service: LocalService | None = None
        self._client: EngineClient | None = None
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None
        self._deaths: deque[float] = deque(maxlen=RESTARTS)
        self.state_changed.connect(self._keep_state)
        self.card_changed.connect(self._keep_card)

    @property
    def is_started(self) -> bool:
        """True once the engine was asked for."""
        return self._watch is not None

    @property
    def service_pid(self) -> int | None:
        """Process of the engine that was started here; None if there is none now."""
        service = self._service
        return None if service is None else service.pid

    def start(self) -> None:
        """Start the engine, or connect to the server, and watch it; returns at once."""
        if self._watch is None or not self._watch.is_alive():
            self._stopping = threading.Event()
            self._watch = threading.Thread(
                target=self._watch_over, args=(self._stopping,), daemon=True, name="raddiag-engine"
            )
            self._watch.start()

    def stop(self) -> None:
        """End the engine that was started here; waits until it is gone."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.join()
            self._watch = None

    def restart(self, preferences: Preferences | None = None) -> None:
        """Stop and start, in the background; also after the preferences changed."""
        old, self._watch = self._watch, None
        self._stopping.set()
        self.preferences = preferences or self.preferences
        self._deaths.clear()
        self._say(NOT_STARTED)
        stopping = self._stopping = threading.Event()

        def follow() -> None:
            if old is not None:
                old.join()
            self._watch_over(stopping)

        self._watch = threading.Thread(target=follow, daemon=True, name="raddiag-engine")
        self._watch.start()

    def diagnose(self, case: Case, windows: Mapping[str, Window], top: int, parent: QObject) -> Task:
        """A task that gives a `Diagnosis`; it delivers nothing once its parent is gone."""
        return self._ask(partial(EngineClient.diagnose, case=case, windows=dict(windows), top=top), parent)

    def explain(
        self,
        case: Case,
        windows: Mapping[str, Window],
        disorders: Sequence[str],
        method: str,
        parent: QObject,
        then: Callable[[Any], Any] = lambda maps: maps,
    ) -> Task:
        """A task that gives, for each disorder, one `SaliencyMap` per scan in use.

        Args:
            case: Of one patient.
            windows: Scan id -> window given to the network.
            disorders: Names on the model card.
            method: Of saliency.
            parent: Owner of the task, which delivers nothing once it is gone.
            then: Done with the maps in the background; its result is the task's.
        """
        question = partial(
            EngineClient.explain, case=case, disorders=tuple(disorders), method=method, windows=dict(windows)
        )
        return self._ask(question, parent, then)

    def prepare(self, case: Case, windows: Mapping[str, Window], scan_id: str, parent: QObject) -> Task:
        """A task that gives the `PreparedScan` of one scan: what the network is given of it."""
        return self._ask(partial(EngineClient.prepare, case=case, scan_id=scan_id, windows=dict(windows)), parent)

    def _ask(
        self, question: Callable[..., Any], parent: QObject, then: Callable[[Any], Any] = lambda answer: answer
    ) -> Task:
        def work(progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]) -> Any:
            client = self._client
            if client is None:
                raise RaddiagError(f"the engine is not there ({self.state.text}); wait, or restart it")
            return then(question(client, progress=progress, cancelled=cancelled))

        return Task(work, parent)

    def _watch_over(self, stopping: threading.Event) -> None:
        """In its own thread: start, poll, start again, and at the end stop."""
        try:
            while not stopping.is_set():
                try:
                    self._connect()
                    self._poll_until_lost(stopping)
                except (RaddiagError, ImportError, OSError) as error:
                    self._lost(failure_line(error) or str(error), stopping)
        finally:
            self._disconnect()

    def _connect(self) -> None:
        wanted = self.preferences
        if wanted.server:
            certificate = Path(wanted.certificate_file) if wanted.certificate_file else None
            token = read_token(Path(wanted.token_file) if wanted.token_file else None)
            client = EngineClient(wanted.server, token, ca_file=certificate)
        else:
            self._service = LocalService.start(model=wanted.model, device=wanted.device)
            client = self._service.client
        self._client = client
        self.card_changed.emit(client.card(self._model_of(client)))

    def _model_of(self, client: EngineClient) -> str:
        return next((entry.name for entry in client.models() if entry.default), self.preferences.model)

    def _poll_until_lost(self, stopping: threading.Event) -> None:
        while not stopping.wait(POLL_SECONDS):
            client = self._client
            if client is None:
                return
            health = client.health()
            self._say(state_in_words(health, client.device(), remote=bool(self.preferences.server)))

    def _lost(self, reason: str, stopping: threading.Event) -> None:
        self._disconnect()
        if stopping.is_set():
            return
        now = time.monotonic()
        often = len(self._deaths) == RESTARTS and now - self._deaths[0] < RESTART_WINDOW_SECONDS
        self._deaths.append(now)
        remote = bool(self.preferences.server)
        if often and not remote:
            self._say(EngineState(EngineKind.DOWN, "down: it stops again and again", reason))
            stopping.wait()
            return
        self._say(EngineState(EngineKind.DOWN, f"down: {reason}", reason, remote))
        stopping.wait(5 * POLL_SECONDS if remote else POLL_SECONDS)

    def _disconnect(self) -> None:
        service, client = self._service, self._client
        self._service = self._client = None
        if service is not None:
            service.stop()
        elif client is not None:
            client.close()

    def _say(self, state: EngineState) -> None:
        if state != self.state:
            try:
                self.state_changed.emit(state)
            except RuntimeError:  # the window was closed; nobody is left to hear it
                self._stopping.set()

    def _keep_state(self, state: EngineState) -> None:
        self.state = state

    def _keep_card(self, card: ModelCard) -> None:
        self.card = card
