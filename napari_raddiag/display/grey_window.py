"""The grey-scale window of a scan on the screen: which one first, which to choose from, and its limits in values."""

from __future__ import annotations

from collections.abc import Callable

from raddiag_engine.cases import Modality, Scan, Window
from raddiag_engine.errors import CaseError
from raddiag_engine.preparation import presets_for
from raddiag_engine.preparation.window_presets import default_preset
from raddiag_engine.preparation.windowing import EIGHT_BIT, is_valid, percentile_window

SMALLEST_WIDTH = 1e-6
Percentiles = Callable[[Scan], Window]


def automatic_window(scan: Scan) -> Window | None:
    """The window from the scan's own values; None if none is finite. Takes some 50 ms for a large scan."""
    try:
        return percentile_window(scan)
    except CaseError:
        return None


def reading_window(scan: Scan, percentiles: Percentiles = percentile_window) -> Window:
    """The window a scan comes up with: the header's first, the preset for its body part, all of 8 bits, percentiles.

    Args:
        scan: The scan.
        percentiles: Takes them, and raises CaseError where there are none; some 50 ms for a large scan.
    """
    header = next(filter(is_valid, scan.windows), None)
    if header is not None:
        return header
    preset = default_preset(scan)
    if preset is not None:
        return preset.window
    if scan.units == "8-bit":
        return EIGHT_BIT
    try:
        return percentiles(scan)
    except CaseError:  # no finite value: black, whatever the window
        return Window(0.5, 1.0, "LINEAR_EXACT", "constant")


def windows_to_choose_from(scan: Scan, percentiles: Percentiles = percentile_window) -> tuple[Window, ...]:
    """The header's windows, then the presets that fit, each with a name; CT in HU has the published ones.

    Args:
        scan: The scan.
        percentiles: As for `reading_window`.
    """
    named = [
        window if window.name else Window(window.center, window.width, window.function, _header_name(scan, number))
        for number, window in enumerate(scan.windows)
        if is_valid(window)
    ]
    named += [preset.window for preset in presets_for(scan)]
    if scan.units == "8-bit":
        named.append(Window(EIGHT_BIT.center, EIGHT_BIT.width, EIGHT_BIT.function, "all of 8 bits"))
    if scan.modality is not Modality.CT or scan.units != "HU":
        try:
            found = percentiles(scan)
            named.append(Window(found.center, found.width, found.function, "automatic"))
        except CaseError:
            pass  # nothing to take percentiles of
    return tuple({(w.center, w.width, w.name): w for w in named}.values())


def value_limits(window: Window) -> tuple[float, float]:
    """The values shown black and white (PS3.3 C.11.2.1.2); a sigmoid is shown as its tangent at the centre."""
    if window.function == "LINEAR":
        half, centre = max(window.width - 1, SMALLEST_WIDTH) / 2, window.center - 0.5
    else:
        half, centre = max(window.width, SMALLEST_WIDTH) / 2, window.center
    return centre - half, centre + half


def window_of_limits(low: float, high: float, like: Window | None = None) -> Window:
    """The window with these values black and white, in the function of `like` as far as it is linear."""
    width = max(high - low, SMALLEST_WIDTH)
    if like is not None and like.function == "LINEAR":
        return Window((low + high) / 2 + 0.5, width + 1, "LINEAR", "")
    return Window((low + high) / 2, width, "LINEAR_EXACT", "")


def _header_name(scan: Scan, number: int) -> str:
    return "from the file" if len(scan.windows) == 1 else f"from the file ({number + 1})"
