"""napari's one camera as a reader wants it: fitted to what is in view, and kept for each space and plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.canvas.seat import Seat, Seats
from napari_raddiag.display.shared_position import SharedPosition, frame_key

# Of the window, when a scan is fitted to it.
FILLED_SHARE = 0.98
# A place this near to the edge of the window is still in sight.
IN_SIGHT_SHARE = 0.9


class ViewCamera:
    """Moves the camera of a viewer in 2D."""

    def __init__(self, viewer: Any, position: SharedPosition) -> None:
        self._viewer = viewer
        self._position = position
        self._fitted: tuple[float, ...] = ()
        self._fit_again: Callable[[], None] | None = None
        self._kept: dict[tuple[str, str], Callable[[], None]] = {}

    @property
    def is_fitted(self) -> bool:
        """True if nobody has moved the camera since something was fitted to the window."""
        # napari reads the camera back from the screen, in single precision.
        return bool(self._fitted) and np.allclose(self._now(), self._fitted, rtol=1e-4, atol=1e-3)

    def forget(self) -> None:
        """Forget what was kept for a case that is gone."""
        self._kept.clear()
        self._fitted, self._fit_again = (), None

    def refit(self) -> None:
        """Fit what was fitted to the window as it is now; nothing if somebody has moved the camera since."""
        if self._fit_again is not None and self.is_fitted:
            self._fit_again()

    def keep(self, seat: Seat) -> None:
        """Keep the camera for the next time this space is seen in this plane, alone: fitted, or where it was moved."""
        if self._viewer.dims.ndisplay == 2:
            if self._fit_again is not None and self.is_fitted:
                self._kept[_key(seat)] = self._fit_again
            else:
                camera = self._viewer.scene.camera
                self._kept[_key(seat)] = partial(self._put, camera.center, camera.zoom)

    def frame(self, seat: Seat) -> None:
        """Frame a scan that is alone: as its space was left, else fitted to the window."""
        self._kept.get(_key(seat), partial(self.fit, seat))()

    def fit(self, seat: Seat) -> None:
        """Fit a scan that is alone to the window."""
        # napari's own fit takes every layer of its list, and fails for a single image among volumes.
        middle = seat.grid.to_world((np.array(seat.grid.shape) - 1) / 2)
        self._move_to(middle[list(seat.screen_axes)], seat.screen_size)
        self._fit_again = partial(self.fit, seat)

    def fit_cells(self, seats: Seats) -> None:
        """Fit the largest of the scans side by side, which are all centred on 0, to its cell."""
        self._move_to(
            np.zeros(2), np.max([seat.screen_size * seat.pose.magnification for seat in seats.values()], axis=0)
        )
        self._fit_again = partial(self.fit_cells, seats)

    def bring_into_sight(self, seat: Seat, *, alone: bool) -> None:
        """Move to the scan's current place if that lies outside the window."""
        index = seat.grid.to_display(self._position.index(seat.scan, seat.grid))
        target = seat.pose.world(seat.grid, index)
        target = target[list(seat.screen_axes)] if alone else target[-2:]
        camera = self._viewer.scene.camera
        half = self._window_px() / 2 / camera.zoom
        if (np.abs(target - np.array(camera.center[-2:])) > IN_SIGHT_SHARE * half).any():
            camera.center = tuple(float(t) for t in target)

    @contextmanager
    def held(self) -> Iterator[None]:
        """The camera stays where it is, whatever napari does to it meanwhile; what was fitted stays fitted.

        A slider that comes with the first volume makes the canvas smaller.
        """
        camera = self._viewer.scene.camera
        center, zoom = camera.center, camera.zoom
        fit_again = self._fit_again if self.is_fitted else None
        try:
            yield
        finally:
            if fit_again is None:
                self._put(center, zoom)
            else:
                fit_again()

    def _put(self, center: tuple[float, ...], zoom: float) -> None:
        self._viewer.scene.camera.center, self._viewer.scene.camera.zoom = center, zoom

    def _move_to(self, centre: NDArray[np.float64], size: NDArray[np.float64]) -> None:
        camera = self._viewer.scene.camera
        camera.center = tuple(float(c) for c in centre)
        camera.zoom = FILLED_SHARE * float(np.min(self._window_px() / size))
        self._fitted = self._now()

    def _now(self) -> tuple[float, ...]:
        camera = self._viewer.scene.camera
        return tuple(float(value) for value in (*camera.center[-2:], camera.zoom))

    def _window_px(self) -> NDArray[np.float64]:
        """Height and width of the canvas, or of a cell of the grid."""
        return np.array(self._viewer.canvas.viewbox_size(self._viewer.layers), dtype=np.float64)


def _key(seat: Seat) -> tuple[str, str]:
    # An image is a plane of its own, whatever space it lies in.
    plane = seat.scan.id if seat.grid.ndim == 2 else seat.plane
    return frame_key(seat.scan, seat.grid), f"{plane}, transposed" if seat.transposed else plane
