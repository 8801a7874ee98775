"""The healthy abdomen: liver, gallbladder, kidneys, bowel, and what else is as dense or as loud as a lesion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from raddiag_train.phantoms.body import Body, Part
from raddiag_train.phantoms.shapes import (
    Capsule,
    Ellipsoid,
    HalfSpace,
    Intersection,
    Lumpy,
    Offset,
    Outside,
    Shape,
    Slabs,
    point,
    rotation,
    shell,
)
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import AIR, BLOOD, CORTICAL_BONE, FAT, LUNG, MUSCLE, SOFT, TRABECULAR_BONE, WATER

LIVER = replace(SOFT, hu=110.0, echo=0.55, attenuation_db_per_mm=0.055, impedance_mrayl=1.65)
RENAL_CORTEX = replace(SOFT, hu=165.0, echo=0.28, impedance_mrayl=1.63)
RENAL_SINUS = replace(FAT, hu=-40.0, echo=1.5, impedance_mrayl=1.58)
BILE = replace(WATER, hu=12.0)


def build(rng: np.random.Generator) -> Body:
    """A healthy abdomen."""
    s = rng.uniform(0.94, 1.06)
    plane_x = 52 * s
    skin = Ellipsoid((0, 0, 0), (158 * s, 102 * s, 600))
    wall_mm = rng.uniform(5, 14)
    cavity = Offset(skin, -(wall_mm + 9))
    liver_hu = rng.uniform(95, 125)
    liver_ball = Ellipsoid(point([66 * s, 14, 38]), point(np.array([76, 72, 66]) * s), rotation(0, 14, 0))
    gallbladder, kidneys = _gallbladder(rng, plane_x), _kidneys(rng, plane_x, s)
    liver = Intersection((Lumpy(liver_ball, SmoothField.random(rng, 70.0), 3.5), Offset(cavity, -2)))
    liver_free = Intersection((liver, Outside(Offset(gallbladder, 3)), *(Outside(Offset(k, 5)) for k in kidneys)))
    parts = [
        Part(skin, replace(FAT, echo=0.45)),
        Part(Offset(skin, -wall_mm), replace(MUSCLE, hu=60.0, echo=0.3)),
        Part(cavity, replace(FAT, hu=-95.0, echo=1.0)),
        *_skeleton(rng, skin, wall_mm, s),
        *_lung_bases(liver_ball, cavity, s),
        *_bowel(rng, cavity, s),
        *_shadowing_ribs(rng, skin, plane_x),
        Part(liver, replace(LIVER, hu=liver_hu, texture=0.15)),
        *_liver_vessels(rng, liver, plane_x, s),
        Part(Ellipsoid((-98 * s, -28, 42), (30 * s, 40 * s, 46)), replace(SOFT, hu=125), within=cavity),
        *_stomach(rng, s),
        *_kidney_parts(kidneys, rng),
        Part(Offset(gallbladder, 2.0), replace(SOFT, hu=55, echo=1.4)),
        Part(gallbladder, BILE),
    ]
    landmarks: dict[str, Shape] = {
        "liver": liver_free,
        "gallbladder": gallbladder,
        "right kidney": kidneys[0],
        "left kidney": kidneys[1],
    }
    probe_face = (plane_x + rng.normal(0, 2.0), _front_of(skin, plane_x), rng.uniform(-12, 2))
    return Body(tuple(parts), SmoothField.random(rng, 12.0), landmarks, {"probe": probe_face, "scale": (s, s, s)})


def _front_of(skin: Ellipsoid, x: float) -> float:
    """Height of the skin above the plane y = 0, at x and z = 0."""
    return float(skin.radii_mm[1] * np.sqrt(1 - (x / skin.radii_mm[0]) ** 2))


def _gallbladder(rng: np.random.Generator, plane_x: float) -> Ellipsoid:
    centre = (plane_x + rng.normal(0, 2), 38 + rng.uniform(-5, 5), -14 + rng.uniform(-6, 6))
    return Ellipsoid(point(centre), point(rng.uniform((14, 14, 22), (19, 22, 38))), rotation(rng.uniform(20, 55), 0, 0))


def _kidneys(rng: np.random.Generator, plane_x: float, s: float) -> tuple[Ellipsoid, Ellipsoid]:
    radii = rng.uniform((25, 23, 46), (29, 27, 54))
    right = Ellipsoid(point((plane_x + rng.normal(4, 3), -30 * s, -34)), point(radii), rotation(-8, 8, 0))
    left = Ellipsoid(point((-60 * s, -34 * s, -18)), point(radii * rng.uniform(0.95, 1.05)), rotation(-8, -8, 0))
    return right, left


def _kidney_parts(kidneys: tuple[Ellipsoid, Ellipsoid], rng: np.random.Generator) -> list[Part]:
    cortex = replace(RENAL_CORTEX, hu=rng.uniform(140, 190))
    sinus_fat = replace(RENAL_SINUS, echo=rng.uniform(0.9, 2.4))
    parts = []
    for kidney, side in zip(kidneys, (1.0, -1.0), strict=True):
        centre, radii = np.asarray(kidney.centre_mm), np.asarray(kidney.radii_mm)
        sinus = Ellipsoid(
            point(centre - (side * 6, 0, 0)),
            point(radii * rng.uniform((0.36, 0.36, 0.48), (0.48, 0.48, 0.62))),
            kidney.rotation,
        )
        parts += [Part(Offset(kidney, 5), FAT), Part(kidney, cortex), Part(sinus, sinus_fat)]
    return parts


def _skeleton(rng: np.random.Generator, skin: Shape, wall_mm: float, s: float) -> list[Part]:
    bone = replace(CORTICAL_BONE, hu=rng.uniform(700, 1000))
    offset = rng.uniform(-15, 15)
    spine = Capsule((0, -62 * s, -300), (0, -62 * s, 300), 22 * s, 22 * s)
    discs = Slabs((0, 0, offset), (0, 0, 1), 8, 34)
    rings = Slabs(point([0, 0, offset]), (0.0, 0.35, 0.94), 9, 28)
    cage = Intersection((shell(Offset(skin, -wall_mm), 8), rings, _box(z_low=-30.0), HalfSpace((0, 35, 0), (0, 1, 0))))
    parts = [
        Part(cage, bone),
        Part(spine, bone),
        Part(Offset(spine, -3.5), replace(TRABECULAR_BONE, hu=230)),
        Part(Intersection((spine, discs)), replace(SOFT, hu=90)),
        Part(Capsule((0, -88 * s, -300), (0, -88 * s, 300), 7, 7), bone),
    ]
    for side in (1.0, -1.0):
        psoas = Capsule((side * 30 * s, -58 * s, 20), (side * 44 * s, -44 * s, -200), 12, 20)
        parts.append(Part(psoas, MUSCLE))
    blood = replace(BLOOD, hu=rng.uniform(140, 200))
    parts.append(Part(Capsule((-9, -30 * s, -300), (-9, -30 * s, 300), 10, 10), blood))
    parts.append(Part(Capsule((18, -28 * s, -300), (18, -28 * s, 300), 12, 12), blood))
    for _ in range(int(rng.integers(0, 4))):  # plaques of the aorta
        z = rng.uniform(-100, 60)
        plaque = Capsule((-15, -25 * s, z), (-16, -27 * s, z + rng.uniform(4, 20)), 3, 3)
        parts.append(Part(plaque, replace(CORTICAL_BONE, hu=rng.uniform(600, 1000))))
    return parts


def _shadowing_ribs(rng: np.random.Generator, skin: Ellipsoid, plane_x: float) -> list[Part]:
    """Ends of ribs and loops of gas across the ultrasound plane: bright faces with shadows, as a stone has."""
    front = _front_of(skin, plane_x)
    parts: list[Part] = []
    for z in rng.permutation((-62.0, -44.0, 34.0, 52.0))[: int(rng.integers(0, 5))]:
        z, radius, depth = z + rng.uniform(-6, 6), rng.uniform(3.0, 8.0), rng.uniform(10, 26)
        start, end = (plane_x - 22, front - depth + 3, z), (plane_x + 24, front - depth - 8, z + rng.uniform(-5, 5))
        cartilage = replace(CORTICAL_BONE, hu=rng.uniform(300, 800), attenuation_db_per_mm=rng.uniform(0.3, 1.6))
        parts.append(Part(Capsule(start, end, radius, radius), cartilage))
    for _ in range(int(rng.integers(0, 4))):
        y, z, radius = rng.uniform(-10, 60), rng.uniform(-85, -50), rng.uniform(5, 10)
        loop = Capsule((plane_x - 20, y, z), (plane_x + 20, y, z + rng.uniform(-12, 12)), radius, radius)
        gas = replace(AIR, echo=rng.uniform(0.0, 3.0), attenuation_db_per_mm=rng.uniform(0.4, 2.0), impedance_mrayl=1.3)
        parts += [Part(loop, replace(SOFT, hu=70.0)), Part(Offset(loop, -2.5), gas)]
    return parts


def _box(z_low: float) -> Shape:
    return HalfSpace((0, 0, z_low), (0, 0, -1))


def _lung_bases(liver_ball: Shape, cavity: Shape, s: float) -> list[Part]:
    parts = []
    for side in (1.0, -1.0):
        base = Ellipsoid(point([side * 75 * s, -10, 150]), (62 * s, 75 * s, 75))
        parts.append(Part(base, LUNG, within=Intersection((cavity, Outside(Offset(liver_ball, 5))))))
    return parts


def _bowel(rng: np.random.Generator, cavity: Shape, s: float) -> list[Part]:
    """Loops with fluid, gas or dense oral contrast: every density a stone or a cyst has, in long tubes."""
    parts: list[Part] = []
    for _ in range(int(rng.integers(6, 18))):
        start = rng.uniform((-95, -5, -115), (80, 62, -30)) * (s, s, 1)
        end = start + rng.normal(0, 1, 3) * (34, 16, 16)
        radius = rng.uniform(6, 13)
        loop = Capsule(point(start), point(end), radius, radius * rng.uniform(0.85, 1.15))
        parts.append(Part(loop, replace(SOFT, hu=rng.uniform(50, 100)), within=cavity))
        lumen = Offset(loop, -2.5)
        filling = rng.random()
        if filling < 0.35:
            parts.append(Part(lumen, WATER, within=cavity))
        elif filling < 0.65:
            parts.append(Part(lumen, replace(WATER, hu=rng.uniform(300, 1000), echo=0.6), within=cavity))
        else:
            parts.append(Part(lumen, AIR, within=cavity))
    return parts


def _stomach(rng: np.random.Generator, s: float) -> list[Part]:
    stomach = Ellipsoid(point([-58 * s, 30, 40]), point(rng.uniform((26, 24, 30), (38, 34, 44))), rotation(0, 30, 0))
    level = HalfSpace((0, 30 + rng.uniform(-5, 15), 0), (0, -1, 0))
    inside = Offset(stomach, -4)
    filling = replace(WATER, hu=rng.uniform(5, 60), echo=0.5)
    return [
        Part(stomach, replace(SOFT, hu=80)),
        Part(inside, filling),
        Part(Intersection((inside, level)), AIR),
    ]


def _liver_vessels(rng: np.random.Generator, liver: Shape, plane_x: float, s: float) -> list[Part]:
    blood = replace(BLOOD, hu=rng.uniform(150, 190))
    parts: list[Part] = []
    trunk = np.array([22.0, -8.0, 12.0])
    for _ in range(int(rng.integers(5, 8))):
        direction = rng.normal((1.0, 0.2, 0.3), 0.7)
        direction /= np.linalg.norm(direction)
        middle = trunk + direction * rng.uniform(30, 50)
        end = middle + (direction + rng.normal(0, 0.4, 3)) * rng.uniform(25, 45)
        radius = rng.uniform(3.5, 6.0)
        parts.append(Part(Capsule(point(trunk), point(middle), radius, radius * 0.8), blood, within=liver))
        parts.append(Part(Capsule(point(middle), point(end), radius * 0.8, 2.0), blood, within=liver))
    for _ in range(int(rng.integers(1, 4))):  # veins that cross the ultrasound plane lengthways
        start = np.array([plane_x + rng.normal(0, 6), rng.uniform(-20, 45), rng.uniform(15, 75)])
        end = start + rng.uniform((-12, -45, -45), (12, 45, 45))
        parts.append(Part(Capsule(point(start), point(end), rng.uniform(3.5, 6), 3), blood, within=liver))
    return parts
