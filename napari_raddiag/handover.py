"""What was opened through napari itself (`napari -w napari-raddiag PATH`, a drop) comes to the panel as a case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject

from napari_raddiag.preferences import PLUGIN

if TYPE_CHECKING:
    from napari_raddiag.controllers.case_opener import CaseOpener
    from napari_raddiag.panel import RadDiagPanel

# Of layers that were read in the background, for which napari notes no source.
_read_from: WeakKeyDictionary[Any, tuple[Path, ...]] = WeakKeyDictionary()


def note_paths(layer: Any, paths: Sequence[Path]) -> None:
    """Remember what a layer of our reader was read from."""
    _read_from[layer] = tuple(paths)


def paths_of(layer: Any) -> tuple[Path, ...]:
    """What a layer was read from by our reader, or made from by our sample data; empty for layers of others."""
    source = layer.source
    if layer in _read_from:
        return _read_from[layer]
    if source.reader_plugin == PLUGIN and source.path:
        return (Path(source.path),)
    if source.sample and source.sample[0] == PLUGIN:
        from napari_raddiag.sample_data import SAMPLE_CASE

        return (SAMPLE_CASE,)
    return ()


class Handover(QObject):
    """Opens as a case what lies in the viewer as mere layers, which go once it is open; layers of others stay."""

    def __init__(self, viewer: Any, opener: CaseOpener, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._opener = opener
        self._layers: list[Any] = []
        self._paths: tuple[Path, ...] = ()
        opener.opened.connect(self._opened)

    def take_over(self) -> None:
        """Begin; nothing if there are no such layers."""
        self._layers = [layer for layer in self._viewer.layers if paths_of(layer)]
        self._paths = tuple(dict.fromkeys(path for layer in self._layers for path in paths_of(layer)))
        if self._layers:
            self._opener.open(self._paths)

    def _opened(self, loaded: Any) -> None:
        layers, self._layers = self._layers, []
        if loaded.paths == self._paths:  # else another case was opened meanwhile, and these layers are still wanted
            for layer in layers:
                if layer in self._viewer.layers:
                    self._viewer.layers.remove(layer)


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
