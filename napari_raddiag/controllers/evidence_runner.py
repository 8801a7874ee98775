"""Has evidence computed and knows what is shown of it: disorder, method, comparison, peak. Touches no layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from qtpy.QtCore import QObject, Signal

from napari_raddiag.controllers.name_asker import NameAsker
from napari_raddiag.display.evidence_peaks import Peak, evidence_peaks
from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.reading_session import ReadingSession
from raddiag_engine.diagnosis.result import Diagnosis, DisorderScore, UnseenScore
from raddiag_engine.saliency.methods import Method
from raddiag_engine.saliency.saliency_map import SaliencyMap

# With Grad-CAM many disorders cost about as much as one, so the positive ones are computed before they are asked for.
PREFETCHED = 5
NONE_FOR_NORMAL = "{} says that nothing was found: there is no place that speaks for it. Click a disorder instead."
PREFETCH_METHODS: tuple[Method, ...] = ("gradcam", "respondcam")


@dataclass(frozen=True, eq=False)
class PlacedPeak:
    """A peak and the scan it lies in."""

    scan_id: str
    peak: Peak


def peaks_of_case(maps: Sequence[SaliencyMap]) -> tuple[PlacedPeak, ...]:
    """The peaks in all scans, strongest first."""
    placed = [PlacedPeak(saliency.scan_id, peak) for saliency in maps for peak in evidence_peaks(saliency)]
    return tuple(sorted(placed, key=lambda placed: -placed.peak.value))


class EvidenceRunner(QObject):
    """The evidence for one disorder, or for two beside each other, of the diagnosis that stands.

    Signals:
        computing: Name of the disorder whose evidence is being computed; empty when it is done.
        progress: (done, total, what is done).
        changed: What is shown changed: disorder, maps, comparison.
        peak_changed: Another peak is to be brought into view.
        has_none: One line: why what was chosen has no evidence.
        failed: One line: cause and remedy.
    """

    computing = Signal(str)
    progress = Signal(int, int, str)
    changed = Signal()
    peak_changed = Signal()
    has_none = Signal(str)
    failed = Signal(str)

    def __init__(
        self, session: ReadingSession, link: EngineLink, method: Method, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.link = link
        self.method: Method = method
        self.names: NameAsker | None = None
        self.disorder = ""
        self.compared_with = ""
        self._wanted: tuple[str, ...] = ()
        # What was asked for last stays so when it fails: another method can then be tried.
        self._last = ("", "")
        self._task: Task | None = None
        self._asked: tuple[str, ...] = ()
        self._of: Diagnosis | None = None
        self._found: dict[tuple[str, str], tuple[PlacedPeak, ...]] = {}
        self._peaks: tuple[PlacedPeak, ...] = ()
        self._at = 0
        session.diagnosis_changed.connect(self._diagnosis_changed)

    # --- What is shown ---

    @property
    def maps(self) -> list[SaliencyMap]:
        """Of the disorder shown, one per scan in use; empty if nothing is shown."""
        return (self.session.maps_of(self.disorder, self.method) or []) if self.disorder else []

    @property
    def compared_maps(self) -> list[SaliencyMap]:
        """Of the disorder it is compared with."""
        return (self.session.maps_of(self.compared_with, self.method) or []) if self.compared_with else []

    @property
    def peak(self) -> PlacedPeak | None:
        """The peak in view."""
        return self._peaks[self._at] if self._peaks else None

    @property
    def peak_number(self) -> int:
        """Of the peak in view, counted from 1."""
        return self._at + 1

    @property
    def peak_count(self) -> int:
        """Peaks in all scans of the case."""
        return len(self._peaks)

    @property
    def peak_share(self) -> float:
        """Of the peak in view, of the strongest peak of the case; 0 without a peak."""
        return self._peaks[self._at].peak.value / self._peaks[0].peak.value if self._peaks else 0.0

    def score(self, disorder: str) -> DisorderScore | UnseenScore | None:
        """Of a disorder of the model or one that was asked for by name, in the diagnosis that stands."""
        diagnosis = self.session.current_diagnosis
        scores = diagnosis.disorders if diagnosis else ()
        own = next((score for score in scores if score.name == disorder), None)
        return self.names.score(disorder) if own is None and self.names is not None else own

    # --- What the reader does ---

    def show(self, disorder: str) -> None:
        """Show the evidence for a disorder, and its strongest peak; computed first if need be."""
        diagnosis = self.session.current_diagnosis
        if diagnosis is None:
            return
        if diagnosis.normal is not None and disorder == diagnosis.normal.name:
            self.hide()
            self.has_none.emit(NONE_FOR_NORMAL.format(disorder))
            return
        compared = self.compared_with if self.compared_with != disorder else ""
        self._want((disorder, compared))

    def compare(self, disorder: str) -> None:
        """Show a second disorder beside the one shown; empty for none."""
        if self.disorder:
            self._want((self.disorder, "" if disorder == self.disorder else disorder))

    def choose_method(self, method: Method) -> None:
        """Compute the evidence in another way, from now on."""
        self.method = method
        if self._last[0]:
            self._want(self._last)

    def hide(self) -> None:
        """Show no evidence."""
        self._stop()
        self._wanted, self._last = (), ("", "")
        self._place("", "")

    def cancel(self) -> None:
        """Stop computing; what is shown stays."""
        if self._task is not None and self._wanted:
            self._wanted = ()
            self._stop()

    def step_peak(self, steps: int) -> None:
        """Go to the next weaker peak (+1) or the stronger one before (-1); goes around at the ends."""
        if self._peaks:
            self._at = (self._at + steps) % len(self._peaks)
            self.peak_changed.emit()

    # --- Inside ---

    def _want(self, wanted: tuple[str, str]) -> None:
        self._wanted = self._last = wanted
        missing = self._missing(wanted)
        if not missing:
            self._place(*wanted)
            return
        # What was shown before must not stay on the image under the name of what is being computed.
        self._place("" if wanted[0] in missing else wanted[0], "")
        if not set(missing) <= set(self._asked):
            self._compute(missing, wanted[0])
        else:  # under way already, asked for before it was wanted
            self.computing.emit(wanted[0])

    def _missing(self, disorders: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in disorders if name and self.session.maps_of(name, self.method) is None)

    def _compute(self, disorders: tuple[str, ...], shown: str) -> None:
        case, diagnosis = self.session.case, self.session.current_diagnosis
        if case is None or diagnosis is None:
            return
        self._stop()
        # Peaks of large maps are looked for in the background too.
        asked = self.names.vocabulary if self.names is not None else ()
        vocabulary = [disorder for disorder in asked if disorder.name in disorders]
        task = self.link.explain(case, self.session.windows, disorders, self.method, self, _with_peaks, vocabulary)
        task.progress.connect(self.progress)
        task.finished.connect(partial(self._computed, task, diagnosis, disorders, self.method))
        task.failed.connect(partial(self._failed, task))
        task.stopped.connect(partial(self._end, task))
        self._task, self._asked = task, disorders
        if shown:
            self.computing.emit(shown)
        task.start()

    def _computed(
        self,
        task: Task,
        diagnosis: Diagnosis,
        disorders: tuple[str, ...],
        method: Method,
        found: list[tuple[list[SaliencyMap], tuple[PlacedPeak, ...]]],
    ) -> None:
        if not self._end(task):
            return
        for disorder, (maps, peaks) in zip(disorders, found, strict=True):
            if not self.session.keep_maps(diagnosis, disorder, method, maps):
                if self._wanted and self.session.current_diagnosis is diagnosis:
                    self._wanted = ()
                    self.failed.emit("the engine answered with another model than the diagnosis has: diagnose again")
                return  # else of a case that was edited meanwhile
            self._found[disorder, method] = peaks
        if self._wanted:
            self._want((self._wanted[0], self._wanted[1]))

    def _failed(self, task: Task, line: str) -> None:
        if self._end(task):
            wanted, self._wanted = self._wanted, ()
            if wanted:
                self.failed.emit(line)

    def _stop(self) -> None:
        if self._task is not None:
            task, self._task, self._asked = self._task, None, ()
            task.cancel()
            self.computing.emit("")

    def _end(self, task: Task) -> bool:
        """True if the task is the one that is waited for."""
        task.deleteLater()
        if task is not self._task:
            return False
        self._task, self._asked = None, ()
        self.computing.emit("")
        return True

    def _place(self, disorder: str, compared_with: str) -> None:
        peaks = self._found.get((disorder, self.method), ())
        other = disorder != self.disorder or peaks is not self._peaks
        self.disorder, self.compared_with = disorder, compared_with
        if other:  # a comparison that comes or goes leaves the reader at the peak that is in view
            self._peaks, self._at = peaks, 0
        self.changed.emit()
        if other and self._peaks:
            self.peak_changed.emit()

    def _diagnosis_changed(self) -> None:
        """A stale or new diagnosis takes the evidence off the screen; of a new one the positives are computed."""
        diagnosis = self.session.current_diagnosis
        self._stop()
        self._wanted, self._last = (), ("", "")
        if self.session.diagnosis is not self._of:
            self._found.clear()
            self._of = self.session.diagnosis
        self._place("", "")
        if diagnosis is None or self.method not in PREFETCH_METHODS:
            return
        positives = self._missing([score.name for score in diagnosis.positives[:PREFETCHED]])
        if positives:
            self._compute(positives, "")


def _with_peaks(maps: list[list[SaliencyMap]]) -> list[tuple[list[SaliencyMap], tuple[PlacedPeak, ...]]]:
    return [(of_disorder, peaks_of_case(of_disorder)) for of_disorder in maps]
