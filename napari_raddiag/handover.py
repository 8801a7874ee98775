"""What was opened through napari itself (`napari -w napari-raddiag PATH`, a drop) comes to the panel as a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_raddiag.preferences import PLUGIN

if TYPE_CHECKING:
    from napari_raddiag.panel import RadDiagPanel


def layers_of_our_reader(viewer: Any) -> list[Any]:
    """The layers that our reader made before there was a panel; not those of other readers."""
    return [layer for layer in viewer.layers if layer.source.reader_plugin == PLUGIN and layer.source.path]


def paths_of(layers: list[Any]) -> tuple[Path, ...]:
    """What they were read from, each once."""
    return tuple(dict.fromkeys(Path(layer.source.path) for layer in layers))


def remove(viewer: Any, layers: list[Any]) -> None:
    """Take layers away that are still there."""
    for layer in layers:
        if layer in viewer.layers:
            viewer.layers.remove(layer)


def panel_without_case() -> RadDiagPanel | None:
    """The panel of the current viewer, if it waits for a case; a case that is open is never taken away by a drop."""
    import sys

    # Without the module there can be no panel, and a plain reader need not load it.
    module = sys.modules.get("napari_raddiag.panel")
    if module is None:
        return None
    import napari

    viewer = napari.current_viewer()
    docked = {} if viewer is None else viewer.window.dock_widgets
    panels = (widget for widget in docked.values() if isinstance(widget, module.RadDiagPanel))
    return next((panel for panel in panels if panel.waits_for_case), None)
