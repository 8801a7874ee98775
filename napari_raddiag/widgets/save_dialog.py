"""Asks where a file is to go; writes nothing."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget


def ask_where(parent: QWidget, title: str, name: str, kind: str, suffix: str) -> Path | None:
    """The path chosen, with `suffix` if it was given without one; None if the reader cancelled.

    Args:
        parent: Above which the dialog stands.
        title: Of the dialog.
        name: Proposed.
        kind: In words, such as "PNG".
        suffix: With its dot.
    """
    chosen, _ = QFileDialog.getSaveFileName(parent, title, name, f"{kind} (*{suffix})")
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix else path.with_suffix(suffix)
