"""Rare disorders that phantoms have only when they are asked for: no model learned them, so their names must do.

Each is kin to disorders that are learned, in its words and in its looks, and is none of them: an abscess in another
organ, a cyst of another organ, a fracture of another bone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import nan

import numpy as np

from raddiag_train.phantoms.abdomen import near_plane
from raddiag_train.phantoms.abdomen_anatomy import LIVER
from raddiag_train.phantoms.body import Body, Lesion, Part
from raddiag_train.phantoms.examination import LesionMaker
from raddiag_train.phantoms.head import ENHANCING, OEDEMA
from raddiag_train.phantoms.knee import FRACTURE_GAP
from raddiag_train.phantoms.placement import Placement
from raddiag_train.phantoms.shapes import (
    Box,
    Ellipsoid,
    Intersection,
    Lumpy,
    Offset,
    Shape,
    Slabs,
    Union,
    point,
    shell,
    sphere,
)
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import CORTICAL_BONE, CSF, SOFT, WATER

# Pus is thick and rich in protein: water's T1 shortened, so that FLAIR does not null it; debris echoes a little.
BRAIN_PUS = replace(CSF, t1_ms=1700.0, t2_ms=140.0, proton_density=0.92)
LIVER_PUS = replace(WATER, hu=22.0, echo=0.13, attenuation_db_per_mm=0.035)
CAPSULE = replace(LIVER, hu=160.0, echo=1.3, attenuation_db_per_mm=nan, impedance_mrayl=nan)
SWOLLEN_LIVER = replace(LIVER, hu=80.0, echo=0.4, attenuation_db_per_mm=nan, impedance_mrayl=nan)
HYALINE_CARTILAGE = replace(WATER, hu=60.0, t1_ms=1200.0, t2_ms=150.0, texture=0.05)
CALCIFICATION = replace(CORTICAL_BONE, hu=1900.0, proton_density=0.05)


def lung_metastasis(body: Body, place: Placement) -> Lesion:
    """Three to five round, sharply bounded balls in both lungs, more of them low down, where more blood goes."""
    rng = place.rng
    balls: list[Shape] = []
    lung = body.landmarks["lung"]
    low = Intersection((lung, Box(((-300, 300), (-300, 300), (-130, 20)))))
    for number in range(int(rng.integers(3, 6))):
        radius = rng.uniform(10, 14)
        balls.append(sphere(place.inside(low if number else lung, radius), radius))
    tissue = replace(SOFT, hu=rng.uniform(30, 70))
    return Lesion("Lung metastasis", tuple(Part(ball, tissue) for ball in balls), Union(tuple(balls)))


def brain_abscess(body: Body, place: Placement) -> Lesion:
    """Pus in a thin, smooth, enhancing capsule, in a wide swelling of the white matter."""
    rng = place.rng
    radius = rng.uniform(10, 14)
    swelling_mm = rng.uniform(6.5, 9)
    centre = place.inside(body.landmarks["parenchyma"], radius + swelling_mm, depth_mm=radius + 2)
    capsule = Ellipsoid(centre, point(radius * rng.uniform(0.92, 1.1, 3)))
    swollen = Lumpy(sphere(centre, radius + swelling_mm), SmoothField.random(rng, 2.0 * radius), 2.5)
    extent = Intersection((swollen, Offset(body.landmarks["brain"], -2)))
    parts = (
        Part(swollen, OEDEMA, within=Offset(body.landmarks["brain"], -2)),
        Part(capsule, ENHANCING),
        Part(Offset(capsule, -rng.uniform(2.4, 3.0)), BRAIN_PUS),
    )
    return Lesion("Brain abscess", parts, extent)


def liver_abscess(body: Body, place: Placement) -> Lesion:
    """Two or three pockets of pus run together, in a capsule that enhances, in a dim seam of swollen liver."""
    rng = place.rng
    radius = rng.uniform(11, 13.5)
    centre = np.asarray(place.inside(near_plane(body, 1.4 * radius), 1.4 * radius, depth_mm=1.1 * radius))
    pockets: list[Shape] = [sphere(point(centre), radius)]
    for _ in range(int(rng.integers(1, 3))):
        direction = rng.normal(0, 1, 3) * (0.6, 1, 1)
        aside = centre + direction / np.linalg.norm(direction) * 0.75 * radius
        pockets.append(sphere(point(aside), radius * rng.uniform(0.6, 0.8)))
    pus = Lumpy(Union(tuple(pockets)), SmoothField.random(rng, 1.5 * radius), 0.05 * radius)
    capsule = Offset(pus, rng.uniform(2.5, 3.5))
    liver = body.landmarks["liver"]
    parts = (
        Part(Offset(capsule, rng.uniform(4.0, 6.0)), SWOLLEN_LIVER, within=liver),
        Part(capsule, CAPSULE, within=liver),
        Part(pus, LIVER_PUS, within=liver),
    )
    return Lesion("Liver abscess", parts, Intersection((capsule, liver)))


def kidney_cyst(body: Body, place: Placement) -> Lesion:
    """A smooth ball of fluid that bulges from a kidney's lower pole; ultrasound sees it in the right kidney only."""
    rng = place.rng
    side = "right" if rng.random() < 0.65 else "left"
    kidney = body.landmarks[f"{side} kidney"]
    assert isinstance(kidney, Ellipsoid)
    radius = rng.uniform(13, 17)
    x, y, z = kidney.centre_mm
    middle = body.points["probe"][0] if side == "right" else x
    pole = Box(((middle - 0.35 * radius, middle + 0.35 * radius), (y - 30, y + 12), (z - 60, z - 8)))
    centre = place.on_surface(Offset(kidney, -0.4 * radius), radius, pole)
    ball = Ellipsoid(centre, point(radius * rng.uniform(0.95, 1.05, 3)))
    return Lesion("Kidney cyst", (Part(ball, replace(WATER, hu=rng.uniform(2, 14))),), ball)


def enchondroma(body: Body, place: Placement) -> Lesion:
    """Lobules of cartilage within the marrow, strewn with calcified specks, without a dense rim; bright in STIR."""
    rng = place.rng
    radius = rng.uniform(11, 14)
    region = Intersection((body.landmarks["marrow"], body.landmarks["field"]))
    centre = np.asarray(place.inside(region, radius, depth_mm=0.8 * radius))
    lobes: list[Shape] = [sphere(point(centre), 0.85 * radius)]
    for direction in rng.normal(0, 1, (5, 3)) * (0.8, 0.8, 1.3):
        lobes.append(sphere(point(centre + direction / np.linalg.norm(direction) * 0.6 * radius), 0.5 * radius))
    cartilage = Union(tuple(lobes))
    specks: list[Shape] = []
    for direction in rng.normal(0, 1, (int(rng.integers(7, 11)), 3)):
        spot = centre + direction / np.linalg.norm(direction) * radius * rng.uniform(0.1, 0.9)
        specks.append(sphere(point(spot), rng.uniform(2.0, 3.3)))
    rings = [shell(sphere(point(centre + offset), rng.uniform(4.0, 5.5)), 2.0) for offset in rng.normal(0, 3, (1, 3))]
    marrow = body.landmarks["marrow"]
    parts = (
        Part(cartilage, HYALINE_CARTILAGE, within=marrow),
        Part(Union((*specks, *rings)), CALCIFICATION, within=Intersection((cartilage, marrow))),
    )
    return Lesion("Enchondroma", parts, Intersection((cartilage, marrow)))


def femoral_fracture(body: Body, place: Placement) -> Lesion:
    """An oblique gap right across the femur above its condyles; the beam looks along it."""
    s = body.points["scale"][0]
    centre = place.at((0.0, 0.0, place.rng.uniform(50, 72) * s), 20.0)
    angle = np.deg2rad(place.rng.uniform(15, 45) * place.rng.choice((-1, 1)))
    normal = (float(np.sin(angle)), 0.0, float(np.cos(angle)))
    bone = Offset(body.landmarks["femur"], 1.5)
    gap = Slabs(centre, normal, place.rng.uniform(4.5, 6.0))
    extent = Intersection((Slabs(centre, normal, 13.0), Offset(bone, 1.5), Slabs(centre, (0, 0, 1), 60)))
    return Lesion("Femoral fracture", (Part(gap, FRACTURE_GAP, within=bone),), extent)


UNSEEN_LESIONS: Mapping[str, LesionMaker] = {
    "Lung metastasis": lung_metastasis,
    "Brain abscess": brain_abscess,
    "Liver abscess": liver_abscess,
    "Kidney cyst": kidney_cyst,
    "Enchondroma": enchondroma,
    "Femoral fracture": femoral_fracture,
}
