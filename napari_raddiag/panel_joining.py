"""What happens when the reader does something in the panel or presses a key: the way from the views."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtGui import QGuiApplication

from napari_raddiag.arrangement import give_keys_to_image, toggle_napari_docks
from napari_raddiag.canvas.shortcuts import SHORTCUTS, bind_shortcuts
from napari_raddiag.dialogs import show_card, show_shortcuts
from napari_raddiag.widgets.path_drop import PathDrop

if TYPE_CHECKING:
    import napari

    from napari_raddiag.panel import RadDiagPanel


def join_views(panel: RadDiagPanel) -> None:
    """Join every view to the controllers."""
    for join in (_join_case, _join_scans, _join_display, _join_disorders, _join_names, _join_evidence, _join_engine):
        join(panel)


def bind_keys(panel: RadDiagPanel, viewer: napari.Viewer) -> Callable[[], None]:
    """Bind the reader's keys; they reach the viewer from the image and from the panel, docked or floating.

    Returns:
        A function that gives the keys back.
    """
    keys = {shortcut.action: shortcut.key for shortcut in SHORTCUTS}
    panel.views.diagnose.set_shortcut(keys["diagnose"])
    actions: dict[str, Callable[[], object]] = {
        **panel.on_canvas.actions(),
        "toggle_network_view": panel.network.toggle_active,
        "diagnose": panel.diagnosis.diagnose,
        "cancel": panel.cancel,
        "toggle_napari": partial(toggle_napari_docks, panel),
        "next_case": panel.opener.open_next,
    }
    return bind_shortcuts(viewer, actions)


def _join_case(panel: RadDiagPanel) -> None:
    views, case = panel.views, panel.views.case
    case.open_folder_requested.connect(panel.ask_for_folder)
    case.open_files_requested.connect(panel.ask_for_files)
    case.recent_chosen.connect(panel.open_paths)
    case.recents_cleared.connect(panel.opener.clear_recent)
    case.next_case_requested.connect(panel.opener.open_next)
    case.paths_dropped.connect(lambda paths: panel.open_paths(tuple(paths)))
    case.close_requested.connect(panel.session.close)
    case.identity_visibility_changed.connect(panel.updates.case.identity_shown)
    PathDrop(panel).paths_dropped.connect(lambda paths: panel.open_paths(tuple(paths)))
    views.patients.patient_chosen.connect(panel.opener.choose_patient)
    views.patients.none_chosen.connect(panel.opener.choose_none)
    views.restore.restore_requested.connect(panel.restorer.restore)
    views.restore.forget_requested.connect(panel.restorer.forget)


def _join_scans(panel: RadDiagPanel) -> None:
    scans, session = panel.views.scans, panel.session
    scans.use_toggled.connect(session.use)
    scans.date_toggled.connect(session.use_date)
    scans.modality_chosen.connect(lambda scan_id, modality: session.describe(scan_id, modality=modality))
    scans.anatomy_chosen.connect(lambda scan_id, anatomy: session.describe(scan_id, anatomy=anatomy))
    scans.scan_activated.connect(panel.canvas.layers.activate)
    scans.network_view_toggled.connect(panel.network.toggle)
    scans.focus_released.connect(partial(give_keys_to_image, panel))


def _join_display(panel: RadDiagPanel) -> None:
    display, canvas = panel.views.display, panel.canvas
    display.window_chosen.connect(panel.on_canvas.set_display_window)
    display.network_window_requested.connect(panel.on_canvas.give_network_window)
    display.plane_chosen.connect(canvas.layers.set_plane)
    display.grid_toggled.connect(canvas.layers.set_grid)
    display.crosshair_toggled.connect(canvas.crosshair.set_shown)
    display.ruler_toggled.connect(canvas.ruler.set_on)
    display.cine_toggled.connect(lambda _on: canvas.cine.toggle())
    display.model_toggled.connect(canvas.layers.hide_model)
    display.focus_released.connect(partial(give_keys_to_image, panel))


def _join_disorders(panel: RadDiagPanel) -> None:
    views = panel.views
    views.diagnose.diagnose_requested.connect(panel.diagnosis.diagnose)
    views.diagnose.cancel_requested.connect(panel.cancel)
    views.disorders.disorder_chosen.connect(panel.evidence.show)
    views.disorders.compare_chosen.connect(panel.evidence.compare)
    views.disorders.focus_released.connect(partial(give_keys_to_image, panel))
    panel.diagnose_on_open.found.connect(views.disorders.select)
    panel.diagnose_on_open.found.connect(panel.evidence.show)


def _join_names(panel: RadDiagPanel) -> None:
    view, names = panel.views.names, panel.names
    view.asked.connect(names.ask)
    view.typed.connect(names.suggest)
    view.removed.connect(names.forget)
    view.evidence_requested.connect(panel.evidence.show)
    view.focus_released.connect(partial(give_keys_to_image, panel))
    names.known.connect(panel.views.disorders.select)
    names.known.connect(panel.evidence.show)


def _join_evidence(panel: RadDiagPanel) -> None:
    view, runner = panel.views.evidence, panel.evidence
    view.method_chosen.connect(runner.choose_method)
    view.opacity_changed.connect(panel.canvas.saliency.set_opacity)
    view.peak_requested.connect(runner.step_peak)
    view.scan_activated.connect(panel.canvas.layers.activate)
    view.compare_chosen.connect(runner.compare)
    view.hide_requested.connect(runner.hide)
    view.focus_released.connect(partial(give_keys_to_image, panel))


def _join_engine(panel: RadDiagPanel) -> None:
    engine = panel.views.engine
    engine.restart_requested.connect(lambda: panel.link.restart(panel.preferences))
    engine.report_requested.connect(lambda: QGuiApplication.clipboard().setText(panel.report()))
    engine.card_requested.connect(lambda: show_card(panel, panel.link.card, panel.updates.messages))
    engine.shortcuts_requested.connect(partial(show_shortcuts, panel))
