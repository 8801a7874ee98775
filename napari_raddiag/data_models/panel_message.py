"""A message in the panel: what is wrong, with what, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from napari_raddiag.data_models.without_names import line_without_names


class Severity(StrEnum):
    """How much a message matters; the word is shown, not the colour alone."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class PanelMessage:
    """One message.

    Attributes:
        severity: Note, warning or error.
        text: One line with the file, the reason and the remedy.
        report: What "Copy report" copies, without patient data; empty if there is nothing to report.
        key: A newer message with the same key takes the place of an older one; empty for none.
        names_files: True if the text may name files or folders; their names go while the identity is hidden.
    """

    severity: Severity
    text: str
    report: str = ""
    key: str = ""
    names_files: bool = False

    def shown_text(self, *, identity_hidden: bool) -> str:
        """The text, without the names of files if they are to be hidden with the identity."""
        return line_without_names(self.text) if identity_hidden and self.names_files else self.text
