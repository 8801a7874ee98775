"""The chest: a CT volume and the frontal radiograph projected from the same body."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_train.phantoms.body import Body, Lesion, Part, lesion_mask
from raddiag_train.phantoms.ct import scan_ct
from raddiag_train.phantoms.examination import Examination, Exposure
from raddiag_train.phantoms.lattice import Lattice
from raddiag_train.phantoms.placement import Placement
from raddiag_train.phantoms.radiograph import projected_mask, scan_radiograph
from raddiag_train.phantoms.shapes import (
    Box,
    Capsule,
    Ellipsoid,
    HalfSpace,
    Intersection,
    Lumpy,
    Offset,
    Outside,
    Shape,
    Slabs,
    Union,
    point,
    rotation,
    shell,
    sphere,
)
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import AIR, BLOOD, CORTICAL_BONE, FAT, LUNG, MUSCLE, SOFT, TRABECULAR_BONE, WATER

GROUND_GLASS = replace(LUNG, hu=-708.0, texture=0.1)
HAZE = replace(LUNG, hu=-600.0)


def build(rng: np.random.Generator) -> Body:
    """A healthy chest."""
    s = rng.uniform(0.92, 1.08)
    thorax = Ellipsoid((0, 0, 20), point([150 * s, 100 * s * rng.uniform(0.95, 1.08), 420]))
    heart = Ellipsoid(
        point(rng.normal((-22 * s, 18, -45), 5)), point(rng.uniform(0.88, 1.12, 3) * (52, 46, 58)), rotation(20, 0, 30)
    )
    lungs = tuple(_lung(rng, side, s) for side in (1.0, -1.0))
    mediastinum = Ellipsoid((0, 5, 20), (rng.uniform(24, 34), 75, 200))
    air = Union(tuple(Intersection((lung, Outside(heart), Outside(mediastinum))) for lung in lungs))
    domes = tuple(
        Ellipsoid(point([side * 78 * s, 0, -150 + rng.uniform(-14, 10) + 12 * (side > 0)]), (82, 98, 70))
        for side in (1.0, -1.0)
    )
    aerated = Intersection((air, *(Outside(dome) for dome in domes)))
    muscle = Offset(thorax, -rng.uniform(6, 20))
    parts = [
        Part(thorax, FAT),
        Part(muscle, replace(MUSCLE, texture=0.1)),
        Part(Offset(thorax, -38), replace(FAT, hu=-60.0)),
        *_skeleton(rng, thorax, s),
        Part(aerated, replace(LUNG, hu=rng.uniform(-885, -845), texture=rng.uniform(0.1, 0.35))),
        Part(mediastinum, FAT, within=Outside(air)),
        Part(heart, replace(SOFT, hu=rng.uniform(40, 60))),
        *(Part(dome, replace(SOFT, hu=55.0), within=Offset(thorax, -24)) for dome in domes),
        *_great_vessels_and_airways(rng),
        *_gastric_bubble(rng, s),
        *_dependent_opacity(rng, aerated, s),
        *_lung_vessels(rng, lungs, domes, s),
    ]
    landmarks: dict[str, Shape] = {"lung": aerated, "right lung": lungs[0], "left lung": lungs[1]}
    return Body(tuple(parts), SmoothField.random(rng, 11.0), landmarks, {"scale": (s, s, s)})


def _lung(rng: np.random.Generator, side: float, s: float) -> Ellipsoid:
    centre = (side * 69 * s, rng.uniform(-6, 4), 5 + rng.uniform(-6, 6))
    return Ellipsoid(point(centre), point((54 * s, 72 * s, rng.uniform(118, 136))), rotation(0, -side * 5, side * 6))


def _skeleton(rng: np.random.Generator, thorax: Shape, s: float) -> list[Part]:
    bone = replace(CORTICAL_BONE, hu=rng.uniform(700, 1000))
    cage = Offset(thorax, -13)
    parts: list[Part] = []
    offset = rng.uniform(0, 26)
    for front, slope in ((True, 0.55), (False, -0.25)):
        normal = np.array([0.0, slope, 1.0]) / np.hypot(1, slope)
        rings = Slabs(point([0, 0, offset]), point(normal), 10 * s, rng.uniform(25, 30))
        half = HalfSpace((0, 10, 0), (0, -1, 0) if front else (0, 1, 0))
        gap = Slabs((0, 0, 0), (1, 0, 0), 44 if front else 10)
        parts.append(Part(Intersection((shell(cage, 9), rings, half, Outside(gap))), bone))
    spine = Capsule((0, -68 * s, -260), (0, -66 * s, 260), 19 * s, 17 * s)
    discs = Slabs((0, 0, offset), (0, 0, 1), 6, 27)
    parts += [
        Part(spine, bone),
        Part(Offset(spine, -3), replace(TRABECULAR_BONE, hu=220)),
        Part(Intersection((spine, discs)), replace(SOFT, hu=90)),
        Part(Capsule((0, -92 * s, -260), (0, -92 * s, 260), 7, 7), bone),
        Part(Ellipsoid((0, 74 * s, 30), (16, 6, 75)), replace(bone, hu=400)),
    ]
    for side in (1.0, -1.0):
        start, end = (side * 14, 62 * s, 112), (side * 120 * s, 10, 135 + rng.uniform(-8, 8))
        parts.append(Part(Capsule(point(start), point(end), 6, 6), bone))
    return parts


def _great_vessels_and_airways(rng: np.random.Generator) -> list[Part]:
    blood = replace(BLOOD, hu=rng.uniform(40, 70))
    carina = rng.uniform(22, 38)
    arch = carina + 30
    aorta_radius = rng.uniform(11, 14)
    tubes = [
        Capsule((-16, -38, -220), (-16, -36, arch), aorta_radius, aorta_radius),
        Capsule((-16, -36, arch), (0, 24, arch + 4), aorta_radius, aorta_radius),
        Capsule((0, 24, arch + 4), (4, 20, -20), aorta_radius, aorta_radius + 2),
        Capsule((20, 14, 150), (22, 12, -20), 9, 10),
        Capsule((-10, 14, carina - 10), (30, -4, carina - 20), 11, 9),
        Capsule((-10, 14, carina - 10), (-34, -8, carina - 14), 11, 9),
    ]
    parts = [Part(tube, blood) for tube in tubes]
    wall = replace(SOFT, hu=20)
    airways = [
        Capsule((0, -6, 220), (2, -10, carina), 8.5, 8),
        Capsule((2, -10, carina), (36, -16, carina - 28), 6.5, 5),
        Capsule((2, -10, carina), (-40, -18, carina - 32), 6, 4.5),
    ]
    parts += [Part(Offset(airway, 2.0), wall) for airway in airways]
    return parts + [Part(airway, AIR) for airway in airways]


def _gastric_bubble(rng: np.random.Generator, s: float) -> list[Part]:
    """Gas with a fluid level under the left dome: a healthy ring with air in it."""
    radii = rng.uniform((16, 18, 12), (30, 34, 22))
    stomach = Ellipsoid(point([-66 * s, 15, -106 + rng.uniform(-12, 0)]), point(radii))
    level = HalfSpace(point([0, 15 - radii[1] * rng.uniform(-0.2, 0.6), 0]), (0, -1, 0))
    return [Part(stomach, WATER), Part(Intersection((Offset(stomach, -3), level)), AIR)]


def _dependent_opacity(rng: np.random.Generator, aerated: Shape, s: float) -> list[Part]:
    """Bands at the back of a supine patient's lungs and thin plates in them: as dense as ground glass, and long."""
    parts = []
    for side in (1.0, -1.0):
        for _ in range(int(rng.integers(0, 3))):
            centre = (side * rng.uniform(55, 80) * s, -68 * s, rng.uniform(-70, 60))
            band = Ellipsoid(point(centre), point(rng.uniform((18, 6, 25), (45, 17, 70))))
            parts.append(Part(band, replace(HAZE, hu=rng.uniform(-760, -560)), within=aerated))
        for _ in range(int(rng.integers(0, 3))):
            centre = (side * rng.uniform(50, 95) * s, rng.uniform(-40, 40), rng.uniform(-75, 20))
            plate = Ellipsoid(
                point(centre), point(rng.uniform((18, 12, 3), (40, 32, 5))), rotation(*rng.uniform(-30, 30, 3))
            )
            parts.append(Part(plate, replace(HAZE, hu=rng.uniform(-740, -500)), within=aerated))
    return parts


def _lung_vessels(rng: np.random.Generator, lungs: tuple[Shape, ...], domes: tuple[Shape, ...], s: float) -> list[Part]:
    parts: list[Part] = []
    for side, lung, dome in zip((1.0, -1.0), lungs, domes, strict=True):
        aerated = Intersection((lung, Outside(dome)))
        hilum = np.array([side * 38 * s, -4.0, 8.0])
        parts.append(Part(Ellipsoid(point(hilum), (11, 13, 20)), replace(BLOOD, hu=30)))
        for _ in range(int(rng.integers(9, 14))):
            direction = rng.normal(0, 1, 3) * (0.8, 0.9, 1.3) + (side * 1.0, 0, -0.2)
            direction /= np.linalg.norm(direction)
            middle = hilum + direction * rng.uniform(28, 45)
            radius = rng.uniform(2.6, 4.6)
            parts.append(_vessel(hilum, middle, radius, radius * 0.75, aerated))
            for _ in range(2):
                fork = direction + rng.normal(0, 0.45, 3)
                end = middle + fork / np.linalg.norm(fork) * rng.uniform(28, 50)
                parts.append(_vessel(middle, end, radius * 0.7, 1.3, aerated))
    return parts


def _vessel(start: np.ndarray, end: np.ndarray, start_radius: float, end_radius: float, aerated: Shape) -> Part:
    return Part(Capsule(point(start), point(end), start_radius, end_radius), replace(BLOOD, hu=20), within=aerated)


def pulmonary_nodule(body: Body, place: Placement) -> Lesion:
    """A solid ball with an uneven surface, anywhere in a lung."""
    radius = place.rng.uniform(17, 25)
    centre = place.inside(body.landmarks["lung"], radius)
    ball = Lumpy(sphere(centre, radius), SmoothField.random(place.rng, 1.6 * radius), 0.06 * radius)
    return Lesion("Pulmonary nodule", (Part(ball, replace(SOFT, hu=place.rng.uniform(30, 70))),), ball)


def ground_glass_nodule(body: Body, place: Placement) -> Lesion:
    """A hazy ball through which vessels still show; too faint for the radiograph."""
    radius = place.rng.uniform(18, 24)
    centre = place.inside(body.landmarks["lung"], radius)
    ball = Lumpy(sphere(centre, radius), SmoothField.random(place.rng, 1.6 * radius), 0.06 * radius)
    return Lesion("Ground-glass nodule", (Part(ball, GROUND_GLASS, within=body.landmarks["lung"]),), ball)


def lung_abscess(body: Body, place: Placement) -> Lesion:
    """A thick wall around gas over a level of pus."""
    radius = place.rng.uniform(21, 28)
    centre = place.inside(body.landmarks["lung"], radius)
    wall = Lumpy(sphere(centre, radius), SmoothField.random(place.rng, 1.5 * radius), 0.06 * radius)
    cavity = sphere(centre, radius - place.rng.uniform(7.0, 9.0))
    level = HalfSpace((0, centre[1] + place.rng.uniform(-0.2, 0.2) * radius, 0), (0, -1, 0))
    parts = (Part(wall, SOFT), Part(cavity, WATER), Part(Intersection((cavity, level)), AIR))
    return Lesion("Lung abscess", parts, wall)


def pleural_effusion(body: Body, place: Placement) -> Lesion:
    """Loculated fluid, a lens between the side wall and the lower lung."""
    side = place.rng.choice((1.0, -1.0))
    lung = body.landmarks["right lung" if side > 0 else "left lung"]
    s = body.points["scale"][0]
    low, high = sorted((side * 90 * s, side * 140 * s))
    region = Intersection((Box(((low, high), (-70, 10), (-95, -20))), lung))
    centre = place.on_surface(lung, 26, region)
    radii = place.rng.uniform((20, 28, 32), (26, 36, 44))
    lens = Ellipsoid(centre, point(radii), rotation(0, 0, side * 25))
    extent = Intersection((lens, lung))
    return Lesion("Pleural effusion", (Part(lens, replace(WATER, hu=12.0), within=lung),), extent)


def scan(body: Body, seed: np.random.SeedSequence) -> tuple[Exposure, ...]:
    """CT, 24 axial slices of 96 x 96, and a frontal radiograph of 160 x 160."""
    ct_rng, xray_rng = (np.random.default_rng(child) for child in seed.spawn(2))
    pixel = ct_rng.uniform(3.4, 3.9)
    shift = point(ct_rng.uniform((-12, -10, -14), (12, 10, 14)))
    lattice = Lattice("zyx", shift, (24, 96, 96), (ct_rng.uniform(10.5, 12.0), -pixel, -pixel))
    ct = scan_ct(body, lattice, ct_rng, noise_hu=ct_rng.uniform(14, 28))
    width = xray_rng.uniform(310, 350)
    centre = point(xray_rng.uniform((-14, 0, -16), (14, 0, 16)))
    film = Lattice("zyx", centre, (112, 56, 112), (-width / 112, -4.2, -width / 112))
    xray = scan_radiograph(
        body,
        film,
        160,
        xray_rng,
        photons_per_pixel=xray_rng.uniform(800, 1300),
        scatter_to_primary=xray_rng.uniform(0.25, 0.5),
    )
    return (
        Exposure(
            "ct",
            ct,
            lattice.affine,
            Modality.CT,
            Plane.AXIAL,
            "HU",
            "Chest CT",
            partial(lesion_mask, grid=lattice),
        ),
        Exposure(
            "xray",
            xray,
            detector_affine(film, 160),
            Modality.XRAY,
            Plane.FRONTAL,
            "stored",
            "Chest frontal",
            partial(projected_mask, lattice=film, size_px=160),
        ),
    )


def detector_affine(film: Lattice, size_px: int) -> np.ndarray:
    """(4, 4), index (0, row, column) to RAS+ mm, of a frontal projection laid in the plane through the middle."""
    affine = np.zeros((4, 4))
    pixel = abs(film.steps_mm[2]) * film.counts[2] / size_px
    x, y, z = film.centre_mm
    affine[1, 0], affine[2, 1], affine[0, 2], affine[3, 3] = -1.0, -pixel, -pixel, 1.0
    affine[:3, 3] = x + pixel * (size_px - 1) / 2, y, z + pixel * (size_px - 1) / 2
    return affine


CHEST = Examination(
    Anatomy.CHEST,
    build,
    {
        "Pulmonary nodule": pulmonary_nodule,
        "Ground-glass nodule": ground_glass_nodule,
        "Lung abscess": lung_abscess,
        "Pleural effusion": pleural_effusion,
    },
    scan,
)
