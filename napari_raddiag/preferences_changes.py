"""Tells when the reader changed a preference, once a form has settled; what the command line said stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from qtpy.QtCore import QObject, QTimer, Signal

from napari_raddiag.preferences import Preferences, read_preferences, watch_preferences

# A form sends a change for every letter typed.
SETTLE_MS = 400


class PreferencesChanges(QObject):
    """Watches napari's preferences until `end`.

    Signals:
        changed: A function from preferences to the same with what was changed.

    Args:
        before: As they were read last.
        parent: Owner.
    """

    changed = Signal(object)

    def __init__(self, before: Preferences, parent: QObject) -> None:
        super().__init__(parent)
        self._read = before
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._settled)
        self.end: Callable[[], None] = watch_preferences(self._settle.start)

    def _settled(self) -> None:
        before, self._read = self._read, read_preferences()
        names = [field.name for field in fields(Preferences)]
        changed = {
            name: getattr(self._read, name) for name in names if getattr(before, name) != getattr(self._read, name)
        }
        if changed:
            self.changed.emit(lambda preferences: replace(preferences, **changed))
