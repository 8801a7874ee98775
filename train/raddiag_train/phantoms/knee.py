"""The knee: a frontal radiograph and a coronal STIR series of the same body."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import nan

import numpy as np

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_train.phantoms.body import Body, Lesion, Part, lesion_mask
from raddiag_train.phantoms.chest import detector_affine
from raddiag_train.phantoms.examination import Examination, Exposure
from raddiag_train.phantoms.lattice import Lattice
from raddiag_train.phantoms.mri import STIR, scan_mri
from raddiag_train.phantoms.placement import Placement
from raddiag_train.phantoms.radiograph import projected_mask, scan_radiograph
from raddiag_train.phantoms.shapes import (
    Capsule,
    Ellipsoid,
    Intersection,
    Lumpy,
    Offset,
    Outside,
    Shape,
    Slabs,
    Union,
    point,
    rotation,
    sphere,
)
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import CORTICAL_BONE, FAT, MUSCLE, SOFT, TRABECULAR_BONE, WATER

FATTY_MARROW = replace(TRABECULAR_BONE, hu=450.0, t1_ms=262.0, texture=0.3)
FRACTURE_GAP = replace(FATTY_MARROW, hu=-60.0, proton_density=nan)  # marrow fat fills the gap, which STIR does not see
CARTILAGE = replace(SOFT, hu=80.0, t1_ms=1100.0, t2_ms=60.0)


def build(rng: np.random.Generator) -> Body:
    """A healthy knee; `mirror` makes it a left or a right one."""
    s, mirror = rng.uniform(0.92, 1.08), float(rng.choice((1.0, -1.0)))
    femur, tibia, fibula = _femur(rng, s), _tibia(rng, s), _fibula(rng, s, mirror)
    bones = (femur, tibia, fibula)
    skin = Capsule((0, 0, 220), (0, -4, -220), rng.uniform(58, 76) * s, rng.uniform(44, 56) * s)
    patella = Ellipsoid((rng.normal(0, 4), 44 * s, 18 * s), (21 * s, 9 * s, 22 * s))
    cortex_mm = rng.uniform(2.4, 4.4)
    marrow = replace(FATTY_MARROW, hu=rng.uniform(300, 620), texture=rng.uniform(0.1, 0.35))
    cortex = replace(CORTICAL_BONE, hu=rng.uniform(800, 1500))
    parts = [
        Part(skin, FAT),
        *_muscles(rng, s),
        *_joint(rng, s, mirror),
        *(Part(bone, cortex) for bone in (*bones, patella)),
        *(Part(Offset(bone, -cortex_mm), marrow) for bone in (*bones, patella)),
        *_marrow_variants(rng, femur, tibia, s),
        Part(
            Capsule((-4, -40 * s, 220), (-2, -34 * s, -220), *rng.uniform(3, 6.5, 2)),
            replace(WATER, t1_ms=1500.0, t2_ms=200.0),
        ),
    ]
    landmarks: dict[str, Shape] = {
        "femur": femur,
        "tibia": tibia,
        "marrow": Union((Offset(femur, -cortex_mm), Offset(tibia, -cortex_mm))),
        "field": Ellipsoid((0, 0, -5), (60, 60, 78)),
    }
    points = {"scale": (s, s, s), "mirror": (mirror,) * 3}
    return Body(tuple(parts), SmoothField.random(rng, 9.0), landmarks, points)


def _femur(rng: np.random.Generator, s: float) -> Shape:
    tilt = rng.normal(0, 4)
    return Union(
        (
            Capsule((tilt, 4, 220), (0, 2, 52 * s), 15 * s, 17 * s),
            Capsule((0, 2, 56 * s), (0, -4, 24 * s), 17 * s, 25 * s),
            Ellipsoid((21 * s, -8, 20 * s), (20 * s, 28 * s, 20 * s)),
            Ellipsoid((-21 * s, -8, 20 * s), (20 * s, 28 * s, 20 * s)),
        )
    )


def _tibia(rng: np.random.Generator, s: float) -> Shape:
    tilt = rng.normal(0, 4)
    return Union(
        (
            Ellipsoid((0, -4, -16 * s), (41 * s, 27 * s, 12 * s)),
            Capsule((0, -3, -20 * s), (tilt * 0.3, 0, -58 * s), 26 * s, 15 * s),
            Capsule((tilt * 0.3, 0, -58 * s), (tilt, 2, -220), 15 * s, 13 * s),
        )
    )


def _fibula(rng: np.random.Generator, s: float, mirror: float) -> Shape:
    x = mirror * 36 * s
    return Union(
        (
            Capsule((x, -18, -34 * s), (x, -18, -50 * s), 8 * s, 6 * s),
            Capsule((x, -18, -50 * s), (x + rng.normal(0, 2), -18, -220), 6 * s, 6 * s),
        )
    )


def _muscles(rng: np.random.Generator, s: float) -> list[Part]:
    shapes: list[Shape] = [
        Capsule((0, 26, 220), (0, 34, 55 * s), 34 * s, 16 * s),
        Capsule((0, 44 * s, 0), (0, 34 * s, -38 * s), 5, 5),
    ]
    for side in (1.0, -1.0):
        shapes += [
            Capsule(point((side * 34 * s, -8, 220)), point((side * 32 * s, -30 * s, 20)), 26 * s, 9 * s),
            Capsule(point((side * 20 * s, -34 * s, 10)), point((side * 18 * s, -26 * s, -90)), 9 * s, 20 * s),
            Capsule(point((side * 18 * s, -26 * s, -90)), point((side * 16 * s, -22 * s, -220)), 20 * s, 20 * s),
            Capsule(point((side * 24 * s, 14, -70)), point((side * 22 * s, 12, -220)), 13 * s, 14 * s),
        ]
    muscle = replace(MUSCLE, proton_density=rng.uniform(0.7, 0.85))
    return [Part(shape, muscle) for shape in shapes]


def _joint(rng: np.random.Generator, s: float, mirror: float) -> list[Part]:
    """Cartilage, menisci, and a healthy amount of joint fluid in flat pockets."""
    fluid = replace(WATER, hu=15.0)
    pouch = Ellipsoid((0, 30 * s, 46 * s), point(rng.uniform((10, 3, 14), (34, 9, 42))))
    space = Ellipsoid((0, -4, 0), (44 * s, 30 * s, rng.uniform(6, 8)))
    parts = [Part(pouch, fluid), Part(space, CARTILAGE)]
    for side in (1.0, -1.0):
        recess = Ellipsoid((side * 42 * s, 0, 6), point(rng.uniform((2, 10, 6), (5.5, 24, 22))))
        parts.append(Part(recess, fluid))
    for _ in range(int(rng.integers(0, 7))):  # superficial veins
        x, y = rng.choice((-1, 1)) * rng.uniform(40, 52) * s, rng.uniform(-25, 15)
        start, end = (x, y, rng.uniform(20, 90)), (x + rng.normal(0, 5), y, rng.uniform(-90, -20))
        parts.append(Part(Capsule(start, end, *rng.uniform(2, 4, 2)), replace(WATER, t1_ms=1500.0, t2_ms=200.0)))
    return parts


def _marrow_variants(rng: np.random.Generator, femur: Shape, tibia: Shape, s: float) -> list[Part]:
    """Healthy things in bone: growth plate scars, bone islands, nutrient canals, islands of red marrow."""
    scar = replace(FATTY_MARROW, hu=rng.uniform(450, 900))
    canal = replace(FATTY_MARROW, hu=rng.uniform(0, 250), proton_density=nan)
    parts = [
        Part(Slabs((0, 0, 34 * s), (0, 0, 1), 3), scar, within=Offset(femur, -2)),
        Part(Slabs((0, 0, -30 * s), (0, 0, 1), 3), scar, within=Offset(tibia, -2)),
    ]
    red_marrow = replace(FATTY_MARROW, t1_ms=rng.uniform(400, 700), t2_ms=rng.uniform(60, 110))
    for _ in range(int(rng.integers(0, 6))):
        middle = (rng.uniform(-8, 8), 0.0, rng.uniform(48, 95) * rng.choice((1, -1)))
        streak = Ellipsoid(
            point(middle), point(rng.uniform((4, 4, 10), (9, 9, 24))), rotation(0, rng.uniform(-10, 10), 0)
        )
        parts.append(Part(streak, red_marrow, within=Union((Offset(femur, -4), Offset(tibia, -4)))))
    for _ in range(int(rng.integers(0, 4))):
        x, z = rng.uniform(-10, 10), rng.uniform(46, 90) * rng.choice((1, -1))
        ends = (x, 0, z), (x + rng.uniform(-9, 9), 10, z + rng.uniform(12, 30))
        parts.append(Part(Capsule(*ends, *rng.uniform(2, 4, 2)), canal, within=Union((femur, tibia))))
    for _ in range(int(rng.integers(0, 5))):
        centre = (rng.uniform(-25, 25), rng.uniform(-10, 5), rng.choice((20.0, -20.0)) * s)
        parts.append(Part(sphere(point(centre), rng.uniform(3, 5)), replace(CORTICAL_BONE, proton_density=0.05)))
    return parts


def tibial_fracture(body: Body, place: Placement) -> Lesion:
    """An oblique gap right across the tibia with its ends apart; the beam looks along it."""
    s = body.points["scale"][0]
    centre = place.at((0.0, 0.0, place.rng.uniform(-78, -44) * s), 20.0)
    angle = np.deg2rad(place.rng.uniform(15, 45) * place.rng.choice((-1, 1)))
    normal = (float(np.sin(angle)), 0.0, float(np.cos(angle)))
    bone = Offset(body.landmarks["tibia"], 1.5)
    gap = Slabs(centre, normal, place.rng.uniform(4.5, 6.0))
    extent = Intersection((Slabs(centre, normal, 13.0), Offset(bone, 1.5), Slabs(centre, (0, 0, 1), 60)))
    return Lesion("Tibial fracture", (Part(gap, FRACTURE_GAP, within=bone),), extent)


def osteochondroma(body: Body, place: Placement) -> Lesion:
    """A mushroom of bone on the side of femur or tibia, its marrow one with the bone's, under a cap of cartilage."""
    s = body.points["scale"][0]
    upper, side = place.rng.random() < 0.5, place.rng.choice((1.0, -1.0))
    z = place.rng.uniform(44, 56) * s if upper else place.rng.uniform(-56, -44) * s
    base = np.array([side * 10 * s, 0.0, z])
    away = np.array([side, place.rng.uniform(-0.3, 0.3), 0.55 if upper else -0.55])
    radius = place.rng.uniform(9, 12)
    head = base + away / np.linalg.norm(away) * (20 + radius)
    place.at(point(head), radius)
    knob = Lumpy(sphere(point(head), radius), SmoothField.random(place.rng, 1.5 * radius), 1.5)
    stalk = Capsule(point(base), point(head), 8, 8)
    grown = Union((knob, stalk))
    outside = Outside(Offset(body.landmarks["femur" if upper else "tibia"], -3))
    parts = (
        Part(Offset(knob, 5), replace(WATER, hu=120.0, t1_ms=1200.0, t2_ms=120.0), within=outside),
        Part(grown, CORTICAL_BONE, within=outside),
        Part(Offset(grown, -2.5), FATTY_MARROW),
    )
    return Lesion("Osteochondroma", parts, Intersection((Offset(grown, 4), outside)))


def bone_cyst(body: Body, place: Placement) -> Lesion:
    """A fluid-filled hole in the marrow of femur or tibia with a dense rim."""
    radius = place.rng.uniform(12, 16)
    region = Intersection((body.landmarks["marrow"], body.landmarks["field"]))
    centre = place.inside(region, radius, depth_mm=0.8 * radius)
    hole = Ellipsoid(centre, point(radius * place.rng.uniform(0.9, 1.1, 3)))
    parts = (Part(Offset(hole, 3.5), CORTICAL_BONE), Part(hole, replace(WATER, hu=-20.0)))
    return Lesion("Bone cyst", parts, Offset(hole, 3.5))


def baker_cyst(body: Body, place: Placement) -> Lesion:
    """A bag of joint fluid behind the knee; soft tissue like any other to X-rays."""
    s = body.points["scale"][0]
    radius = place.rng.uniform(11, 15)
    centre = place.rng.uniform((-26, -47, -28), (26, -41, 24)) * s
    place.at(point(centre), radius)
    bag = Ellipsoid(point(centre), point(radius * place.rng.uniform((0.95, 0.8, 1.0), (1.15, 0.95, 1.4))))
    smooth = Lumpy(bag, SmoothField.random(place.rng, 20.0), 1.0)
    soft = Intersection((smooth, Outside(body.landmarks["femur"]), Outside(body.landmarks["tibia"])))
    return Lesion("Baker cyst", (Part(soft, replace(WATER, hu=nan)),), soft)


def scan(body: Body, seed: np.random.SeedSequence) -> tuple[Exposure, ...]:
    """A frontal radiograph of 160 x 160 and 22 coronal slices of 96 x 96."""
    xray_rng, mri_rng = (np.random.default_rng(child) for child in seed.spawn(2))
    width = xray_rng.uniform(175, 205)
    centre = point(xray_rng.uniform((-10, 0, -12), (10, 0, 8)))
    film = Lattice("zyx", centre, (128, 56, 128), (-width / 128, -2.8, -width / 128))
    xray = scan_radiograph(
        body,
        film,
        160,
        xray_rng,
        photons_per_pixel=xray_rng.uniform(8e3, 2.5e4),
        scatter_to_primary=xray_rng.uniform(0.1, 0.45),
    )
    pixel = mri_rng.uniform(1.9, 2.15)
    middle = point(mri_rng.uniform((-8, -6, -10), (8, 0, 8)))
    lattice = Lattice("yzx", middle, (22, 96, 96), (-mri_rng.uniform(5.2, 5.8), -pixel, -pixel))
    stir = scan_mri(
        body, lattice, STIR.varied(mri_rng), mri_rng, noise=mri_rng.uniform(0.008, 0.02), gain=mri_rng.uniform(0.6, 1.6)
    )
    return (
        Exposure(
            "xray",
            xray,
            detector_affine(film, 160),
            Modality.XRAY,
            Plane.FRONTAL,
            "stored",
            "Knee frontal",
            partial(projected_mask, lattice=film, size_px=160),
        ),
        Exposure(
            "stir",
            stir,
            lattice.affine,
            Modality.MRI,
            Plane.CORONAL,
            "stored",
            "Knee STIR",
            partial(lesion_mask, grid=lattice),
        ),
    )


KNEE = Examination(
    Anatomy.LOWER_LIMB,
    build,
    {
        "Tibial fracture": tibial_fracture,
        "Osteochondroma": osteochondroma,
        "Bone cyst": bone_cyst,
        "Baker cyst": baker_cyst,
    },
    scan,
)
