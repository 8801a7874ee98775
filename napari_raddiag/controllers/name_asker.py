"""Asks the engine about disorders by name, beside the diagnosis, and knows what it said. Touches no view."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject, QTimer, Signal

from napari_raddiag.data_models.asked_disorder import AskedDisorder, takes_names
from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.reading_session import ReadingSession
from raddiag_engine.diagnosis.disorder_lookup import known_as
from raddiag_engine.diagnosis.result import Diagnosis, UnseenScore
from raddiag_engine.diagnosis.vocabulary import NamedDisorder, check_vocabulary, name_key
from raddiag_engine.errors import RaddiagError
from raddiag_engine.icd10cm.search import icd10cm_search

SUGGESTIONS = 8
SETTLE_MS = 150


class NameAsker(QObject):
    """The disorders that the reader asked for by name, with their scores in the diagnosis that stands.

    They belong to the case: another one begins without. A new diagnosis is asked about them again by itself.

    Signals:
        changed: The rows, or whether one can ask.
        busy: True while the engine is asked.
        known: Name of a disorder that the model has itself, when it was asked for.
        suggested: (text, ((name, code), ...)) what ICD-10-CM has for a text.
        failed: One line: cause and remedy.
    """

    changed = Signal()
    busy = Signal(bool)
    known = Signal(str)
    suggested = Signal(str, object)
    failed = Signal(str)

    def __init__(self, session: ReadingSession, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.link = link
        self.vocabulary: tuple[NamedDisorder, ...] = ()
        self.scores: tuple[UnseenScore, ...] = ()
        self._task: Task | None = None
        self._text = ""
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._search)
        session.case_changed.connect(self._case_changed)
        session.diagnosis_changed.connect(self._diagnosis_changed)
        link.card_changed.connect(lambda _card: self.changed.emit())

    @property
    def takes_names(self) -> bool:
        """True if the engine's model is known and can score a disorder by its name."""
        return self.link.card is not None and takes_names(self.link.card)

    @property
    def why_not(self) -> str:
        """Why nothing can be asked for by name, and what to do; empty if something can."""
        card = self.link.card
        if card is None:
            return "the engine's model is not known yet"
        if not takes_names(card):
            return f"model {card.name} scores its own disorders only; a model with a knowledge head takes names"
        if self.session.current_diagnosis is None:
            return "diagnose the case first"
        return ""

    @property
    def rows(self) -> tuple[AskedDisorder, ...]:
        """By score, those without one last."""
        by_name = {disorder.name: disorder for disorder in self.vocabulary}
        scored = [AskedDisorder(by_name.pop(score.name), score) for score in self.scores if score.name in by_name]
        return (*scored, *map(AskedDisorder, by_name.values()))

    def score(self, name: str) -> UnseenScore | None:
        """Of a disorder, in the diagnosis that stands."""
        return next((score for score in self.scores if score.name == name), None)

    def ask(self, name: str, code: str = "") -> None:
        """Ask about a disorder; one that the model has itself is named by `known` and not asked about."""
        card = self.link.card
        if self.why_not or card is None:
            self.failed.emit(self.why_not)
            return
        own = known_as(card, name)
        if own is not None:
            self.known.emit(own)
            return
        try:
            disorder = NamedDisorder(" ".join(name.split()), (code,) if code else ())
            if name_key(name) in {name_key(other.name) for other in self.vocabulary}:
                return
            check_vocabulary((*self.vocabulary, disorder))
        except (ValueError, RaddiagError) as error:
            self.failed.emit(str(error))
            return
        self.vocabulary = (*self.vocabulary, disorder)
        self._compute()

    def forget(self, name: str) -> None:
        """Take a disorder out again."""
        self.vocabulary = tuple(disorder for disorder in self.vocabulary if disorder.name != name)
        self.scores = tuple(score for score in self.scores if score.name != name)
        self.changed.emit()

    def restore(self, vocabulary: tuple[NamedDisorder, ...]) -> None:
        """Ask again about the disorders of a kept session, in the diagnosis that stands or comes."""
        self.vocabulary = vocabulary
        self._compute()

    def suggest(self, text: str) -> None:
        """Look a text up in ICD-10-CM once typing pauses; `suggested` follows."""
        self._text = text
        self._settle.start()

    def cancel(self) -> None:
        """Stop asking; what was asked for stays, without a score."""
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            self.busy.emit(False)

    def _search(self) -> None:
        text = self._text.strip()
        if not text:
            self.suggested.emit(text, ())
            return

        def work(progress: object, cancelled: object) -> tuple[tuple[str, str], ...]:
            return tuple((hit.name, hit.entry.code) for hit in icd10cm_search().search(text, SUGGESTIONS))

        task = Task(work, self)
        task.finished.connect(partial(self._found, text))
        task.ended.connect(task.deleteLater)
        task.start()

    def _found(self, text: str, suggestions: tuple[tuple[str, str], ...]) -> None:
        if text == self._text.strip():
            self.suggested.emit(text, suggestions)

    def _compute(self) -> None:
        self.cancel()
        self.changed.emit()
        case, diagnosis = self.session.case, self.session.current_diagnosis
        if case is None or diagnosis is None or not self.vocabulary or not self.takes_names:
            return
        task = self.link.diagnose(case, self.session.windows, 0, self, self.vocabulary)
        task.finished.connect(partial(self._answered, task, diagnosis))
        task.failed.connect(partial(self._failed, task, self.vocabulary))
        task.ended.connect(task.deleteLater)
        self._task = task
        self.busy.emit(True)
        task.start()

    def _answered(self, task: Task, of: Diagnosis, answer: Diagnosis) -> None:
        if not self._end(task) or self.session.current_diagnosis is not of:
            return
        if (answer.input_hash, answer.model_sha256) != (of.input_hash, of.model_sha256):
            self.failed.emit("the engine answered with another model than the diagnosis has: diagnose again")
            return
        self.scores = answer.unseen
        self.changed.emit()

    def _failed(self, task: Task, vocabulary: tuple[NamedDisorder, ...], line: str) -> None:
        if self._end(task):
            # What cannot be scored is not left standing as if it were still being asked for.
            scored = {score.name for score in self.scores}
            self.vocabulary = tuple(disorder for disorder in vocabulary if disorder.name in scored)
            self.changed.emit()
            self.failed.emit(line)

    def _end(self, task: Task) -> bool:
        """True if the task is the one that is waited for."""
        if task is not self._task:
            return False
        self._task = None
        self.busy.emit(False)
        return True

    def _case_changed(self) -> None:
        self.cancel()
        self.vocabulary, self.scores = (), ()
        self.changed.emit()

    def _diagnosis_changed(self) -> None:
        """Scores of another diagnosis are none; those of a new one are asked for."""
        self.cancel()
        self.scores = ()
        self._compute()
