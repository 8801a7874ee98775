"""The case on the screen and the diagnosis of it: the one place that says whether a result still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_raddiag.session.kept_maps import KeptMaps
from raddiag_engine.cases import Anatomy, Case, Modality, Window
from raddiag_engine.diagnosis.result import Diagnosis
from raddiag_engine.saliency.saliency_map import SaliencyMap


@dataclass(frozen=True)
class Question:
    """What the engine is asked about: everything a person can change that changes the answer.

    Compared instead of the case's hash, because hashing a large volume would hold up the window.

    Attributes:
        scans: (id, modality, anatomy) of each scan in use.
        overridden: Ids of the unusable scans among them.
        windows: (scan id, window) of each window a person gave to the network.
    """

    scans: frozenset[tuple[str, Modality, Anatomy]]
    overridden: frozenset[str]
    windows: frozenset[tuple[str, Window]]


def question_of(case: Case, windows: Mapping[str, Window]) -> Question:
    """The question that a case as it stands puts to the engine."""
    used = {scan.id for scan in case.used}
    return Question(
        scans=frozenset((scan.id, scan.modality, scan.anatomy) for scan in case.used),
        overridden=case.overridden & used,
        windows=frozenset((scan_id, window) for scan_id, window in windows.items() if scan_id in used),
    )


class ReadingSession(QObject):
    """One open case, edited by the reader and diagnosed by the engine.

    A diagnosis belongs to the question it answers. Once the case differs it is stale; undo the edit and it holds again.
    Edits of a scan that is not in the case (any more) do nothing: a view may ask for one while another case comes.

    Maps are kept up to 1 GiB (`KeptMaps`): those asked for longest ago go first, and those on the screen never.

    Signals:
        case_changed: Another case was opened, or the case was closed.
        case_edited: Ticks, modality, anatomy or a network window changed.
        diagnosis_changed: A diagnosis came, went, turned stale or holds again.
    """

    case_changed = Signal()
    case_edited = Signal()
    diagnosis_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.case: Case | None = None
        self.paths: tuple[Path, ...] = ()
        self.patient: int | None = None
        self.windows: dict[str, Window] = {}
        self.automatic_windows: dict[str, Window | None] = {}
        self.diagnosis: Diagnosis | None = None
        self.model_sha256 = ""
        self._answered: Question | None = None
        self._maps = KeptMaps()

    @property
    def question(self) -> Question | None:
        """What the case as it stands asks; None without a case."""
        return None if self.case is None else question_of(self.case, self.windows)

    @property
    def is_stale(self) -> bool:
        """True if there is a diagnosis, and it is not of the case as it stands or not by the engine's model."""
        if self.diagnosis is None:
            return False
        other_model = self.model_sha256 not in ("", self.diagnosis.model_sha256)
        return other_model or self._answered != self.question

    @property
    def current_diagnosis(self) -> Diagnosis | None:
        """The diagnosis, if it is of the case as it stands."""
        return None if self.is_stale else self.diagnosis

    def open(
        self,
        case: Case,
        paths: tuple[Path, ...],
        patient: int | None = None,
        automatic_windows: Mapping[str, Window | None] | None = None,
    ) -> None:
        """Put another case on the screen; the earlier one and all that is known of it go.

        Args:
            case: Of one patient.
            paths: It was read from.
            patient: Which of several patients in these files was picked, counted from 1; None if there is one.
            automatic_windows: As of `LoadedCase`; what is missing is taken when it is needed.
        """
        self._forget_answers()
        self.automatic_windows = dict(automatic_windows or {})
        self.case, self.paths, self.patient, self.windows = case, paths, patient, {}
        self.case_changed.emit()
        self.diagnosis_changed.emit()

    def close(self) -> None:
        """No case."""
        self._forget_answers()
        self.case, self.paths, self.patient, self.windows, self.automatic_windows = None, (), None, {}, {}
        self.case_changed.emit()
        self.diagnosis_changed.emit()

    def use(self, scan_id: str, used: bool) -> None:
        """Take a scan into the diagnosis or leave it out; an unusable one that is taken in counts as overruled."""
        case = self._case_with(scan_id)
        if case is not None:
            ids = {scan.id for scan in case.used}
            self._edit(case.using(frozenset(ids | {scan_id} if used else ids - {scan_id})))

    def use_date(self, series_date: str, used: bool) -> None:
        """The same for all usable scans of one date, "YYYYMMDD" or empty."""
        case = self.case
        if case is None:
            return
        of_date = {scan.id for scan in case.scans if scan.series_date == series_date and scan.usable}
        if of_date:
            ids = {scan.id for scan in case.used}
            self._edit(case.using(frozenset(ids | of_date if used else ids - of_date)))

    def describe(self, scan_id: str, *, modality: Modality | None = None, anatomy: Anatomy | None = None) -> None:
        """Say what a scan is."""
        case = self._case_with(scan_id)
        if case is None:
            return
        scan = case.scan(scan_id)
        if modality is not None:
            scan = scan.with_modality(modality)
        if anatomy is not None:
            scan = scan.with_anatomy(anatomy)
        self._edit(case.replacing(scan))

    def give_window(self, scan_id: str, window: Window | None) -> None:
        """Have the network see a scan through this window; None for the prescribed one."""
        case = self._case_with(scan_id)
        if case is not None:
            others = {key: value for key, value in self.windows.items() if key != scan_id}
            self._edit(case, others if window is None else {**others, scan_id: window})

    def use_model(self, weights_sha256: str) -> None:
        """Say which model the engine has now; a diagnosis by another one is stale."""
        was_stale = self.is_stale
        self.model_sha256 = weights_sha256
        if self.is_stale != was_stale:
            self.diagnosis_changed.emit()

    def replace(self, case: Case, windows: dict[str, Window]) -> None:
        """The same scans with other ticks, descriptions and network windows, as a kept session has them."""
        self._edit(case, windows)

    def answer(self, question: Question, diagnosis: Diagnosis) -> None:
        """Keep a diagnosis, with the question it answers."""
        self._forget_answers()
        self.diagnosis, self._answered = diagnosis, question
        self.diagnosis_changed.emit()

    def keep_maps(self, diagnosis: Diagnosis, disorder: str, method: str, maps: list[SaliencyMap]) -> bool:
        """Keep the maps of one disorder; False if they are not of the diagnosis that stands, so must not be shown."""
        current = self.current_diagnosis
        bound = all(
            (saliency.case_hash, saliency.input_hash, saliency.model_sha256)
            == (diagnosis.case_hash, diagnosis.input_hash, diagnosis.model_sha256)
            and saliency.disorder == disorder
            for saliency in maps
        )
        if current is not diagnosis or not bound:
            return False
        self._maps.keep(disorder, method, maps)
        return True

    def maps_of(self, disorder: str, method: str) -> list[SaliencyMap] | None:
        """Maps kept for the diagnosis that stands; None if there are none, or if they had to make room."""
        return None if self.current_diagnosis is None else self._maps.get(disorder, method)

    def _case_with(self, scan_id: str) -> Case | None:
        """The case; None if there is none or the scan is not in it."""
        case = self.case
        return case if case is not None and any(scan.id == scan_id for scan in case.scans) else None

    def _edit(self, case: Case, windows: dict[str, Window] | None = None) -> None:
        was_stale = self.is_stale
        self.case = case
        self.windows = self.windows if windows is None else windows
        self.case_edited.emit()
        if self.is_stale != was_stale:
            self.diagnosis_changed.emit()

    def _forget_answers(self) -> None:
        self.diagnosis, self._answered = None, None
        self._maps.clear()
