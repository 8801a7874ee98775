"""The engine as the window sees it: started in the background, watched, started again when it dies, asked in tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_raddiag.data_models.engine_state import NOT_STARTED, EngineState
from napari_raddiag.engine_link.engine_watch import EngineWatch
from napari_raddiag.engine_link.task import Task
from napari_raddiag.preferences import Preferences
from raddiag_engine.cases import Case, Window
from raddiag_engine.client import EngineClient
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from raddiag_engine.errors import RaddiagError
from raddiag_engine.models.card import ModelCard


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
    _said = Signal(object, object)
    _carded = Signal(object, object)

    def __init__(self, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.preferences = preferences
        self.state = NOT_STARTED
        self.card: ModelCard | None = None
        self._watch: EngineWatch | None = None
        self._said.connect(self._hear)
        self._carded.connect(self._take_card)

    @property
    def is_started(self) -> bool:
        """True once the engine was asked for."""
        return self._watch is not None

    @property
    def service_pid(self) -> int | None:
        """Process of the engine that was started here; None if there is none now."""
        return None if self._watch is None else self._watch.service_pid

    @property
    def model_sha256(self) -> str | None:
        """Of the weights of the model in use, as its card says; None before the card is known."""
        return None if self.card is None else self.card.weights_sha256

    def start(self) -> None:
        """Start the engine, or connect to the server, and watch it; returns at once."""
        if self._watch is None or not self._watch.is_alive:
            self._begin(None)

    def stop(self) -> None:
        """End the engine that was started here; returns within about 3 s even if it hangs, and no process is left."""
        watch, self._watch = self._watch, None
        self.state = NOT_STARTED
        if watch is not None:
            watch.stop()

    def restart(self, preferences: Preferences | None = None) -> None:
        """Stop and start, in the background; also after the preferences changed. Tasks under way fail in words."""
        self.preferences = preferences or self.preferences
        before = self._watch
        if before is not None:
            before.end()
        self._begin(before)
        self._change(NOT_STARTED)

    def diagnose(
        self,
        case: Case,
        windows: Mapping[str, Window],
        top: int,
        parent: QObject,
        vocabulary: Sequence[NamedDisorder] = (),
    ) -> Task:
        """A task that gives a `Diagnosis`, also of disorders by name; it delivers nothing once its parent is gone."""
        question = partial(
            EngineClient.diagnose, case=case, windows=dict(windows), top=top, vocabulary=tuple(vocabulary)
        )
        return self._ask(question, parent)

    def send(self, case: Case, parent: QObject) -> Task:
        """A task that gives the engine the voxels of a case ahead of the first question; it gives None."""
        return self._ask(partial(EngineClient.send, case=case), parent)

    def explain(
        self,
        case: Case,
        windows: Mapping[str, Window],
        disorders: Sequence[str],
        method: str,
        parent: QObject,
        then: Callable[[Any], Any] = lambda maps: maps,
        vocabulary: Sequence[NamedDisorder] = (),
    ) -> Task:
        """A task that gives, for each disorder, one `SaliencyMap` per scan in use.

        Args:
            case: Of one patient.
            windows: Scan id -> window given to the network.
            disorders: Names on the model card or in the vocabulary.
            method: Of saliency.
            parent: Owner of the task, which delivers nothing once it is gone.
            then: Done with the maps in the background; its result is the task's.
            vocabulary: Disorders asked for by name.
        """
        question = partial(
            EngineClient.explain,
            case=case,
            disorders=tuple(disorders),
            method=method,
            windows=dict(windows),
            vocabulary=tuple(vocabulary),
        )
        return self._ask(question, parent, then)

    def prepare(self, case: Case, windows: Mapping[str, Window], scan_id: str, parent: QObject) -> Task:
        """A task that gives the `PreparedScan` of one scan: what the network is given of it."""
        return self._ask(partial(EngineClient.prepare, case=case, scan_id=scan_id, windows=dict(windows)), parent)

    def _ask(
        self, question: Callable[..., Any], parent: QObject, then: Callable[[Any], Any] = lambda answer: answer
    ) -> Task:
        def work(progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]) -> Any:
            watch = self._watch
            client = None if watch is None else watch.client
            if watch is None or client is None:
                raise RaddiagError(f"the engine is not there ({self.state.text}); wait, or restart it")
            try:
                answer = question(client, progress=progress, cancelled=cancelled)
            finally:
                watch.look()
            return then(answer)

        return Task(work, parent)

    def _begin(self, after: EngineWatch | None) -> None:
        say, show_card = partial(self._pass_on, "_said"), partial(self._pass_on, "_carded")
        self._watch = EngineWatch(self.preferences, say, show_card, after)
        self._watch.start()

    def _pass_on(self, signal: str, watch: EngineWatch, what: object) -> None:
        """From the watch's thread to the window's."""
        try:
            getattr(self, signal).emit(watch, what)
        except RuntimeError:  # the window was closed; nobody is left to hear it
            watch.end()

    def _hear(self, watch: EngineWatch, state: EngineState) -> None:
        """In the window's thread: what an engine says that was replaced meanwhile is of no interest."""
        if watch is self._watch:
            self._change(state)

    def _take_card(self, watch: EngineWatch, card: ModelCard) -> None:
        if watch is self._watch:
            self.card = card
            self.card_changed.emit(card)

    def _change(self, state: EngineState) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)
