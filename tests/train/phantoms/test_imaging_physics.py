"""Each kind of imaging against the formula it stands on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raddiag_train.phantoms.body import Body, Lesion, Part
from raddiag_train.phantoms.ct import scan_ct
from raddiag_train.phantoms.lattice import Lattice
from raddiag_train.phantoms.mri import FLAIR, STIR, Sequence, scan_mri
from raddiag_train.phantoms.radiograph import expose, line_integrals, projected_mask, to_detector
from raddiag_train.phantoms.shapes import HalfSpace, Intersection, Shape, Slabs, sphere
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import CSF, FAT, GREY_MATTER, SOFT, WATER, Tissue
from raddiag_train.phantoms.ultrasound import Probe, beam_levels, mask_in_plane, scan_ultrasound

PURE_WATER = Tissue(hu=0.0, texture=0.0)


def _body(*parts: tuple[Shape, Tissue]) -> Body:
    field = SmoothField.random(np.random.default_rng(0), 10.0)
    return Body(tuple(Part(shape, tissue) for shape, tissue in parts), field)


def test_line_integral_through_a_ball_is_the_chord_times_waters_attenuation() -> None:
    film = Lattice("zyx", (0, 0, 0), (60, 120, 60), (-2.0, -1.0, -2.0))
    hu = _body((sphere((0, 0, 0), 40), PURE_WATER)).paint(film, lambda tissue: tissue.hu)
    integrals = line_integrals(hu, film.steps_mm[1], axis=1)
    z, x = np.meshgrid(film.lines_mm[0], film.lines_mm[2], indexing="ij")
    chord_mm = 2 * np.sqrt(np.maximum(40**2 - x**2 - z**2, 0))
    inside = np.hypot(x, z) < 36  # at the rim a voxel's average is not the ray's
    assert integrals[inside] == pytest.approx(0.0206 * chord_mm[inside], rel=0.02)
    assert integrals[np.hypot(x, z) > 44] == pytest.approx(0, abs=1e-6)


def test_line_integral_through_a_plate_is_thickness_times_attenuation() -> None:
    film = Lattice("zyx", (0, 0, 0), (8, 200, 8), (-2.0, -1.0, -2.0))
    plate = _body((Slabs((0, 0.5, 0), (0, 1, 0), 30.0), replace(PURE_WATER, hu=500.0)))
    integrals = line_integrals(plate.paint(film, lambda tissue: tissue.hu), film.steps_mm[1], axis=1)
    assert integrals == pytest.approx(np.full((8, 8), 30 * 0.0206 * 1.5), rel=1e-3)


def test_detector_signal_of_a_uniform_field_has_beer_lambert_mean_and_poisson_noise() -> None:
    rng = np.random.default_rng(1)
    signal = expose(
        np.full((200, 200), 1.5, np.float32), rng, photons_per_pixel=2e4, scatter_to_primary=0.5, blur_px=0.6
    )
    counts = 2e4 * np.exp(-1.5) * 1.5
    assert signal.mean() == pytest.approx(1.5 - np.log(1.5), abs=1e-3)
    assert signal.std() == pytest.approx(counts**-0.5, rel=0.02)


def test_projected_mask_of_a_ball_is_where_the_path_is_a_quarter_of_the_longest() -> None:
    film = Lattice("zyx", (0, 0, 0), (100, 100, 100), (-1.0, -1.0, -1.0))
    mask = projected_mask(Lesion("x", (), sphere((0, 0, 0), 20)), film, 200)
    # chord >= 2 R / 4  <=>  b <= R sqrt(1 - 1 / 16); a pixel is half a millimetre
    assert mask.sum() / 4 == pytest.approx(np.pi * 20**2 * (1 - 1 / 16), rel=0.02)


def test_detector_covers_the_same_area() -> None:
    ramp = np.tile(np.arange(56, dtype=np.float32), (56, 1))
    resampled = to_detector(ramp, 160)
    assert resampled.shape == (160, 160)
    assert resampled.mean() == pytest.approx(ramp.mean(), rel=1e-3)


def test_ct_shows_the_tissues_number_and_the_asked_noise() -> None:
    lattice = Lattice("zyx", (0, 0, 0), (6, 64, 64), (5.0, -1.0, -1.0))
    body = _body((EVERYWHERE, replace(SOFT, hu=60.0, texture=0.0)))
    hu = scan_ct(body, lattice, np.random.default_rng(2), noise_hu=15.0)
    assert hu.dtype == np.int16
    assert hu.mean() == pytest.approx(60, abs=0.5)
    assert hu.std() == pytest.approx(15, rel=0.03)


def test_spin_echo_signal_at_one_relaxation_time() -> None:
    tissue = Tissue(hu=0, t1_ms=800, t2_ms=90, proton_density=0.7)
    signal = Sequence("SE", repetition_ms=800, echo_ms=90).signal(tissue)
    assert signal == pytest.approx(0.7 * (1 - np.exp(-1)) * np.exp(-1))


def test_inversion_at_ln2_of_t1_nulls_the_signal() -> None:
    tissue = Tissue(hu=0, t1_ms=500, t2_ms=90, proton_density=1.0)
    sequence = Sequence("IR", repetition_ms=1e6, echo_ms=10, inversion_ms=500 * np.log(2))
    assert sequence.signal(tissue) == pytest.approx(0, abs=1e-9)


def test_flair_suppresses_fluid_and_stir_suppresses_fat() -> None:
    assert FLAIR.signal(CSF) < 0.02 * FLAIR.signal(GREY_MATTER)
    assert STIR.signal(FAT) < 0.05 * STIR.signal(WATER)


def test_mri_background_is_rayleigh_noise() -> None:
    lattice = Lattice("zyx", (0, 0, 0), (6, 64, 64), (5.0, -1.0, -1.0))
    empty = _body((sphere((1000, 0, 0), 1), GREY_MATTER))
    series = scan_mri(empty, lattice, FLAIR, np.random.default_rng(3), noise=0.05, gain=1.0) / 4000
    assert series.mean() == pytest.approx(0.05 * np.sqrt(np.pi / 2), rel=0.02)
    assert series.std() == pytest.approx(0.05 * np.sqrt(2 - np.pi / 2), rel=0.02)


def _uniform_ultrasound(*extra: tuple[Shape, Tissue]) -> np.ndarray:
    body = _body((EVERYWHERE, LIVER_LIKE), *extra)
    return scan_ultrasound(body, PROBE, np.random.default_rng(4), gain_db=0.0, dynamic_range_db=60.0)


EVERYWHERE = HalfSpace((0, 1000, 0), (0, 1, 0))
LIVER_LIKE = Tissue(hu=0, echo=0.5, attenuation_db_per_mm=0.055, impedance_mrayl=1.6, texture=0.0)
PROBE = Probe((0.0, 80.0, 0.0), depth_mm=120.0)


def test_level_of_speckle_spreads_by_5_6_decibels() -> None:
    # The logarithm of a Rayleigh amplitude has a standard deviation of 20 / ln 10 * pi / sqrt(24) = 5.57 dB.
    levels = beam_levels(_body((EVERYWHERE, LIVER_LIKE)), PROBE, np.random.default_rng(5))[20:-20, 10:-10]
    assert levels.std() == pytest.approx(20 / np.log(10) * np.pi / np.sqrt(24), rel=0.05)
    assert levels[:100].mean() == pytest.approx(levels[-100:].mean(), abs=0.8)  # time gain makes up for depth


def test_a_cyst_is_dark_and_brightens_what_lies_behind_by_its_spared_attenuation() -> None:
    ball = Intersection((sphere((0, 30, 0), 15), Slabs((0, 0, 0), (0, 1, 0), 1000)))
    fluid = Tissue(hu=0, echo=0.01, attenuation_db_per_mm=0.0, impedance_mrayl=1.6, texture=0.0)
    plain, cystic = _uniform_ultrasound().astype(float), _uniform_ultrasound((ball, fluid)).astype(float)
    mask = mask_in_plane(Lesion("x", (), ball), PROBE)
    assert cystic[mask].mean() < 0.4 * plain[mask].mean()
    behind = (slice(95, 130), slice(76, 84))
    gained_db = (cystic[behind].mean() - plain[behind].mean()) / 255 * 60
    assert gained_db == pytest.approx(2 * 0.055 * 30, abs=0.6)


def test_a_stone_casts_a_shadow() -> None:
    stone = Tissue(hu=0, echo=8, attenuation_db_per_mm=1.6, impedance_mrayl=3.0, texture=0.0)
    plain, stony = _uniform_ultrasound(), _uniform_ultrasound((sphere((0, 30, 0), 8), stone))
    behind = (slice(85, 130), slice(77, 83))
    assert stony[behind].mean() < 0.3 * plain[behind].mean()


def test_pixel_positions_agree_with_the_affine() -> None:
    points = PROBE.pixel_points()
    row, column = 37, 101
    position = PROBE.affine @ np.array([0, row, column, 1.0])
    assert [points.x[row, column], points.y[row, column], points.z[row, column]] == pytest.approx(
        position[:3], abs=1e-3
    )
