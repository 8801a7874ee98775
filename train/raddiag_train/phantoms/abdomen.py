"""The abdomen: a CT volume with contrast agent, and ultrasound of a plane through liver, gallbladder and kidney."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import nan

import numpy as np

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_train.phantoms.abdomen_anatomy import BILE, LIVER, build
from raddiag_train.phantoms.body import Body, Lesion, Part, lesion_mask
from raddiag_train.phantoms.ct import scan_ct
from raddiag_train.phantoms.examination import Examination, Exposure
from raddiag_train.phantoms.lattice import Lattice
from raddiag_train.phantoms.placement import Placement
from raddiag_train.phantoms.shapes import (
    Capsule,
    Ellipsoid,
    Intersection,
    Lumpy,
    Offset,
    Shape,
    Slabs,
    Union,
    point,
    sphere,
)
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import CORTICAL_BONE, WATER
from raddiag_train.phantoms.ultrasound import Probe, mask_in_plane, scan_ultrasound

CHOLESTEROL_STONE = replace(BILE, hu=nan, echo=2.6, attenuation_db_per_mm=0.6, impedance_mrayl=1.8)
CALCIUM_STONE = replace(CORTICAL_BONE, hu=900.0, echo=9.0, attenuation_db_per_mm=1.6, impedance_mrayl=4.0)
SILENT = {"echo": nan, "attenuation_db_per_mm": nan, "impedance_mrayl": nan}
METASTASIS_RIM = replace(LIVER, hu=205.0, **SILENT)
METASTASIS_CORE = replace(LIVER, hu=35.0, **SILENT)
HAEMANGIOMA = replace(LIVER, hu=nan, echo=2.4)


def liver_cyst(body: Body, place: Placement) -> Lesion:
    """A smooth ball of fluid in the liver, echo-free and bright behind where the ultrasound plane cuts it."""
    radius = place.rng.uniform(14, 18.5)
    depth = 0.85 * radius
    centre = place.inside(near_plane(body, 0.45 * radius + depth), radius, depth_mm=depth)
    ball = Ellipsoid(centre, point(radius * place.rng.uniform(0.95, 1.05, 3)))
    return Lesion("Liver cyst", (Part(ball, WATER),), ball)


def liver_haemangioma(body: Body, place: Placement) -> Lesion:
    """A sharply bounded bright ball in ultrasound that takes contrast agent like the liver around it."""
    radius = place.rng.uniform(12, 16)
    depth = 0.85 * radius
    centre = place.inside(near_plane(body, 0.4 * radius + depth), radius, depth_mm=depth)
    ball = Lumpy(sphere(centre, radius), SmoothField.random(place.rng, 1.5 * radius), 0.05 * radius)
    return Lesion("Liver haemangioma", (Part(ball, HAEMANGIOMA),), ball)


def liver_metastasis(body: Body, place: Placement) -> Lesion:
    """A ball with a bright rim and a dark core in CT, that echoes as the liver does."""
    radius = place.rng.uniform(19, 27)
    centre = place.inside(body.landmarks["liver"], radius, depth_mm=0.85 * radius)
    ball = Lumpy(sphere(centre, radius), SmoothField.random(place.rng, 1.5 * radius), 0.05 * radius)
    core = Offset(ball, -place.rng.uniform(5.5, 7.5))
    return Lesion("Liver metastasis", (Part(ball, METASTASIS_RIM), Part(core, METASTASIS_CORE)), ball)


def gallstones(body: Body, place: Placement) -> Lesion:
    """One or two cholesterol stones on the gallbladder's floor: as dense as bile for CT, a shadow in ultrasound."""
    gallbladder = body.landmarks["gallbladder"]
    assert isinstance(gallbladder, Ellipsoid)
    stones: list[Shape] = []
    long_axis = gallbladder.rotation[2]
    for along in place.rng.permutation((-0.35, 0.0, 0.35))[: int(place.rng.integers(1, 3))]:
        radius = place.rng.uniform(7.5, 10.0)
        middle = np.asarray(gallbladder.centre_mm) + along * gallbladder.radii_mm[2] * long_axis
        middle = middle - (0, gallbladder.radii_mm[1] - radius - 1.0, 0)
        middle[0] = body.points["probe"][0] + place.rng.normal(0, 1.5)
        stones.append(Ellipsoid(place.at(point(middle), radius), point(radius * place.rng.uniform(0.85, 1.1, 3))))
    stone_set = Union(tuple(stones))
    extent = Intersection((stone_set, gallbladder))
    stuff = replace(CHOLESTEROL_STONE, attenuation_db_per_mm=place.rng.uniform(0.3, 0.8))
    return Lesion("Gallstones", (Part(stone_set, stuff, within=gallbladder),), extent)


def kidney_stone(body: Body, place: Placement) -> Lesion:
    """A staghorn calculus that casts the shape of the renal pelvis; ultrasound sees it in the right kidney only."""
    side = "right" if place.rng.random() < 0.65 else "left"
    kidney = body.landmarks[f"{side} kidney"]
    assert isinstance(kidney, Ellipsoid)
    inward = -5.0 if side == "right" else 5.0
    root = np.asarray(kidney.centre_mm) + np.array([inward, 0, place.rng.uniform(-12, 12)])
    if side == "right":
        root[0] = body.points["probe"][0] + place.rng.normal(0, 3)
    horns = []
    for angle in place.rng.uniform(0, 120) + np.array([0.0, 120.0, 240.0]) + place.rng.uniform(-25, 25, 3):
        reach = place.rng.uniform(13, 19)
        tip = root + np.array(
            [place.rng.normal(0, 3), np.sin(np.deg2rad(angle)) * reach * 0.6, np.cos(np.deg2rad(angle)) * reach]
        )
        horns.append(Capsule(point(root), point(tip), place.rng.uniform(7.5, 9.0), place.rng.uniform(6.0, 8.0)))
    place.at(point(root), 18)
    stone = Union(tuple(horns))
    return Lesion("Kidney stone", (Part(stone, CALCIUM_STONE, within=kidney),), Intersection((stone, kidney)))


def near_plane(body: Body, reach_mm: float) -> Shape:
    """The liver close to the ultrasound plane and well inside the sector."""
    x, y, z = body.points["probe"]
    slab = Slabs((x, 0, 0), (1, 0, 0), 2 * reach_mm)
    sector = Ellipsoid((x, y - 66, z + 22), (60, 62, 50))
    return Intersection((body.landmarks["liver"], slab, sector))


def scan(body: Body, seed: np.random.SeedSequence) -> tuple[Exposure, ...]:
    """CT, 24 axial slices of 96 x 96, and a B-mode image of 160 x 160."""
    ct_rng, us_rng = (np.random.default_rng(child) for child in seed.spawn(2))
    pixel = ct_rng.uniform(3.4, 3.8)
    shift = point(ct_rng.uniform((-10, -8, -8), (10, 8, 12)))
    lattice = Lattice("zyx", shift, (24, 96, 96), (ct_rng.uniform(8.8, 9.8), -pixel, -pixel))
    ct = scan_ct(body, lattice, ct_rng, noise_hu=ct_rng.uniform(8, 18))
    probe = Probe(body.points["probe"], depth_mm=us_rng.uniform(148, 168), half_angle_deg=us_rng.uniform(36, 42))
    image = scan_ultrasound(body, probe, us_rng, gain_db=us_rng.uniform(-6, 5), dynamic_range_db=us_rng.uniform(48, 66))
    return (
        Exposure(
            "ct",
            ct,
            lattice.affine,
            Modality.CT,
            Plane.AXIAL,
            "HU",
            "Abdomen CT",
            partial(lesion_mask, grid=lattice),
        ),
        Exposure(
            "us",
            image,
            probe.affine,
            Modality.ULTRASOUND,
            Plane.SAGITTAL,
            "8-bit",
            "Abdomen ultrasound",
            partial(mask_in_plane, probe=probe),
        ),
    )


ABDOMEN = Examination(
    Anatomy.ABDOMEN_AND_PELVIS,
    build,
    {
        "Liver cyst": liver_cyst,
        "Liver haemangioma": liver_haemangioma,
        "Liver metastasis": liver_metastasis,
        "Gallstones": gallstones,
        "Kidney stone": kidney_stone,
    },
    scan,
)
