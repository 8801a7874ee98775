"""What the sections of case and scans show: whose, which scans, what is read and what could not be read."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject, QTimer

from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.data_models.patient_summary import identity_of, nameless_scans, patients_of
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.session.loaded_case import LoadedCase
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.view_updates.panel_messages import PanelMessages
from raddiag_engine.cases import Case


class CaseUpdates(QObject):
    """Follows the session's case and the opening of another one."""

    def __init__(
        self,
        views: PanelViews,
        session: ReadingSession,
        opener: CaseOpener,
        messages: PanelMessages,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._views = views
        self._session = session
        self._opener = opener
        self._messages = messages
        session.case_changed.connect(self._case_changed)
        session.case_edited.connect(self._case_edited)
        opener.opened.connect(self._opened)
        opener.patients_found.connect(self._patients_found)
        opener.choice_ended.connect(partial(views.patients.setVisible, False))
        opener.failed.connect(partial(messages.say, key="reading"))
        opener.recent_changed.connect(self._recent_changed)

    def all(self) -> None:
        """Everything, as after the start."""
        self._recent_changed()
        self._case_changed()

    def identity_shown(self, shown: bool) -> None:
        """Hide or show who the patient is, wherever the panel says it."""
        for view in (self._views.patients, self._views.scans, self._views.messages):
            view.set_identity_hidden(not shown)

    def _case_changed(self) -> None:
        case, views = self._session.case, self._views
        self._show_scans()
        views.messages.show_skipped([] if case is None else [(s.path.name, s.reason) for s in case.skipped])
        if case is None:
            views.case.show_nothing()
        else:
            views.case.show_case(identity_of(case), nameless_scans(case))
        place = self._opener.place
        views.case.set_next_case(
            place is not None and place.next is not None,
            "" if place is None else f"case {place.number} of {place.count}",
        )

    def _case_edited(self) -> None:
        self._show_scans()

    def _show_scans(self) -> None:
        case = self._session.case
        self._views.scans.show_case(case)
        self._views.scans_section.set_summary("" if case is None else _scan_count(case))

    def _opened(self, loaded: LoadedCase) -> None:
        for scan_id, picture in loaded.thumbnails.items():
            if any(scan.id == scan_id for scan in loaded.case.scans):
                self._views.scans.set_thumbnail(scan_id, picture)
        self._messages.withdraw("reading")
        self._views.restore.setVisible(False)
        self._views.bring_up(self._views.case_section)

    def _patients_found(self, case: Case) -> None:
        self._views.patients.show_patients(patients_of(case), self._session.case is not None)
        self._views.patients.setVisible(True)
        self._views.case_section.set_expanded(True)
        QTimer.singleShot(0, self, partial(self._views.bring_up, self._views.case_section))

    def _recent_changed(self) -> None:
        recent = self._opener.recent.list()
        self._views.case.show_recent([(" + ".join(path.name for path in paths), paths) for paths in recent])


def _scan_count(case: Case) -> str:
    used = len(case.used)
    scans = "1 scan" if len(case.scans) == 1 else f"{len(case.scans)} scans"
    return f"{scans}, {used} used"
