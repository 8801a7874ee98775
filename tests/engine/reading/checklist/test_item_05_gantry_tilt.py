"""Checklist item 5: tilt from the positions; a straightened copy for the network, the original kept.

Oracles: SimpleITK interpolates each slice, which it reads rightly on its own; dcm2niix corrects the tilt of the series.
"""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
import SimpleITK

from raddiag_engine.cases import WarningCode
from raddiag_engine.preparation.windowing import padding_mask
from tests.engine.reading.checklist.scans import codes, message, read_all
from tests.engine.reading.dcm2niix import converted
from tests.engine.reading.dicom_files import noise, write_series

DEGREES = 17.0
STEP_MM = 4.0


def smooth(count=6, rows=40, columns=32):
    """Stored values that change slowly, so that two ways of linear interpolation agree."""
    z, y, x = np.meshgrid(np.arange(count), np.arange(rows), np.arange(columns), indexing="ij")
    return np.rint(1000 + 300 * np.sin(y / 6) + 200 * np.cos(x / 5) + 20 * z).astype(np.int16)


def tilted_series(folder, stored, degrees=DEGREES, **attributes):
    shift = np.tan(np.radians(degrees)) * STEP_MM
    positions = [np.array([-12.0, -20 + shift * i, STEP_MM * i]) for i in range(len(stored))]
    return write_series(folder, stored, positions=positions, spacing=(0.9, 0.8), **attributes)


def test_item_05_the_tag_is_not_believed(tmp_path):
    tilted_series(tmp_path / "tilted", noise(5, 6, 6), GantryDetectorTilt=0)
    write_series(tmp_path / "straight", noise(5, 6, 6), GantryDetectorTilt=20, SeriesInstanceUID="1.2.3")
    found = [codes(scan) for scan in read_all(tmp_path)]
    assert found.count([WarningCode.GEOMETRY_TILT]) == 1
    assert found.count([WarningCode.GEOMETRY_RESAMPLED]) == 1
    assert found.count([]) == 1


def test_item_05_the_original_is_kept_and_the_copy_is_used(tmp_path):
    stored = noise(5, 6, 6)
    tilted_series(tmp_path, stored)
    copy, original = read_all(tmp_path)
    assert np.array_equal(original.voxels, stored - 1024)
    assert "17.0 degrees" in message(original, WarningCode.GEOMETRY_TILT)
    assert "17.0 degrees" in message(copy, WarningCode.GEOMETRY_RESAMPLED)
    assert (copy.usable, original.usable) == (True, False)
    assert "straightened" in original.reason
    step, row, column = copy.affine[:3, :3].T
    assert abs(step @ row) < 1e-9 and abs(step @ column) < 1e-9
    assert copy.spacing_mm == pytest.approx((STEP_MM, 0.9, 0.8))


def test_item_05_the_copy_has_the_values_that_simpleitk_finds_in_each_slice(tmp_path):
    paths = tilted_series(tmp_path, smooth())
    copy, _ = read_all(tmp_path)
    covered = ~padding_mask(copy.voxels, copy.padding)
    compared = 0
    for number, path in enumerate(paths):
        image = SimpleITK.ReadImage(str(path))
        for row, column in np.argwhere(covered[number])[::7]:
            ras = copy.affine @ (number, row, column, 1)
            index = image.TransformPhysicalPointToContinuousIndex((ras[:3] * (-1, -1, 1)).tolist())
            if 0 <= index[1] <= image.GetHeight() - 1:
                expected = image.EvaluateAtContinuousIndex((index[0], index[1], 0.0), SimpleITK.sitkLinear)
                assert abs(copy.voxels[number, row, column] - expected) <= 0.51
                compared += 1
    assert compared > 500


def test_item_05_the_copy_agrees_with_the_one_of_dcm2niix(tmp_path):
    attributes = {"GantryDetectorTilt": -DEGREES, "SliceThickness": STEP_MM, "SeriesNumber": 3, "Manufacturer": "GE"}
    tilted_series(tmp_path / "ct", smooth(), degrees=DEGREES, **attributes)
    images = converted(tmp_path / "ct", tmp_path / "nii")
    (corrected,) = [image for name, image in images.items() if "Tilt" in name]
    copy, _ = read_all(tmp_path / "ct")
    theirs = np.asarray(corrected.dataobj, dtype=float)
    index = np.stack(np.meshgrid(*map(np.arange, theirs.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    world = nibabel.affines.apply_affine(corrected.affine, index)
    exact = nibabel.affines.apply_affine(np.linalg.inv(copy.affine), world)
    nearest = np.rint(exact).astype(int)
    inside = ((nearest >= 0) & (nearest < copy.voxels.shape)).all(axis=1)
    ours = copy.voxels[tuple(nearest[inside].T)].astype(float)
    covered = ~padding_mask(ours, copy.padding)
    off = np.abs(ours - theirs[tuple(index[inside].T)])[covered]
    # Their grid lies a part of a pixel beside ours, and values change by up to 60 from pixel to pixel.
    assert np.abs(exact - nearest)[:, [0, 2]].max() < 0.01
    assert np.median(off) < 25


def test_item_05_what_no_slice_covers_is_padding(tmp_path):
    stored = noise(5, 8, 6)
    stored[:, 0, :] = -2000
    tilted_series(tmp_path, stored, PixelPaddingValue=-2000)
    copy, original = read_all(tmp_path)
    assert copy.padding == original.padding == (-3024, -3024)
    extra = copy.voxels.shape[1] - 8
    assert extra == int(np.ceil(4 * np.tan(np.radians(DEGREES)) * STEP_MM / 0.9))
    assert (copy.voxels[0, -extra + 1 :] == -3024).all()
    measured = copy.voxels[~padding_mask(copy.voxels, copy.padding)]
    assert measured.min() >= -1024


def test_item_05_a_shift_by_whole_pixels_keeps_every_value(tmp_path):
    stored = noise(4, 6, 5)
    positions = [np.array([0, 2.0 * i, 3.0 * i]) for i in range(4)]
    write_series(tmp_path, stored, positions=positions)
    copy, _ = read_all(tmp_path)
    assert copy.voxels.shape == (4, 12, 5)
    for number in range(4):
        assert np.array_equal(copy.voxels[number, 2 * number : 2 * number + 6], stored[number] - 1024)
        assert (copy.voxels[number, : 2 * number] == copy.padding[0]).all()


@pytest.mark.parametrize("degrees", [DEGREES, -DEGREES])
def test_item_05_a_bright_voxel_lies_where_it_lay_whichever_way_the_gantry_leans(tmp_path, degrees):
    stored = np.zeros((6, 40, 32), np.int16)
    bright = [(0, 20, 5), (3, 12, 9), (5, 25, 20)]
    for index in bright:
        stored[index] = 2000
    tilted_series(tmp_path, stored, degrees)
    copy, original = read_all(tmp_path)
    for index in bright:
        row, column = np.unravel_index(copy.voxels[index[0]].argmax(), copy.voxels.shape[1:])
        found = copy.affine @ (index[0], row, column, 1)
        # Between two rows the brighter one is at most half a row away.
        assert np.allclose(found, original.affine @ (*index, 1), atol=0.9 / 2 + 0.01)
