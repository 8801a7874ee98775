"""The key frame of each scan of a case with the evidence for a disorder, as figure 4b of the paper shows it."""

from __future__ import annotations

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
from raddiag_train.data.scan_reading import read_scan
from raddiag_train.evaluation.plots.saliency_plot import KeyFrame


def key_frames(engine: Engine, record: CaseRecord, disorder: str, method: str = "gradcam") -> list[KeyFrame]:
    """A frame a scan in use: its key slice where the data set names one, else the slice of the map's peak.

    Args:
        engine: Of the model.
        record: The case.
        disorder: On the model's card.
        method: Of the map.

    Raises:
        ReadError: A scan cannot be read.
        RaddiagError: The model does not know the disorder, or has no evidence to show for it.
    """
    scans = [read_scan(record, scan) for scan in record.scans]
    key_slices = {scan.id: described.key_slice for scan, described in zip(scans, record.scans, strict=True)}
    engine.set_case(Case(tuple(scans)))
    [maps] = engine.explain_many([disorder], method)
    evidence = engine.evidence()
    frames = []
    # The engine has an order of its own, and may have set scans aside.
    for index, (scan, saliency) in enumerate(zip(evidence.scans, maps, strict=True)):
        frames.append(_frame(scan, evidence.prepare(index), saliency, key_slices[scan.id]))
    return frames


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
