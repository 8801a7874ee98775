"""The entries in napari's File menu that open a case in the panel."""

from __future__ import annotations

import napari

from napari_raddiag.window import panel_in


def open_case_folder(viewer: napari.Viewer) -> None:
    """Ask for a folder and open it as one case."""
    panel_in(viewer).ask_for_folder()


def open_case_files(viewer: napari.Viewer) -> None:
    """Ask for files and open them together as one case."""
    panel_in(viewer).ask_for_files()
