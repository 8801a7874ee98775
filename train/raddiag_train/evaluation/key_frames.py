"""The key frame of each scan of a case with the evidence for a disorder, as figure 4b of the paper shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raddiag_engine.cases import Case, Scan
from raddiag_engine.diagnosis.engine import Engine
from raddiag_engine.errors import ConfigError
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_engine.preparation.orientation import display_orientation
from raddiag_engine.preparation.prepared_scan import PreparedScan
from raddiag_engine.preparation.windowing import display_values
from raddiag_engine.saliency import SaliencyMap
from raddiag_train.data.records import CaseRecord
from raddiag_train.data.scan_reading import UnusableScan, read_scan
from raddiag_train.evaluation.plots.saliency_plot import KeyFrame
from raddiag_train.evaluation.usable_scans import no_usable_scan


@dataclass(frozen=True, eq=False)
class KeyFrames:
    """The frames of a case.

    Attributes:
        frames: A scan in use each.
        set_aside: A line a scan that is not shown: its number in the case's record, from 1, and why.
    """

    frames: tuple[KeyFrame, ...]
    set_aside: tuple[str, ...]


def key_frames(engine: Engine, record: CaseRecord, disorder: str, method: str = "gradcam") -> KeyFrames:
    """A frame a scan in use: its key slice where the data set names one, else the slice of the map's peak.

    Scans that the reader advises against, and those that the engine does not use, are set aside.

    Args:
        engine: Of the model.
        record: The case.
        disorder: On the model's card.
        method: Of the map.

    Raises:
        ReadError: A scan cannot be read, or none is usable.
        RaddiagError: The model does not know the disorder, or has no evidence to show for it.
    """
    scans: list[Scan] = []
    key_slices: dict[str, int | None] = {}
    reasons: dict[int, str | None] = {}
    number_of: dict[str, int] = {}
    for number, described in enumerate(record.scans, 1):
        try:
            scan = read_scan(record, described)
        except UnusableScan as error:
            reasons[number] = error.reason
            continue
        scans.append(scan)
        key_slices[scan.id], number_of[scan.id] = described.key_slice, number
    if not scans:
        raise no_usable_scan(record)
    engine.set_case(Case(tuple(scans)))
    reasons |= {number_of[report.id]: report.reason for report in engine.diagnose().scans if not report.used}
    [maps] = engine.explain_many([disorder], method)
    evidence = engine.evidence()
    frames = []
    # The engine has an order of its own, and may have set scans aside.
    for index, (scan, saliency) in enumerate(zip(evidence.scans, maps, strict=True)):
        frames.append(_frame(scan, evidence.prepare(index), saliency, key_slices[scan.id]))
    return KeyFrames(tuple(frames), tuple(f"scan {number}: {reasons[number]}" for number in sorted(reasons)))


def verdict(engine: Engine, disorder: str) -> str:
    """What the model says of the case that is set, in words: probability, threshold and state."""
    for score in engine.diagnose(top=len(engine.card.disorders)).disorders:
        if score.name == disorder:
            return f"probability {score.probability:.3f}, threshold {score.threshold:.3f}, {score.state}"
    return "not scored"


def case_of(records: list[CaseRecord], case_id: str) -> CaseRecord:
    """The case of that id.

    Raises:
        ConfigError: There is none; names the nearest.
    """
    import difflib

    for record in records:
        if record.case_id == case_id:
            return record
    near = difflib.get_close_matches(case_id, [record.case_id for record in records], 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"no case {case_id!r} is in the file{hint}")


def _frame(scan: Scan, prepared: PreparedScan, saliency: SaliencyMap, key_slice: int | None) -> KeyFrame:
    if scan.voxels.ndim == 2:
        voxels, values, place = scan.voxels, saliency.values, "image"
    else:
        known = key_slice is not None and key_slice < len(scan.voxels)
        index = key_slice if known and key_slice is not None else saliency.peak[0]
        voxels, values = scan.voxels[index], saliency.values[index]
        place = f"{'key slice' if known else 'slice of the peak,'} {index + 1} of {len(scan.voxels)}"
    grey = display_values(voxels, scan, prepared.window, PreparationConfig(mask_padding=True))
    orientation = display_orientation(scan)
    shown = [np.ascontiguousarray(orientation.apply(array[None])[0]) for array in (grey, values)]
    row_mm, column_mm = (1.0, 1.0) if scan.spacing_mm is None else scan.spacing_mm[-2:]
    aspect = column_mm / row_mm if orientation.transposed else row_mm / column_mm
    strongest = f"evidence up to {float(values.max()):.2f} here, {float(saliency.values.max()):.2f} in the scan"
    return KeyFrame(f"{scan.modality}, {place}\n{strongest}", shown[0], shown[1], float(aspect))
