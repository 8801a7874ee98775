"""The scans of a case in a napari viewer: which is in view, in which plane and window, at which place.

Everything else on the canvas asks this class where a scan lies and listens to its signals. It knows of no diagnosis.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_raddiag.canvas.case_layers import CaseLayers
from napari_raddiag.canvas.layer_stack import LayerStack
from napari_raddiag.canvas.seat import Seat
from napari_raddiag.canvas.slice_navigation import SliceNavigation
from napari_raddiag.canvas.view_camera import ViewCamera
from napari_raddiag.canvas.view_layout import ViewLayout
from napari_raddiag.display.display_grid import DisplayGrid
from napari_raddiag.display.planes import ViewPlane, acquired_plane, planes_of
from napari_raddiag.display.shared_position import SharedPosition
from raddiag_engine.cases import Case, Scan, Window


class ScanLayers(QObject):
    """One Image layer a scan; one scan in view, or all side by side.

    Signals:
        active_changed: Id of the scan in view; empty for none.
        window_changed: Scan id, window centre and width, whoever changed it.
        plane_changed: Plane of the scan in view.
        grid_changed: True for side by side.
        position_changed: Id of the scan whose current voxel changed, and with it those that share its space.
        model_hidden_changed: True if everything that the model added is hidden.
        layout_changed: What is drawn upon the canvas lies elsewhere now.
        layers_lost: Another hand than ours removed layers of ours.
        cursor_moved: What lies under the mouse, one line; empty if nothing does.
    """

    active_changed = Signal(str)
    window_changed = Signal(str, float, float)
    plane_changed = Signal(str)
    grid_changed = Signal(bool)
    position_changed = Signal(str)
    model_hidden_changed = Signal(bool)
    layout_changed = Signal()
    layers_lost = Signal()
    cursor_moved = Signal(str)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self.position = SharedPosition()
        self._after_loss = QTimer(self)
        self._after_loss.setSingleShot(True)
        self._after_loss.setInterval(0)
        self._after_loss.timeout.connect(self._tidy)
        self.stack = LayerStack(viewer, self._after_loss.start)
        self._camera = ViewCamera(viewer, self.position)
        self._layout = ViewLayout(viewer, self.stack, self.position)
        self._layout.refit_wanted.connect(self.fit)
        self._layout.moved.connect(self.layout_changed)
        self._layout.turned_by_viewer.connect(self._note_turn)
        viewer.canvas.events.size.connect(self._note_size)
        # napari's controls change with what is selected, in their own time: the picture comes first.
        self._selecting = QTimer(self)
        self._selecting.setSingleShot(True)
        self._selecting.setInterval(0)
        self._selecting.timeout.connect(self._select)
        self._active: str | None = None
        self._of_case = CaseLayers(self.stack, self._layout, self._camera)
        self._of_case.came.connect(self.refresh_visibility)
        self._scans, self._seats = self._of_case.scans, self._of_case.seats
        self.windows = self._of_case.windows
        self.windows.changed.connect(self.window_changed)
        self.navigation = SliceNavigation(
            self._seats, self.position, self._layout, self._camera, lambda: self._active, self.activate
        )
        self.navigation.moved.connect(self.position_changed)

    # --- The case ---

    def show_case(
        self, case: Case, *, gradually: bool = False, automatic_windows: Mapping[str, Window | None] | None = None
    ) -> None:
        """Show the scans of a case; layers of scans that are shown already stay as they are.

        The scan in view stays in view if it is still there; else the first one that is used comes into view.

        Args:
            case: The case.
            gradually: Add the layers of the other scans one by one, whenever Qt has nothing else to do: napari needs
                some 50 ms for each. A scan that is asked for is added at once.
            automatic_windows: As of `LoadedCase`; what is missing is taken when it is needed.
        """
        in_view, self._active = self._active, None
        if in_view in self._of_case.take(case, automatic_windows or {}):
            in_view = None
        first = next((scan.id for scan in case.used), next(iter(self._seats), None))
        if in_view is not None and in_view in self._seats:
            if self.stack.get(in_view, "scan") is None:
                self._of_case.load(in_view)
            self._bring_into_view(in_view, anew=False, announce=False)
        elif first is not None:
            self.activate(first)
        else:
            self.active_changed.emit("")
        if gradually:
            self._of_case.load_gradually()
        else:
            self._load_all()

    def clear(self) -> None:
        """Remove our layers; those of others stay."""
        self._of_case.stop()
        self._after_loss.stop()
        self._selecting.stop()
        with self._layout.settling():
            self.set_grid(False)
            with self.viewer.layers.batched_update():
                self._of_case.drop_all()
        self._active = None
        self.position.clear()
        self._layout.forget()
        self._camera.forget()
        self.active_changed.emit("")
        self.layout_changed.emit()

    def close(self) -> None:
        """Remove our layers and leave the viewer."""
        self.clear()
        self.viewer.canvas.events.size.disconnect(self._note_size)
        self._layout.close()
        self.stack.close()

    @property
    def case(self) -> Case | None:
        """The case shown."""
        return self._of_case.case

    @property
    def layers_id(self) -> str:
        """For the metadata: see `CaseLayers`."""
        return self._of_case.layers_id

    @property
    def scan_ids(self) -> tuple[str, ...]:
        """Ids of the scans, in the order of the case."""
        return tuple(self._seats)

    def scan(self, scan_id: str) -> Scan:
        """The scan with this id; KeyError if it is not shown."""
        return self._scans[scan_id]

    def grid_of(self, scan_id: str) -> DisplayGrid:
        """How a scan is turned for display."""
        return self._seats[scan_id].grid

    def title(self, scan_id: str) -> str:
        """Short name of a scan, with nothing of the patient."""
        return self._of_case.titles[scan_id]

    def layer(self, scan_id: str) -> Any:
        """The napari Image layer of a scan; KeyError if a person removed it."""
        return self._of_case.layer(scan_id)

    # --- Which scan is in view ---

    @property
    def active(self) -> str | None:
        """Id of the scan in view; in the grid the one that the wheel and the panel act on."""
        return self._active

    def activate(self, scan_id: str) -> None:
        """Bring a scan into view, in the plane it was acquired in; KeyError for an unknown one."""
        missing = self.stack.get(scan_id, "scan") is None  # not yet loaded, or removed by a person
        if missing:
            with self._camera.held():
                self._of_case.load(scan_id)
        if scan_id != self._active:
            self._bring_into_view(scan_id, anew=not self.is_grid, announce=True)
        elif missing:
            self._put_back(scan_id)

    def step_scan(self, steps: int = 1) -> None:
        """Bring the next scan into view, or with a negative number the one before; stops at the ends."""
        if self._active is None:
            return
        ids = self.scan_ids
        at = min(max(ids.index(self._active) + steps, 0), len(ids) - 1)
        self.activate(ids[at])

    @property
    def shown(self) -> tuple[str, ...]:
        """Ids of all scans that can be seen now."""
        # A person, or the viewer that closes, may have removed a layer.
        wanted = self._seats if self.is_grid else () if self._active is None else (self._active,)
        return tuple(scan_id for scan_id in wanted if self.stack.get(scan_id, "scan") is not None)

    def scan_at(self, viewbox: tuple[int, int] | None) -> str | None:
        """The scan in a cell of the grid, as mouse events name it; without a grid the one in view."""
        shown = self.shown
        if not self.is_grid:
            return self._active if self._active in shown else None
        if viewbox is None:
            return None
        layers = self.viewer.layers
        inside = self.viewer.canvas.grid.contents_at(tuple(viewbox), layers)
        return next((scan_id for i in inside if (scan_id := self.stack.scan_of(layers[i])) in shown), None)

    def still_shows(self, scan: Scan) -> bool:
        """True if these voxels are still on the canvas: a case or a layer may go while the mouse drags upon it."""
        known = self._scans.get(scan.id)
        return known is not None and known.voxels is scan.voxels and scan.id in self.shown

    # --- Side by side and planes ---

    @property
    def is_grid(self) -> bool:
        """True if all scans are shown side by side."""
        return self._layout.is_grid

    def set_grid(self, on: bool) -> None:
        """Show all scans side by side in napari's grid, each in its own plane, or one alone."""
        active = None if self._active is None else self._seats[self._active]
        if on == self.is_grid or (on and active is None):
            return
        self._load_all()
        for seat in self._seats.values():
            seat.transposed = False
        self._layout.set_grid(on, self._seats, active)
        self._settle(fit=on)
        self.grid_changed.emit(on)

    def planes(self, scan_id: str) -> tuple[ViewPlane, ...]:
        """The planes a scan can be shown in."""
        return planes_of(self.grid_of(scan_id))

    def plane(self, scan_id: str) -> ViewPlane:
        """The plane a scan is shown in."""
        return self._seats[scan_id].plane

    def set_plane(self, plane: ViewPlane) -> bool:
        """Show the scan in view in a plane; False if it cannot be, because its place in the patient is unknown."""
        if self._active is None or plane not in self.planes(self._active):
            return False
        seat = self._seats[self._active]
        if plane != seat.plane or seat.transposed:
            self._keep_camera(seat)
            seat.plane, seat.transposed = plane, False
            self._settle(fit=self.is_grid)
            self.plane_changed.emit(plane)
        return True

    # --- Where it lies ---

    def seat(self, scan_id: str) -> Seat:
        """Where and how a scan is shown, for what is drawn upon it."""
        return self._seats[scan_id]

    def fit(self) -> None:
        """Fit what is in view to the window."""
        if self.is_grid:
            self._camera.fit_cells(self._seats)
        elif self._active is not None:
            self._camera.fit(self._seats[self._active])

    # --- What the model added ---

    @property
    def model_hidden(self) -> bool:
        """True if everything that the model added is hidden."""
        return self.stack.model_hidden

    def hide_model(self, hidden: bool = True) -> None:
        """Hide everything that the model added, or show it again."""
        if hidden != self.model_hidden:
            self.stack.model_hidden = hidden
            self.refresh_visibility()
            self.model_hidden_changed.emit(hidden)

    def show_model(self) -> None:
        """Show again what the model added."""
        self.hide_model(False)

    def refresh_visibility(self) -> None:
        """Let be seen what should be; after layers were put upon a scan or taken away."""
        if self.is_grid:
            self._layout.align()
        self.stack.show(frozenset(self.shown))
        self._layout.follow_slider(self._seats, self._active)

    # --- Inside ---

    def _load_all(self) -> None:
        if self._of_case.load_all():
            self.refresh_visibility()

    def _bring_into_view(self, scan_id: str, *, anew: bool, announce: bool) -> None:
        if self._active is not None:
            self._keep_camera(self._seats[self._active])
        self._active = scan_id
        seat = self._seats[scan_id]
        if anew:
            seat.plane, seat.transposed = acquired_plane(seat.grid), False
        self._settle(fit=False)
        self._selecting.start()
        if announce:
            self.active_changed.emit(scan_id)
            self.plane_changed.emit(seat.plane)
            self.position_changed.emit(scan_id)

    def _settle(self, *, fit: bool) -> None:
        """Lay, show and frame everything as it should be now."""
        if self._active is None:
            return
        for scan_id, seat in self._seats.items():
            seat.scan = self._scans[scan_id]
        with self._layout.settling():
            self.stack.hide_others(frozenset(self.shown))
            self._layout.lay(self._seats, self._seats[self._active])
            self.refresh_visibility()
        if fit:
            self.fit()
        elif not self.is_grid:
            self._camera.frame(self._seats[self._active])
        self.layout_changed.emit()

    def _note_turn(self) -> None:
        """A person had napari roll or transpose the axes: what is seen then is the plane; what is none is undone."""
        if self._active is None:
            return
        seat = self._seats[self._active]
        turn = self._layout.turn_of(seat)
        if turn is not None:
            seat.plane, seat.transposed = turn
        self._settle(fit=True)
        self.plane_changed.emit(seat.plane)

    def _put_back(self, scan_id: str) -> None:
        """Show the scan in view again where it was, after its layer was removed and loaded anew."""
        with self._camera.held(), self._layout.settling():
            self._layout.lay(self._seats, self._seats[scan_id])
            self.refresh_visibility()
        self._selecting.start()
        self.layout_changed.emit()

    def _tidy(self) -> None:
        """A person removed a layer of ours: what lay upon it is not seen any more, and the cells stay whole."""
        if self.stack.scan_ids:  # else all went, perhaps because the viewer closes
            with self._camera.held():
                self.refresh_visibility()
            self.layout_changed.emit()
            self.layers_lost.emit()

    def _keep_camera(self, seat: Seat) -> None:
        if not self.is_grid:
            self._camera.keep(seat)

    def _select(self) -> None:
        """Select the layer of the scan in view in napari's list, unless a person selected one of their own."""
        selection = self.viewer.layers.selection
        placed = None if self._active is None else self.stack.get(self._active, "scan")
        if placed is not None and all(self.stack.owns(layer) for layer in selection):
            selection.active = placed.layer

    def _note_size(self) -> None:
        """The window, or napari's slider below it, changed: what was fitted stays fitted."""
        if self._active is not None:
            self._camera.refit()

    def camera_held(self) -> AbstractContextManager[None]:
        """While layers come: the camera stays where it is, whatever napari does to it."""
        return self._camera.held()
