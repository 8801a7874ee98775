"""What every anatomy of the phantoms gives: a body, its disorders, and the scans made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_train.phantoms.body import Body, Lesion
from raddiag_train.phantoms.placement import Placement

LesionMaker = Callable[[Body, Placement], Lesion]


@dataclass(frozen=True, eq=False)
class Exposure:
    """One scan of a body, with where its lesions would be seen in it.

    Attributes:
        key: Short name of the scan within its anatomy, such as "flair".
        voxels: (slice, row, column) or (row, column).
        affine: (4, 4), array index (slice, row, column) to RAS+ mm.
        modality: Of the scan.
        plane: Of the scan.
        units: Of the voxels.
        description: As in a series description.
        mask_of: The visible part of a lesion on the scan's grid.
    """

    key: str
    voxels: NDArray[np.generic]
    affine: NDArray[np.float64]
    modality: Modality
    plane: Plane
    units: str
    description: str
    mask_of: Callable[[Lesion], NDArray[np.bool_]]


@dataclass(frozen=True)
class Examination:
    """One anatomy.

    Attributes:
        anatomy: Which.
        build: A healthy body from a generator.
        lesions: Disorder -> what makes its lesion in a body.
        scan: The scans of a body, always the same set; one generator per scan key decides acquisition and noise.
    """

    anatomy: Anatomy
    build: Callable[[np.random.Generator], Body]
    lesions: Mapping[str, LesionMaker]
    scan: Callable[[Body, np.random.SeedSequence], tuple[Exposure, ...]]
