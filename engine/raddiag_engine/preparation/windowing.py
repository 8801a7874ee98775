"""From stored values to display values in [0, 1], through a grey-scale window."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Scan, Window
from raddiag_engine.errors import CaseError, ConfigError
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_engine.preparation.window_presets import default_preset

EIGHT_BIT = Window(127.5, 255.0, "LINEAR_EXACT", "8-bit")
PERCENTILES = (0.5, 99.5)
# A value of exactly 0 that fills more than this share of a scan is background, not anatomy.
BACKGROUND_SHARE = 0.05
SAMPLED_VOXELS = 1_000_000


def choose_window(scan: Scan, config: PreparationConfig, chosen: Window | None = None) -> tuple[Window, str]:
    """The window for a scan, and where it comes from.

    In this order: the one a person chose; the preset for modality and body part; the header's first valid one; none,
    for 8-bit values, which are taken as windowed already; robust percentiles. If the model was trained on stored
    images (`config.windowing == "stored"`), 8-bit values come before preset and header.

    Returns:
        The window, and "chosen", "preset NAME", "header", "8-bit" or "percentiles".

    Raises:
        ConfigError: The chosen window has no valid width.
        CaseError: Percentiles are needed and the scan has no finite value.
    """
    if chosen is not None:
        if not is_valid(chosen):
            raise ConfigError(f"window {chosen.center:g}/{chosen.width:g}: choose a width of 1 or more")
        return chosen, "chosen"
    eight_bit = scan.units == "8-bit"
    if eight_bit and config.windowing == "stored":
        return EIGHT_BIT, "8-bit"
    preset = default_preset(scan)
    if preset is not None:
        return preset.window, f"preset {preset.name}"
    header = next(filter(is_valid, scan.windows), None)
    if header is not None:
        return header, "header"
    if eight_bit:
        return EIGHT_BIT, "8-bit"
    return percentile_window(scan), "percentiles"


def is_valid(window: Window) -> bool:
    """True if centre and width are finite and the width is one its function allows (PS3.3 C.11.2.1.2, C.11.2.1.3)."""
    if not (math.isfinite(window.center) and math.isfinite(window.width)):
        return False
    return window.width >= 1 if window.function == "LINEAR" else window.width > 0


def percentile_window(scan: Scan) -> Window:
    """The window from the 0.5th to the 99.5th percentile of the values that are neither padding nor background.

    A large scan is sampled on a regular grid of about a million voxels.

    Raises:
        CaseError: No value is finite, or all are padding.
    """
    step = math.ceil((scan.voxels.size / SAMPLED_VOXELS) ** (1 / scan.voxels.ndim))
    sample = scan.voxels[(slice(None, None, max(step, 1)),) * scan.voxels.ndim]
    values = sample[np.isfinite(sample) & ~padding_mask(sample, scan.padding)].astype(np.float64)
    if values.size == 0:
        raise CaseError(f"scan {scan.id}: no voxel holds a value (all are not finite or padding); leave this scan out")
    background = values == 0
    if BACKGROUND_SHARE < background.mean() < 1:
        values = values[~background]
    low, high = np.percentile(values, PERCENTILES)
    width = float(high - low)
    if width == 0:
        # A constant scan: dark, whatever its value.
        return Window(float(low) + 0.5, 1.0, "LINEAR_EXACT", "constant")
    return Window(float(low + high) / 2, width, "LINEAR_EXACT", "percentiles")


def padding_mask(values: NDArray[np.generic], padding: tuple[float, float] | None) -> NDArray[np.bool_]:
    """True where a value means "no data" (Pixel Padding Value (0028,0120) and range limit, after rescaling)."""
    if padding is None:
        return np.zeros(values.shape, dtype=bool)
    low, high = padding
    return np.asarray(np.greater_equal(values, low) & np.less_equal(values, high))


def apply_window(values: NDArray[np.generic], window: Window) -> NDArray[np.float32]:
    """Display values in [0, 1] by the formulas of DICOM PS3.3 C.11.2.1.2.1 and C.11.2.1.3.

    Args:
        values: Any shape, in the units of the window; NaN stays NaN.
        window: A valid window.
    """
    # Values that single precision cannot hold exactly are shifted in double precision first.
    exact = np.can_cast(values.dtype, np.float32)
    shifted: NDArray[np.floating] = values.astype(np.float32 if exact else np.float64)
    if window.function == "LINEAR":
        shifted -= window.center - 0.5
        if window.width == 1:
            return np.where(np.isnan(shifted), np.nan, shifted > 0).astype(np.float32)
        scale = 1 / (window.width - 1)
    else:
        shifted -= window.center
        scale = 1 / window.width
    scaled = shifted.astype(np.float32, copy=False)
    if window.function == "SIGMOID":
        # 1 / (1 + exp(-4 u)), written so that it cannot overflow.
        return np.asarray(0.5 + 0.5 * np.tanh(scaled * np.float32(2 * scale)), dtype=np.float32)
    scaled *= np.float32(scale)
    scaled += np.float32(0.5)
    return np.clip(scaled, 0.0, 1.0, out=scaled)


def display_values(
    values: NDArray[np.generic], scan: Scan, window: Window, config: PreparationConfig
) -> NDArray[np.float32]:
    """Part of a scan's voxels as the network sees them, before any resampling: in [0, 1], 0 is black.

    MONOCHROME1 is inverted after the window; values that are not a number, and padding if the card masks it, become
    black.
    """
    shown = apply_window(values, window)
    if scan.inverted:
        np.subtract(1.0, shown, out=shown)
    if config.mask_padding and scan.padding is not None:
        shown[padding_mask(values, scan.padding)] = 0.0
    if np.issubdtype(values.dtype, np.floating):
        shown[np.isnan(shown)] = 0.0
    return shown
