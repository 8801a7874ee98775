"""What the panel says in its list of messages."""

from __future__ import annotations

from collections.abc import Callable

from napari_raddiag.data_models.panel_message import PanelMessage, Severity
from napari_raddiag.widgets.message_list import MessageList

# Of these an error can be reported to whoever looks after the program.
REPORTED = ("engine", "evidence")
# These may name files.
NAMING_FILES = ("reading", "export", "keeper")


class PanelMessages:
    """One message a key: a later one takes the place of the one before.

    Args:
        view: The list.
        report: Makes of a cause what can be sent; without patient data.
    """

    def __init__(self, view: MessageList, report: Callable[[str], str]) -> None:
        self._view = view
        self._report = report

    def say(self, text: str, severity: Severity = Severity.ERROR, key: str = "") -> None:
        """Show a message."""
        report = self._report(text) if severity is Severity.ERROR and key in REPORTED else ""
        self._view.show_message(PanelMessage(severity, text, report, key, names_files=key in NAMING_FILES))

    def withdraw(self, key: str) -> None:
        """What was said under a key holds no longer."""
        self._view.withdraw(key)
