"""Small cases for the tests of the viewer."""

from __future__ import annotations

import numpy as np

from raddiag_engine.cases import Case, Identity, Modality, Scan


def scan(name: str, *, modality: Modality = Modality.MRI, date: str = "", usable: bool = True, seed: int = 0) -> Scan:
    """A volume of noise with a known geometry."""
    voxels = np.random.default_rng(seed).integers(0, 1000, (4, 6, 5)).astype(np.int16)
    affine = np.array([[0, 0, -1.0, 0], [0, -1.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])
    return Scan(
        id=name,
        kind="volume",
        voxels=voxels,
        affine=affine,
        spacing_mm=(3.0, 1.0, 1.0),
        modality=modality,
        series_date=date,
        usable=usable,
        reason=None if usable else "a localizer",
    )


def case() -> Case:
    """Two usable scans of two dates and one that is not usable."""
    return Case(
        (
            scan("a", date="20240101"),
            scan("b", date="20250101", modality=Modality.CT, seed=1),
            scan("c", usable=False, seed=2),
        )
    )


def identified(name: str, **identity: str) -> Scan:
    """A scan that says whose it is."""
    from dataclasses import replace

    return replace(scan(name), identity=Identity(**identity))
