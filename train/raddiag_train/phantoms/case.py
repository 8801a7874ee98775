"""One phantom: a synthetic patient's case, its disorders and their masks, from a seed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Anatomy, Case, Identity, Scan
from raddiag_engine.errors import ConfigError
from raddiag_train.phantoms.abdomen import ABDOMEN
from raddiag_train.phantoms.body import Body, Lesion
from raddiag_train.phantoms.chest import CHEST
from raddiag_train.phantoms.examination import Examination, Exposure
from raddiag_train.phantoms.head import HEAD
from raddiag_train.phantoms.knee import KNEE
from raddiag_train.phantoms.placement import Placement
from raddiag_train.phantoms.unseen_lesions import UNSEEN_LESIONS
from raddiag_train.phantoms.vocabulary import (
    NORMAL,
    PhantomDisorder,
    disorder_named,
    draw_disorders,
    draw_unseen_disorder,
)

EXAMINATIONS: dict[Anatomy, Examination] = {e.anatomy: e for e in (CHEST, HEAD, ABDOMEN, KNEE)}
FEWEST_MASK_VOXELS = 12


@dataclass(frozen=True, eq=False)
class PhantomCase:
    """A synthetic case and the truth about it.

    Attributes:
        seed: It was made from.
        case: Its scans.
        anatomy: Of all scans.
        disorders: Names, or ("Normal",).
        icd10cm: Codes in the order of `disorders`, "" for Normal.
        masks: Scan id -> disorder -> boolean mask on that scan's grid; only where the scan shows the disorder.
        descriptions: Scan id -> words for a series description.
    """

    seed: int
    case: Case
    anatomy: Anatomy
    disorders: tuple[str, ...]
    icd10cm: tuple[str, ...]
    masks: dict[str, dict[str, NDArray[np.bool_]]] = field(repr=False)
    descriptions: dict[str, str] = field(repr=False)


def make_case(seed: int, *, disorders: tuple[str, ...] | None = None, anatomy: Anatomy | None = None) -> PhantomCase:
    """The phantom of this seed: same seed, same bytes, with the same versions of numpy and scipy.

    Body, lesions and acquisition draw from separate streams of the seed: two phantoms with the same seed and anatomy
    differ in nothing but their lesions.

    Args:
        seed: Not negative.
        disorders: What the patient has, of one anatomy; () or ("Normal",) for nothing; drawn if None.
        anatomy: Drawn if None and the disorders do not say.

    Raises:
        ConfigError: An unknown disorder, or disorders of two anatomies.
    """
    choice_seed, body_seed, lesion_seed, scan_seed = np.random.SeedSequence(seed).spawn(4)
    anatomy, chosen = _choice(np.random.default_rng(choice_seed), disorders, anatomy)
    examination = EXAMINATIONS[anatomy]
    body = examination.build(np.random.default_rng(body_seed))
    lesions = _lesions(examination, chosen, body, lesion_seed)
    exposures = examination.scan(body.with_lesions(lesions), scan_seed)
    scans = tuple(_scan(exposure, seed, anatomy) for exposure in exposures)
    return PhantomCase(
        seed,
        Case(scans),
        anatomy,
        tuple(d.name for d in chosen) or (NORMAL,),
        tuple(d.icd10cm for d in chosen) or ("",),
        {scan.id: _masks(exposure, chosen, lesions) for scan, exposure in zip(scans, exposures, strict=True)},
        {scan.id: exposure.description for scan, exposure in zip(scans, exposures, strict=True)},
    )


def drawn_disorders(seed: int) -> tuple[str, ...]:
    """The disorders that `make_case(seed)` will have, without making it."""
    choice_seed = np.random.SeedSequence(seed).spawn(4)[0]
    return tuple(d.name for d in _choice(np.random.default_rng(choice_seed), None, None)[1]) or (NORMAL,)


def drawn_unseen_disorder(seed: int) -> str | None:
    """The unseen disorder of this seed in a set that has them; None where its case is that of `make_case(seed)`.

    Drawn from a stream of its own: asking changes nothing of the seed's other phantom.
    """
    drawn = draw_unseen_disorder(np.random.default_rng(np.random.SeedSequence(seed).spawn(5)[4]))
    return drawn.name if drawn else None


def _choice(
    rng: np.random.Generator, disorders: tuple[str, ...] | None, anatomy: Anatomy | None
) -> tuple[Anatomy, tuple[PhantomDisorder, ...]]:
    drawn = tuple(EXAMINATIONS)[int(rng.integers(len(EXAMINATIONS)))]
    if disorders is None:
        return anatomy or drawn, draw_disorders(anatomy or drawn, rng)
    chosen = tuple(disorder_named(name) for name in disorders if name != NORMAL)
    return _common_anatomy(chosen, anatomy or (chosen[0].anatomy if chosen else drawn)), chosen


def _common_anatomy(chosen: tuple[PhantomDisorder, ...], anatomy: Anatomy) -> Anatomy:
    for disorder in chosen:
        if disorder.anatomy is not anatomy:
            raise ConfigError(
                f"{disorder.name!r} is a disorder of the {disorder.anatomy}; this phantom is of the {anatomy}"
            )
    return anatomy


def _lesions(
    examination: Examination, chosen: tuple[PhantomDisorder, ...], body: Body, seed: np.random.SeedSequence
) -> tuple[Lesion, ...]:
    placement = Placement(np.random.default_rng(seed))
    makers = {**examination.lesions, **UNSEEN_LESIONS}
    return tuple(makers[disorder.name](body, placement) for disorder in chosen)


def _scan(exposure: Exposure, seed: int, anatomy: Anatomy) -> Scan:
    volume = exposure.voxels.ndim == 3
    spacing_mm = tuple(float(v) for v in np.linalg.norm(exposure.affine[:3, :3], axis=0))
    return Scan(
        id=f"phantom-{seed}-{exposure.key}",
        kind="volume" if volume else "image",
        voxels=exposure.voxels,
        affine=exposure.affine,
        spacing_mm=spacing_mm if volume else spacing_mm[1:],
        modality=exposure.modality,
        anatomy=anatomy,
        plane=exposure.plane,
        units=exposure.units,
        identity=Identity(patient_id=f"PHANTOM-{seed}"),
    )


def _masks(
    exposure: Exposure, chosen: tuple[PhantomDisorder, ...], lesions: tuple[Lesion, ...]
) -> dict[str, NDArray[np.bool_]]:
    masks = {}
    for disorder, lesion in zip(chosen, lesions, strict=True):
        if exposure.key in disorder.visible_in:
            mask = exposure.mask_of(lesion)
            if mask.sum() >= FEWEST_MASK_VOXELS:
                masks[disorder.name] = mask
    return masks
