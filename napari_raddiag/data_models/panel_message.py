"""A message in the panel: what is wrong, with what, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    """

    severity: Severity
    text: str
    report: str = ""
    key: str = ""
