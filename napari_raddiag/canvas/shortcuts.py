"""The keys of a reader: one table, bound in code, listed in a dialog. napari's own keys stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shortcut:
    """One key.

    Attributes:
        key: As napari writes it.
        does: What it does, for the list.
        action: Name of the callable that is given to `bind_shortcuts`.
    """

    key: str
    does: str
    action: str


SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut("Up", "Previous slice", "previous_slice"),
    Shortcut("Down", "Next slice", "next_slice"),
    Shortcut("PageUp", "Previous scan", "previous_scan"),
    Shortcut("PageDown", "Next scan", "next_scan"),
    Shortcut("A", "Axial plane", "axial"),
    Shortcut("K", "Coronal plane", "coronal"),
    Shortcut("S", "Sagittal plane", "sagittal"),
    Shortcut("G", "All scans side by side, or one", "toggle_grid"),
    Shortcut("F", "Fit to the window", "fit"),
    Shortcut("W", "Window as the scan came up", "reset_window"),
    Shortcut("L", "Crosshair lines on or off", "toggle_crosshair"),
    Shortcut("R", "Ruler on or off", "toggle_ruler"),
    Shortcut("M", "Play or stop", "toggle_cine"),
    Shortcut("N", "What the network sees, on or off", "toggle_network_view"),
    Shortcut("H", "Hide or show everything that the model added", "toggle_model"),
    Shortcut("P", "Next place of evidence", "next_peak"),
    Shortcut("Shift-P", "Previous place of evidence", "previous_peak"),
    Shortcut("D", "Diagnose", "diagnose"),
    Shortcut("Escape", "Cancel", "cancel"),
    Shortcut("J", "Next case of the folder", "next_case"),
    Shortcut("B", "napari's layer list and controls, on or off", "toggle_napari"),
)
# What the mouse does, for the same list.
MOUSE: tuple[tuple[str, str], ...] = (
    ("Wheel", "Next or previous slice of the scan under the mouse"),
    ("Ctrl or Cmd and wheel", "Zoom"),
    ("Right drag", "Window: across for the width, up and down for the centre"),
    ("Left drag", "Move the picture; with the crosshair its lines, with the ruler a length"),
    ("Middle drag", "Move the picture"),
)


def bind_shortcuts(viewer: Any, actions: Mapping[str, Callable[[], object]]) -> Callable[[], None]:
    """Bind the keys of all actions given; the others stay free.

    Keys of the layer that is selected, and of napari's window, come before these.

    Args:
        viewer: The napari viewer.
        actions: By the names of the table.

    Returns:
        A function that gives the keys back.

    Raises:
        KeyError: An action is not in the table.
    """
    unknown = set(actions) - {shortcut.action for shortcut in SHORTCUTS}
    if unknown:
        raise KeyError(f"no shortcut is called {', '.join(sorted(unknown))}")
    before = dict(viewer.keymap)
    for shortcut in SHORTCUTS:
        if shortcut.action in actions:
            viewer.bind_key(shortcut.key, _pressed(actions[shortcut.action], shortcut.does), overwrite=True)

    def release() -> None:
        viewer.keymap.clear()
        viewer.keymap.update(before)

    return release


def _pressed(action: Callable[[], object], does: str) -> Callable[[Any], None]:
    def press(_viewer: Any) -> None:
        action()

    press.__doc__ = does
    return press
