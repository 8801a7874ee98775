"""The head: a T1-weighted series with contrast agent and a FLAIR series of the same body."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_train.phantoms.body import Body, Lesion, Part, lesion_mask
from raddiag_train.phantoms.examination import Examination, Exposure
from raddiag_train.phantoms.lattice import Lattice
from raddiag_train.phantoms.mri import FLAIR, T1, scan_mri
from raddiag_train.phantoms.placement import Placement
from raddiag_train.phantoms.shapes import (
    Capsule,
    Ellipsoid,
    HalfSpace,
    Intersection,
    Lumpy,
    Offset,
    Outside,
    Shape,
    Union,
    point,
    rotation,
    shell,
    sphere,
)
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import (
    AIR,
    BLOOD,
    CORTICAL_BONE,
    CSF,
    FAT,
    GREY_MATTER,
    MUSCLE,
    TRABECULAR_BONE,
    WHITE_MATTER,
)

ENHANCING = replace(GREY_MATTER, t1_ms=280.0, t2_ms=80.8)  # grey matter's FLAIR signal, bright in T1
NECROSIS = replace(CSF, t1_ms=2300.0, t2_ms=250.0, proton_density=0.95)
OEDEMA = replace(GREY_MATTER, t1_ms=1250.0, t2_ms=190.0, proton_density=0.88)
PLAQUE = replace(
    WHITE_MATTER, t1_ms=872.0, t2_ms=230.0, proton_density=0.78
)  # white matter's T1 signal, bright in FLAIR
GLIOSIS = replace(PLAQUE, t2_ms=170.0)


def build(rng: np.random.Generator) -> Body:
    """A healthy head."""
    s = rng.uniform(0.92, 1.06)
    tilt = rotation(*rng.uniform(-5, 5, 3))
    brain_radii = np.array([66, 82, 62]) * s * rng.uniform(0.96, 1.04, 3)
    brain = Ellipsoid((0, 0, 5), point(brain_radii), tilt)
    cerebrum = Lumpy(brain, SmoothField.random(rng, 26.0), rng.uniform(1.0, 2.2))
    cerebellum = Ellipsoid((0, -42 * s, -48 * s), (46 * s, 32 * s, 26 * s), tilt)
    skull = Offset(brain, 10)
    white = Lumpy(Offset(brain, -11), SmoothField.random(rng, 24.0), 4.0)
    ventricles = _ventricles(rng, s)
    fissure = Ellipsoid((0, 0, 62 * s), (1.8, 90, 58))
    parts = [
        Part(Offset(brain, 10 + rng.uniform(3, 11)), replace(FAT, hu=-80)),
        Part(Capsule((0, -15, -150), (0, -15, -55), 62 * s, 58 * s), replace(MUSCLE, hu=55)),
        Part(Ellipsoid((0, 40 * s, -62 * s), (58 * s, 52 * s, 56 * s)), FAT),
        Part(Ellipsoid((0, 38 * s, -62 * s), (52 * s, 46 * s, 50 * s)), replace(MUSCLE, hu=55)),
        Part(skull, CORTICAL_BONE),
        Part(shell(Offset(skull, -2.5), 3.5), replace(TRABECULAR_BONE, texture=0.0)),
        Part(Offset(brain, rng.uniform(1.5, 4.5)), CSF),
        Part(cerebrum, GREY_MATTER),
        Part(white, WHITE_MATTER),
        Part(Offset(cerebellum, 3), CSF),
        Part(cerebellum, GREY_MATTER),
        Part(Capsule((0, -14 * s, -90), (0, -6 * s, -20), 10, 13), WHITE_MATTER),
        Part(fissure, CSF, within=brain),
        *_deep_grey_matter(rng, s),
        *_ventricle_parts(rng, ventricles),
        *_vessels_and_eyes(rng, s),
    ]
    parenchyma = Intersection((Offset(brain, -2), Outside(Union(ventricles))))
    landmarks: dict[str, Shape] = {
        "parenchyma": parenchyma,
        "white matter": Intersection((white, Outside(Union(ventricles)))),
        "around ventricles": Intersection((shell(Offset(Union(ventricles), 22), 20), Offset(brain, -10))),
        "brain": brain,
        "cerebellum": cerebellum,
    }
    return Body(tuple(parts), SmoothField.random(rng, 13.0), landmarks, {"scale": (s, s, s)})


def _ventricles(rng: np.random.Generator, s: float) -> tuple[Shape, ...]:
    width = rng.uniform(3.5, 12.0)
    shapes: list[Shape] = [Ellipsoid((0, -4, -4), (rng.uniform(1.5, 4), 14, 12))]
    for side in (1.0, -1.0):
        w = width * rng.uniform(0.9, 1.1)
        front, middle = (side * 13 * s, 32 * s, 8 * s), (side * 9 * s, 2, 22 * s)
        back, temporal = (side * 22 * s, -34 * s, 10 * s), (side * 32 * s, -6 * s, -18 * s)
        shapes += [
            Capsule(point(front), point(middle), w * 0.85, w),
            Capsule(point(middle), point(back), w, w * 1.15),
            Capsule(point(back), point(temporal), w * 0.9, w * 0.35),
        ]
    return tuple(shapes)


def _ventricle_parts(rng: np.random.Generator, ventricles: tuple[Shape, ...]) -> list[Part]:
    """Fluid, with the healthy bright things around it: caps on the horns (FLAIR), choroid plexus (T1 with contrast)."""
    parts = []
    cap = replace(GLIOSIS, t2_ms=rng.uniform(110, 190))
    for horn in (ventricles[1], ventricles[4]):
        assert isinstance(horn, Capsule)
        tip = np.asarray(horn.start_mm)
        parts.append(Part(Ellipsoid(point(tip + np.array([0, 4, 0])), point(rng.uniform((4, 4, 4), (9, 11, 12)))), cap))
    for horn in (ventricles[2], ventricles[5]):
        assert isinstance(horn, Capsule)
        parts.append(Part(Ellipsoid(horn.end_mm, point(rng.uniform((5, 6, 4), (10, 14, 9)))), cap))
    parts += [Part(shape, CSF) for shape in ventricles]
    for side in (2, 5):
        horn = ventricles[side]
        assert isinstance(horn, Capsule)
        a, b = np.asarray(horn.start_mm), np.asarray(horn.end_mm)
        plexus = Capsule(point(a + 0.3 * (b - a)), point(a + 0.95 * (b - a)), *rng.uniform(1.5, 5.5, 2))
        parts.append(Part(plexus, ENHANCING))
    return parts


def _deep_grey_matter(rng: np.random.Generator, s: float) -> list[Part]:
    parts = []
    for side in (1.0, -1.0):
        parts.append(Part(Ellipsoid((side * 14 * s, -10 * s, 4), (8, 13, 9)), GREY_MATTER))
        lentiform = Ellipsoid((side * 25 * s, 8 * s, 3), (6, 17, 10), rotation(0, 0, -side * 12))
        parts.append(Part(lentiform, replace(GREY_MATTER, proton_density=rng.uniform(0.76, 0.82))))
    return parts


def _vessels_and_eyes(rng: np.random.Generator, s: float) -> list[Part]:
    """Veins and arteries that enhance: as bright as any enhancing lesion, and long."""
    blood = replace(BLOOD, t1_ms=rng.uniform(250, 400), t2_ms=60.0)
    r = rng.uniform(2.5, 6.0)
    back, top, front = (0, -76 * s, -8), (0, -48 * s, 58 * s), (0, 28 * s, 62 * s)
    confluence, right, left = (0, -74 * s, -14), (50 * s, -46 * s, -26), (-50 * s, -46 * s, -26)
    parts = [
        Part(Capsule(point(a), point(b), r, r), blood)
        for a, b in ((back, top), (top, front), (confluence, right), (confluence, left))
    ]
    parts.append(Part(Capsule((0, 6, -60), (0, 8, -22), 2.5, 2.5), blood))
    for side in (1.0, -1.0):
        parts.append(Part(Capsule((side * 6, 16, -18), point((side * 42 * s, 14, -12)), 2.4, 1.8), blood))
        orbit = (side * 30 * s, 66 * s, -46 * s)
        parts.append(Part(Ellipsoid(orbit, (18, 24, 17)), FAT))
        parts.append(Part(sphere(point(np.asarray(orbit) + np.array([0, 12, 0])), 12), CSF))
        sinus = Ellipsoid((side * 20 * s, 62 * s, -72), (14, 17, 15))
        parts.append(Part(sinus, replace(OEDEMA, t2_ms=rng.uniform(120, 250))))
        parts.append(Part(Offset(sinus, -rng.uniform(0.5, 9)), AIR))
    for _ in range(int(rng.integers(2, 12))):  # cortical veins
        direction = rng.normal(0, 1, 3) * (1, 1, 0.4) + (0, 0, 0.8)
        direction /= np.linalg.norm(direction)
        start = direction * np.array([64, 80, 62]) * s + (0, 0, 5)
        end = start + rng.normal(0, 12, 3) + (0, 0, 8)
        parts.append(Part(Capsule(point(start), point(end), rng.uniform(2, 4), 2.0), blood))
    return parts


def brain_metastasis(body: Body, place: Placement) -> Lesion:
    """A ball with an enhancing ring, a dark core and a swollen rim, anywhere in the brain."""
    radius = place.rng.uniform(11, 17)
    centre = place.inside(body.landmarks["parenchyma"], radius + 4, depth_mm=radius * 0.8)
    ring = Lumpy(sphere(centre, radius), SmoothField.random(place.rng, 1.5 * radius), 0.07 * radius)
    swollen = Lumpy(sphere(centre, radius + 3.5), SmoothField.random(place.rng, 1.5 * radius), 1.5)
    brain = body.landmarks["brain"]
    parts = (
        Part(swollen, OEDEMA, within=brain),
        Part(ring, ENHANCING),
        Part(Offset(ring, -place.rng.uniform(3.5, 4.5)), NECROSIS),
    )
    return Lesion("Brain metastasis", parts, swollen)


def multiple_sclerosis(body: Body, place: Placement) -> Lesion:
    """Oval plaques around the ventricles that stand away from them; FLAIR only."""
    plaques: list[Shape] = []
    for _ in range(int(place.rng.integers(3, 6))):
        radius = place.rng.uniform(7.0, 10.0)
        centre = place.inside(body.landmarks["around ventricles"], radius, depth_mm=2)
        turn = rotation(*place.rng.uniform(-40, 40, 3))
        plaques.append(Ellipsoid(centre, (radius * 1.4, radius * 0.9, radius), turn))
    extent = Intersection((Union(tuple(plaques)), body.landmarks["white matter"]))
    parts = tuple(Part(plaque, PLAQUE, within=body.landmarks["white matter"]) for plaque in plaques)
    return Lesion("Multiple sclerosis", parts, extent)


def arachnoid_cyst(body: Body, place: Placement) -> Lesion:
    """A smooth pouch of fluid at the surface of the brain; dark in both series."""
    radius = place.rng.uniform(14, 20)
    brain = body.landmarks["brain"]
    near_surface = Intersection((shell(Offset(brain, -radius * 0.45), 8), HalfSpace((0, 0, -25), (0, 0, -1))))
    centre = place.inside(near_surface, radius, depth_mm=1)
    pouch = Ellipsoid(centre, point(radius * place.rng.uniform(0.9, 1.15, 3)))
    inside = Offset(brain, 1)
    return Lesion("Arachnoid cyst", (Part(pouch, CSF, within=inside),), Intersection((pouch, inside)))


def vestibular_schwannoma(body: Body, place: Placement) -> Lesion:
    """A solid enhancing ball beside the brain stem; grey matter's signal in FLAIR."""
    side = place.rng.choice((1.0, -1.0))
    s = body.points["scale"][0]
    radius = place.rng.uniform(11, 15)
    centre = np.array([side * 27 * s, -35 * s, -45 * s]) + place.rng.normal(0, 2, 3)
    ball = sphere(place.at(point(centre), radius), radius)
    cerebellum = body.landmarks["cerebellum"]
    return Lesion(
        "Vestibular schwannoma", (Part(ball, ENHANCING, within=cerebellum),), Intersection((ball, cerebellum))
    )


def scan(body: Body, seed: np.random.SeedSequence) -> tuple[Exposure, ...]:
    """Two axial series of 24 slices of 96 x 96, each with its own field of view."""
    exposures = []
    for sequence, child in zip((T1, FLAIR), seed.spawn(2), strict=True):
        rng = np.random.default_rng(child)
        pixel = rng.uniform(2.2, 2.55)
        centre = point(rng.uniform((-7, -8, -9), (7, 8, 1)))
        lattice = Lattice("zyx", centre, (24, 96, 96), (rng.uniform(5.6, 6.3), -pixel, -pixel))
        voxels = scan_mri(
            body, lattice, sequence.varied(rng), rng, noise=rng.uniform(0.006, 0.015), gain=rng.uniform(0.6, 1.6)
        )
        exposures.append(
            Exposure(
                "t1" if sequence is T1 else "flair",
                voxels,
                lattice.affine,
                Modality.MRI,
                Plane.AXIAL,
                "stored",
                f"Head {sequence.name}" + (" with contrast" if sequence is T1 else ""),
                partial(lesion_mask, grid=lattice),
            )
        )
    return tuple(exposures)


HEAD = Examination(
    Anatomy.HEAD_AND_NECK,
    build,
    {
        "Brain metastasis": brain_metastasis,
        "Multiple sclerosis": multiple_sclerosis,
        "Arachnoid cyst": arachnoid_cyst,
        "Vestibular schwannoma": vestibular_schwannoma,
    },
    scan,
)
