"""napari with the RadDiag panel in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_raddiag.preferences import PLUGIN, Preferences

if TYPE_CHECKING:
    import napari

    from napari_raddiag.panel import RadDiagPanel

PANEL_NAME = "RadDiag"


def panel_in(viewer: napari.Viewer) -> RadDiagPanel:
    """The panel of a viewer, which is added if it is not there."""
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, PANEL_NAME)
    return panel  # type: ignore[no-any-return]


def open_window(
    paths: Sequence[Path] = (), *, diagnose: bool = False, preferences: Preferences | None = None
) -> napari.Viewer:
    """A new viewer, arranged for reading, that opens a case.

    Args:
        paths: Of one case; none leaves the window empty.
        diagnose: Diagnose the case once it is open and the engine is ready, and show the evidence of what is found.
        preferences: Instead of those that napari keeps.
    """
    import napari

    viewer = napari.Viewer(title="RadDiag")
    panel = panel_in(viewer)
    if preferences is not None:
        panel.use_preferences(preferences)
    if paths:
        panel.open_paths(tuple(paths), diagnose=diagnose)
    return viewer
