"""What the panel's views show after something changed: the way from session, engine and canvas to the views."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from napari_raddiag.arrangement import napari_docks_visible, show_napari_docks
from napari_raddiag.canvas.shortcuts import MOUSE, SHORTCUTS
from napari_raddiag.controllers.evidence_words import evidence_state
from napari_raddiag.data_models.engine_state import EngineState
from napari_raddiag.data_models.panel_message import PanelMessage, Severity
from napari_raddiag.data_models.patient_summary import identity_of, nameless_scans, patients_of
from napari_raddiag.display.layer_title import layer_titles
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.loaded_case import LoadedCase, what_network_sees
from raddiag_engine.cases import Case
from raddiag_engine.models.card import ModelCard

if TYPE_CHECKING:
    from napari_raddiag.panel import RadDiagPanel

STALE = "the case changed: diagnose again"


class ViewUpdates(QObject):
    """Keeps the views true.

    Attributes:
        diagnose_next: Diagnose the case that is being opened, and show the evidence of what is found.
    """

    def __init__(self, panel: RadDiagPanel) -> None:
        super().__init__(panel)
        self.panel = panel
        self.views = panel.views
        self.session = panel.session
        self.diagnose_next = False
        self._show_first_evidence = False
        self._plots_joined = False
        self._saw_task: Task | None = None
        self._connect()

    def all(self) -> None:
        """Everything, as after the start."""
        self._engine_changed(self.panel.link.state)
        self._readiness_changed()
        self._recent_changed()
        self._case_changed()
        self._evidence_changed()

    # --- What the reader asks of the views alone ---

    def identity_shown(self, shown: bool) -> None:
        """Hide or show who the patient is, wherever the panel says it."""
        self.views.patients.set_identity_hidden(not shown)
        self.views.scans.set_identity_hidden(not shown)
        self.views.messages.set_identity_hidden(not shown)

    def show_card(self) -> None:
        """What the model is for, and what it learned from."""
        card = self.panel.link.card
        if card is None:
            self.say("no model is known yet; wait for the engine", Severity.NOTE)
            return
        from napari_raddiag.widgets.card_dialog import CardDialog

        dialog = CardDialog(self.panel)
        dialog.show_card(card)
        dialog.open()

    def show_shortcuts(self) -> None:
        """Keys and mouse."""
        from napari_raddiag.widgets.shortcuts_dialog import ShortcutsDialog

        dialog = ShortcutsDialog(self.panel)
        dialog.show_shortcuts([*((shortcut.key, shortcut.does) for shortcut in SHORTCUTS), *MOUSE])
        dialog.open()

    def toggle_napari_docks(self) -> None:
        """napari's layer list and layer controls, one key away."""
        show_napari_docks(self.panel, not napari_docks_visible(self.panel))

    def say(self, text: str, severity: Severity = Severity.ERROR, key: str = "") -> None:
        """A message in the panel; an error can be reported."""
        report = self.panel.report(text) if severity is Severity.ERROR and key in ("engine", "evidence") else ""
        names_files = key in ("reading", "export", "keeper")
        self.views.messages.show_message(PanelMessage(severity, text, report, key, names_files=names_files))

    # --- What changed ---

    def _connect(self) -> None:
        panel, session = self.panel, self.session
        session.case_changed.connect(self._case_changed)
        session.case_edited.connect(self._case_edited)
        session.diagnosis_changed.connect(self._diagnosis_changed)

        opener = panel.opener
        opener.progress.connect(self._reading_progress)
        opener.reading.connect(self._reading)
        opener.opened.connect(self._opened)
        opener.patients_found.connect(self._patients_found)
        opener.failed.connect(self._opening_failed)
        opener.recent_changed.connect(self._recent_changed)

        diagnosis = panel.diagnosis
        diagnosis.progress.connect(self._progress)
        diagnosis.running.connect(self._diagnosis_running)
        diagnosis.failed.connect(self._diagnosis_failed)
        diagnosis.cancelled.connect(self._forget_wishes)
        diagnosis.refused.connect(lambda why: self.say(why, Severity.NOTE, "refused"))
        diagnosis.readiness_changed.connect(self._readiness_changed)
        panel.link.state_changed.connect(self._engine_changed)
        panel.link.card_changed.connect(self._card_changed)

        evidence = panel.evidence
        evidence.changed.connect(self._evidence_changed)
        evidence.peak_changed.connect(self._evidence_changed)
        evidence.computing.connect(self._evidence_computing)
        evidence.failed.connect(self._evidence_failed)

        on_canvas, canvas = panel.on_canvas, panel.canvas
        on_canvas.choices_changed.connect(self._choices_changed)
        on_canvas.display_window_changed.connect(panel.keeper.changed)
        canvas.layers.active_changed.connect(self._active_changed)
        canvas.layers.cursor_moved.connect(self.views.cursor.setText)
        canvas.layers.model_hidden_changed.connect(lambda on: self.views.display.set_tools(model=on))
        canvas.layers.grid_changed.connect(lambda on: self.views.display.set_tools(grid=on))
        canvas.crosshair.shown_changed.connect(lambda on: self.views.display.set_tools(crosshair=on))
        canvas.ruler.on_changed.connect(lambda on: self.views.display.set_tools(ruler=on))
        canvas.ruler.refused.connect(lambda why: self.say(why, Severity.NOTE, "ruler"))
        canvas.cine.playing_changed.connect(lambda on: self.views.display.set_tools(cine=on))
        canvas.network_view.shown_changed.connect(self._network_view_changed)
        panel.network.failed.connect(self._network_view_failed)
        panel.keeper.failed.connect(partial(self.say, severity=Severity.WARNING, key="keeper"))
        panel.restorer.told.connect(partial(self.say, severity=Severity.NOTE, key="restored"))
        self.views.disorders.message.connect(self._told_by_view)
        self.views.plots_section.toggled.connect(self._plots_opened)

    def _case_changed(self) -> None:
        case = self.session.case
        views = self.views
        views.patients.setVisible(False)
        views.scans.show_case(case)
        views.scans_section.set_summary("" if case is None else _scan_count(case))
        views.messages.show_skipped([] if case is None else [(s.path.name, s.reason) for s in case.skipped])
        if case is None:
            views.case.show_nothing()
        else:
            views.case.show_case(identity_of(case), nameless_scans(case))
        place = self.panel.opener.place
        views.case.set_next_case(
            place is not None and place.next is not None,
            "" if place is None else f"case {place.number} of {place.count}",
        )
        self._describe_network_input()

    def _case_edited(self) -> None:
        case = self.session.case
        self.views.scans.show_case(case)
        self.views.scans_section.set_summary("" if case is None else _scan_count(case))
        self._describe_network_input()
        self._choices_changed()

    def _opened(self, loaded: LoadedCase) -> None:
        for scan_id, picture in loaded.thumbnails.items():
            if any(scan.id == scan_id for scan in loaded.case.scans):
                self.views.scans.set_thumbnail(scan_id, picture)
        self.views.messages.withdraw("reading")
        self.views.restore.setVisible(False)
        self.views.bring_up(self.views.case_section)
        if self.diagnose_next:
            self.diagnose_next, self._show_first_evidence = False, True
            self.panel.diagnosis.diagnose_when_ready()

    def _patients_found(self, case: Case) -> None:
        self.views.patients.show_patients(patients_of(case))
        self.views.patients.setVisible(True)
        self.views.case_section.set_expanded(True)
        QTimer.singleShot(0, self, partial(self.views.bring_up, self.views.case_section))

    def _recent_changed(self) -> None:
        recent = self.panel.opener.recent.list()
        self.views.case.show_recent([(" + ".join(path.name for path in paths), paths) for paths in recent])

    def _opening_failed(self, line: str) -> None:
        self.diagnose_next = False
        self.say(line, key="reading")

    def _diagnosis_failed(self, line: str) -> None:
        self._forget_wishes()
        self.say(line, key="engine")

    def _forget_wishes(self) -> None:
        """What was asked for this case must not happen to a later one."""
        self.diagnose_next = self._show_first_evidence = False

    def _told_by_view(self, text: str) -> None:
        self.say(text, Severity.NOTE, "export")

    def _reading(self, reading: bool) -> None:
        if not reading:
            self._readiness_changed()

    def _reading_progress(self, done: int, total: int, what: str) -> None:
        self.views.diagnose.show_progress(what, done / total if total else None)

    def _progress(self, done: int, total: int, what: str) -> None:
        if not self.panel.diagnosis.is_cancelling:
            self.views.diagnose.show_progress(what, done / total if total else None)

    def _diagnosis_running(self, running: bool) -> None:
        if running:
            self.views.messages.withdraw("engine")
            self.views.diagnose.show_progress("asking the engine")

    def _readiness_changed(self) -> None:
        if self.panel.diagnosis.is_running or self.panel.opener.is_reading:
            return
        why_not = self.panel.diagnosis.why_not
        if why_not:
            self.views.diagnose.show_unavailable(why_not)
        else:
            self.views.diagnose.show_ready(STALE if self.session.is_stale else "")

    def _engine_changed(self, state: EngineState) -> None:
        self.views.engine.show_state(state)

    def _card_changed(self, card: ModelCard) -> None:
        self.views.engine.show_model(card.name)
        self.panel.canvas.network_view.clear()
        self.session.use_model(card.weights_sha256)
        self._describe_network_input()

    def _diagnosis_changed(self) -> None:
        session, views = self.session, self.views
        if views.disorders.diagnosis is not session.diagnosis:
            case = session.case
            views.disorders.show_diagnosis(session.diagnosis, {} if case is None else layer_titles(case))
        views.disorders.set_stale(session.is_stale)
        current = session.current_diagnosis
        views.scans.set_diagnosed(current is not None)
        views.evidence.show_comparable([score.name for score in current.disorders] if current else [])
        views.disorders_section.set_summary("" if current is None else f"{current.positive} positive")
        self._plots_changed()
        self._readiness_changed()
        if current is not None:
            # Once the new rows have their place.
            QTimer.singleShot(0, self, partial(views.bring_up, views.disorders_section))
        if current is not None and self._show_first_evidence:
            self._show_first_evidence = False
            first = next(iter(current.positives), None)
            if first is not None:
                views.disorders.select(first.name)
                self.panel.evidence.show(first.name)

    def _evidence_changed(self) -> None:
        case = self.session.case
        active = self.panel.canvas.layers.active or ""
        state = None if case is None else evidence_state(self.panel.evidence, case, active)
        self.views.evidence.set_method(self.panel.evidence.method)
        if state is None:
            self.views.evidence.show_nothing()
        else:
            self.views.messages.withdraw("evidence")
            self.views.evidence.show_evidence(state)
        if self.views.plots is not None:
            self.views.plots.set_chosen(self.panel.evidence.disorder)

    def _evidence_computing(self, disorder: str) -> None:
        if disorder:
            self.views.evidence.show_computing(disorder)
        else:
            self._evidence_changed()

    def _evidence_failed(self, line: str) -> None:
        self.say(line, key="evidence")
        self.views.evidence.show_nothing(line)

    def _active_changed(self, scan_id: str) -> None:
        self.views.scans.set_active(scan_id)
        if self.panel.evidence.disorder:
            self._evidence_changed()
        self.views.scans.set_network_view(bool(scan_id) and self.panel.canvas.network_view.is_shown(scan_id))

    def _network_view_changed(self, scan_id: str, shown: bool) -> None:
        if scan_id == self.panel.canvas.layers.active:
            self.views.scans.set_network_view(shown)

    def _choices_changed(self) -> None:
        self.views.display.show_choices(self.panel.on_canvas.choices)
        layers = self.panel.canvas.layers
        self.views.display.set_network_window(layers.active in self.session.windows)
        self.views.display.set_tools(grid=layers.is_grid, model=layers.model_hidden)

    def _network_view_failed(self, line: str) -> None:
        self.say(line, key="engine")
        self.views.scans.set_network_view(False)

    def _plots_opened(self, opened: bool) -> None:
        plots = self.views.plots
        if not opened or plots is None:
            return
        if not self._plots_joined:
            self._plots_joined = True
            plots.message.connect(self._told_by_view)
        self._plots_changed()

    def _plots_changed(self) -> None:
        plots = self.views.plots
        if plots is None:
            return
        case = self.session.case
        plots.show_diagnosis(self.session.current_diagnosis, {} if case is None else layer_titles(case))
        plots.set_stale(self.session.is_stale)

    def _describe_network_input(self) -> None:
        """Window choice by percentiles takes a moment for a large scan, so in the background."""
        case, card = self.session.case, self.panel.link.card
        if self._saw_task is not None:
            self._saw_task.cancel()
        if case is None or card is None:
            return
        windows = dict(self.session.windows)

        def work(progress: object, cancelled: object) -> dict[str, str]:
            return {scan.id: what_network_sees(scan, card, windows.get(scan.id)) for scan in case.used}

        self._saw_task = Task(work, self)
        self._saw_task.finished.connect(partial(self._show_network_input, case))
        self._saw_task.ended.connect(self._saw_task.deleteLater)
        self._saw_task.start()

    def _show_network_input(self, case: Case, seen: dict[str, str]) -> None:
        if case is self.session.case:
            for scan in case.scans:
                self.views.scans.set_network_saw(scan.id, seen.get(scan.id, ""))


def _scan_count(case: Case) -> str:
    used = len(case.used)
    scans = "1 scan" if len(case.scans) == 1 else f"{len(case.scans)} scans"
    return f"{scans}, {used} used"
