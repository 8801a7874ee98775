"""The dialogs of the panel: what the model is for, and the list of keys. Loaded when they are first asked for."""

from __future__ import annotations

from qtpy.QtWidgets import QWidget

from napari_raddiag.canvas.shortcuts import MOUSE, SHORTCUTS
from napari_raddiag.data_models.panel_message import Severity
from napari_raddiag.view_updates.panel_messages import PanelMessages
from raddiag_engine.models.card import ModelCard


def show_card(parent: QWidget, card: ModelCard | None, messages: PanelMessages) -> None:
    """What the model is for, and what it learned from; a message if no model is known yet."""
    if card is None:
        messages.say("no model is known yet; wait for the engine", Severity.NOTE)
        return
    from napari_raddiag.widgets.card_dialog import CardDialog

    dialog = CardDialog(parent)
    dialog.show_card(card)
    dialog.open()


def show_shortcuts(parent: QWidget) -> None:
    """Keys and mouse."""
    from napari_raddiag.widgets.shortcuts_dialog import ShortcutsDialog

    dialog = ShortcutsDialog(parent)
    dialog.show_shortcuts([*((shortcut.key, shortcut.does) for shortcut in SHORTCUTS), *MOUSE])
    dialog.open()
