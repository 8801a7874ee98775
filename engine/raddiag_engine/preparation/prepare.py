"""From scans to the network's input, as the model card prescribes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Modality, Scan, Window
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_engine.preparation.plan import PreparationPlan, plan_scan, stored_order
from raddiag_engine.preparation.prepared_scan import PreparedScan
from raddiag_engine.preparation.resampling import resize_slices
from raddiag_engine.preparation.windowing import display_values

# Bounds the memory of a long scan: it is never converted to float as a whole.
SLICES_AT_ONCE = 16
# The release pads every case to this many scans before it takes the range.
RELEASED_SCANS = 4


def prepare_scan(
    scan: Scan, config: PreparationConfig, *, window: Window | None = None, modality_id: int | None = None
) -> PreparedScan:
    """One scan on its own, as a case of one.

    Args:
        scan: Any usable scan.
        config: From the model card.
        window: Instead of the one that would be chosen, in the scan's units.
        modality_id: Instead of the first id the card has for the scan's modality.

    Raises:
        CaseError: The scan holds no value at all.
        ConfigError: The window has no valid width.
    """
    [prepared] = prepare_case([scan], config, windows={} if window is None else {scan.id: window})
    return prepared if modality_id is None else replace(prepared, modality_id=modality_id)


def prepare_case(
    scans: Sequence[Scan], config: PreparationConfig, *, windows: Mapping[str, Window] | None = None
) -> list[PreparedScan]:
    """The scans of one case, in the order given.

    Args:
        scans: The scans to be used.
        config: From the model card.
        windows: Scan id -> a window chosen by a person.

    Raises:
        CaseError: A scan holds no value at all.
        ConfigError: A window has no valid width.
    """
    chosen = windows or {}
    ids = modality_ids([scan.modality for scan in scans], config)
    prepared = [
        _prepare(scan, config, chosen.get(scan.id), modality_id) for scan, modality_id in zip(scans, ids, strict=True)
    ]
    return _with_range_over_case(prepared, config) if config.range_over == "case" else prepared


def modality_ids(modalities: Sequence[Modality], config: PreparationConfig) -> list[int]:
    """The id of each scan: the n-th of a modality takes the n-th in the table, the last one serves all further ones.

    A modality that is not in the table takes the ids of "unknown", or 0.
    """
    seen: Counter[Modality] = Counter()
    ids = []
    for modality in modalities:
        table = config.modality_ids.get(modality.value) or config.modality_ids.get(Modality.UNKNOWN.value) or (0,)
        ids.append(table[min(seen[modality], len(table) - 1)])
        seen[modality] += 1
    return ids


def _prepare(scan: Scan, config: PreparationConfig, chosen: Window | None, modality_id: int) -> PreparedScan:
    plan = plan_scan(scan, config, chosen)
    if scan.kind == "volume":
        needed = stored_order(plan.depth.needed, plan)
        voxels = plan.depth.gather(_shown_slices(scan, needed, plan, config))
    else:
        voxels = _shown_slices(scan, np.array(plan.slices[:1]), plan, config)
        voxels = voxels[0] if config.image_slices == 1 else voxels.repeat(config.image_slices, axis=0)
    return PreparedScan(
        scan_id=scan.id,
        voxels=_rounded_to_8bit(voxels) if config.quantise_8bit else voxels,
        is_volume=scan.is_volume,
        modality_id=modality_id,
        plan=plan,
    )


def _rounded_to_8bit(voxels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.rint(voxels * np.float32(255.0)) / np.float32(255.0)


def _shown_slices(
    scan: Scan,
    stored_slices: NDArray[np.intp],
    plan: PreparationPlan,
    config: PreparationConfig,
) -> NDArray[np.float32]:
    """The given stored slices, in that order, windowed, turned within the slice and resized: (N, size, size)."""
    size_px = plan.size_px
    voxels_DHW = scan.voxels[None] if scan.kind == "image" else scan.voxels
    in_slice = replace(plan.orientation, flipped=(False, *plan.orientation.flipped[1:]))
    shown = np.empty((len(stored_slices), size_px, size_px), dtype=np.float32)
    for start in range(0, len(stored_slices), SLICES_AT_ONCE):
        part = slice(start, start + SLICES_AT_ONCE)
        values = display_values(voxels_DHW[stored_slices[part]], scan, plan.window, config)
        shown[part] = resize_slices(in_slice.apply(values), size_px, size_px, antialias=config.antialias)
    return shown


def _with_range_over_case(prepared: list[PreparedScan], config: PreparationConfig) -> list[PreparedScan]:
    """One min-max over all scans, zeros included that the release would have padded with (whole scans or slices)."""
    low = min(float(scan.voxels.min()) for scan in prepared)
    high = max(float(scan.voxels.max()) for scan in prepared)
    if len(prepared) < RELEASED_SCANS or any(len(scan.slices) < config.depth for scan in prepared):
        low = min(low, 0.0)
    scale = 1 / (high - low) if high > low else 0.0
    return [replace(scan, voxels=(scan.voxels - np.float32(low)) * np.float32(scale)) for scan in prepared]
