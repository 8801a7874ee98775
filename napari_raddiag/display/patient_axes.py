"""Which patient axis an array axis runs along, and the letters of a direction. Knows no scan and no canvas."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

# RAS+: patient axis 0 grows to the right, 1 to the front (anterior), 2 to the head.
LETTERS = ("RL", "AP", "HF")
# A direction that leans this far (about 20 degrees) to a second axis gets a second letter, as on any workstation.
SECOND_LETTER_COSINE = 0.34


def nearest_patient_axes(directions: NDArray[np.float64]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """For each array axis the patient axis it is nearest to, each used once, and the sense it runs in.

    Args:
        directions: (3, 3), column i is the step along array axis i in RAS+ mm; not singular.

    Returns:
        Patient axes (0 right, 1 front, 2 head) and senses (+1, -1), by array axis.
    """
    cosines = directions / np.linalg.norm(directions, axis=0)
    best = max(permutations(range(3)), key=lambda axes: sum(abs(cosines[axes[i], i]) for i in range(3)))
    return best, tuple(1 if cosines[best[i], i] > 0 else -1 for i in range(3))


def degrees_off_axes(directions: NDArray[np.float64]) -> float:
    """Largest angle between an array axis and the patient axis it is called after."""
    cosines = directions / np.linalg.norm(directions, axis=0)
    axes, _ = nearest_patient_axes(directions)
    nearest = [abs(float(cosines[axes[i], i])) for i in range(3)]
    return float(np.degrees(np.arccos(np.clip(nearest, 0, 1))).max())


def direction_letters(direction: NDArray[np.float64]) -> str:
    """One or two of R L A P H F for where a RAS+ vector points to, the main one first; empty for no direction."""
    length = float(np.linalg.norm(direction))
    if not np.isfinite(length) or length == 0:
        return ""
    cosines = direction / length
    by_size = np.argsort(-np.abs(cosines), kind="stable")
    letters = [LETTERS[axis][0 if cosines[axis] > 0 else 1] for axis in by_size]
    return "".join(letters[:2]) if abs(cosines[by_size[1]]) >= SECOND_LETTER_COSINE else letters[0]


def opposite_letters(letters: str) -> str:
    """The letters of the opposite direction, in the same order: "RP" for "LA"."""
    return "".join(_pair_of(letter).replace(letter, "") for letter in letters)


def letters_span_a_plane(along_row: str, down_column: str) -> bool:
    """True if two directions in letters can be those of a picture's rows and columns: neither "L" and "R", nor "LR"."""
    for letters in (along_row, down_column):
        pairs = [_pair_of(letter) for letter in letters]
        if not letters or "" in pairs or len(set(pairs)) < len(pairs):
            return False
    return _pair_of(along_row[0]) != _pair_of(down_column[0])


def _pair_of(letter: str) -> str:
    return next((pair for pair in LETTERS if letter in pair), "")


def lies_in_space(affine: NDArray[np.float64] | None) -> bool:
    """True if an affine places voxels in three dimensions of the patient."""
    if affine is None or not np.isfinite(affine).all():
        return False
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    # As strict as the readers: nearly flat is flat.
    return bool((lengths > 0).all() and abs(np.linalg.det(affine[:3, :3] / lengths)) >= 1e-4)
