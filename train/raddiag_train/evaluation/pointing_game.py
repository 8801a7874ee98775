"""The pointing game: does the strongest evidence lie in the lesion? (Zhang et al., IJCV 2018, arXiv 1608.00507)

Per positive case and disorder, and apart for volumes and images: the peak of the maps of all scans of that kind
counts as a hit if it lies inside the lesion's mask. Beside it the rates of a map that knows nothing: the centre of the
scan, a random voxel and the brightest one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Case, Scan
from raddiag_engine.diagnosis.device import place
from raddiag_engine.diagnosis.engine import Engine
from raddiag_engine.models.folder import Model
from raddiag_engine.reading import read_file
from raddiag_engine.saliency import SaliencyMap
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.data.scan_reading import read_scan

Masks = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class PointingResult:
    """Hit rates over the positive cases of one kind of scan.

    Attributes:
        kind: "3D" or "2D".
        positives: Pairs of a case and a disorder visible in a scan of that kind.
        hit_rate: Of the method.
        centre: Of the central voxel.
        random: Expected of a random voxel: the mean share of the scan that the lesion fills.
        brightest: Of the voxel of the largest value.
    """

    kind: str
    positives: int
    hit_rate: float
    centre: float
    random: float
    brightest: float


def pointing_game(
    model: Model,
    records: Sequence[CaseRecord],
    method: str = "gradcam",
    device: str = "auto",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[PointingResult, ...]:
    """Play it on the cases that have lesion masks; a scan that the model sets aside as untrusted is a miss.

    Args:
        model: As loaded.
        records: Any cases; those without masks are passed over.
        method: Saliency method.
        device: "auto", "cpu" or "cuda".
        progress: Called with cases done and cases to do.

    Raises:
        ReadError: A scan or mask cannot be read.
        RaddiagError: The model does not know a disorder.
    """
    engine = Engine(model, place(device))
    masked = [record for record in records if any(scan.masks for scan in record.scans)]
    hits: dict[str, list[tuple[float, float, float, float]]] = {"3D": [], "2D": []}
    for done, record in enumerate(masked, 1):
        for kind, hit in _hits_of_case(engine, record, method):
            hits[kind].append(hit)
        progress(done, len(masked))
    return tuple(
        PointingResult(kind, len(rows), *(float(rate) for rate in np.mean(rows, axis=0)))
        for kind, rows in hits.items()
        if rows
    )


def _hits_of_case(
    engine: Engine, record: CaseRecord, method: str
) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    scans = [read_scan(record, described) for described in record.scans]
    masks = {scan.id: _masks(described) for scan, described in zip(scans, record.scans, strict=True)}
    engine.set_case(Case(tuple(scans)))
    disorders = sorted({disorder for of_scan in masks.values() for disorder in of_scan})
    for disorder, maps in zip(disorders, engine.explain_many(disorders, method), strict=True):
        for kind, axes in (("3D", 3), ("2D", 2)):
            of_kind = [m for m in maps if m.values.ndim == axes]
            showing = [s for s in scans if s.voxels.ndim == axes and disorder in masks[s.id]]
            if showing:
                yield kind, (_hit(of_kind, masks, disorder), *_guesses(showing, masks, disorder))


def _hit(of_kind: list[SaliencyMap], masks: dict[str, Masks], disorder: str) -> float:
    """1 if the peak over all maps lies in the lesion."""
    if not of_kind:
        return 0.0
    strongest = max(of_kind, key=lambda saliency: float(saliency.values.max()))
    inside = masks[strongest.scan_id].get(disorder)
    return float(inside is not None and inside[strongest.peak] and not strongest.is_dark)


def _guesses(showing: list[Scan], masks: dict[str, Masks], disorder: str) -> tuple[float, float, float]:
    """Hits of the centre, of a random voxel and of the brightest one, in the scans that show the lesion, on average."""
    guesses = []
    for scan in showing:
        mask = masks[scan.id][disorder]
        centre = tuple(size // 2 for size in mask.shape)
        brightest = np.unravel_index(int(scan.voxels.argmax()), scan.voxels.shape)
        guesses.append((float(mask[centre]), float(mask.mean()), float(mask[brightest])))
    centre_rate, random_rate, brightest_rate = np.mean(guesses, axis=0)
    return float(centre_rate), float(random_rate), float(brightest_rate)


def _masks(described: ScanRecord) -> Masks:
    masks = {}
    for disorder, path in described.masks.items():
        [scan] = read_file(path)
        if (scan.voxels > 0).any():
            masks[disorder] = np.asarray(scan.voxels > 0)
    return masks
