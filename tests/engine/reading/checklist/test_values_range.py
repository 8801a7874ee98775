"""Values: a CT off by 1024 in either direction is flagged, a sound one is not; NaN, infinities and constants."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from raddiag_engine.cases import WarningCode
from raddiag_engine.reading import read_file
from tests.engine.reading.checklist.scans import codes, read_one
from tests.engine.reading.dicom_files import write_series
from tests.shared_data import shared_data


def body(seed=0):
    """Hounsfield units of a slab of a person: air around, lung, fat, tissue and bone, with noise."""
    random = np.random.default_rng(seed)
    hu = np.full((3, 64, 64), -1000.0)
    hu[:, 8:56, 8:56] = -90
    hu[:, 12:52, 12:52] = 45
    hu[:, 20:40, 16:28] = -820
    hu[:, 30:38, 40:48] = 700
    return np.rint(hu + random.normal(0, 12, hu.shape)).clip(-1024, 3071)


CORNERS = ((slice(None), slice(0, 5), slice(0, 5)), (slice(None), slice(-5, None), slice(0, 5)))


@pytest.mark.parametrize(("shift", "flagged"), [(0, False), (1024, True), (-1024, True), (2048, True)])
@pytest.mark.parametrize("padding", [None, "tagged", "untagged", "blurred"])
def test_values_a_ct_off_by_1024_is_flagged_beside_any_padding(tmp_path, shift, flagged, padding):
    stored = (body() + 1024).astype(np.int16)
    for corner in CORNERS if padding else ():
        stored[corner] = -2000
        if padding == "blurred":
            stored[corner] += np.random.default_rng(1).integers(-9, 10, stored[corner].shape).astype(np.int16)
    tag = {"PixelPaddingValue": -2000} if padding == "tagged" else {}
    write_series(tmp_path, stored, RescaleIntercept=-1024 + shift, **tag)
    assert (WarningCode.VALUES_OUT_OF_RANGE in codes(read_one(tmp_path))) is flagged


@pytest.mark.parametrize(
    "part", [(slice(None), slice(13, 20), slice(13, 50)), (slice(None), slice(2, 30), slice(2, 50))]
)
def test_values_a_part_with_fat_or_air_is_sound(tmp_path, part):
    stored = (body() + 1024).astype(np.int16)[part]
    stored[:, :2] = 1024 - 1000
    write_series(tmp_path, stored)
    assert WarningCode.VALUES_OUT_OF_RANGE not in codes(read_one(tmp_path))


@pytest.mark.parametrize("name", ["CT1_J2KR", "CT1_J2KI", "CT1_JLSN", "CT2_J2KR", "CT2_J2KI"])
def test_values_real_ct_is_sound_even_with_lossy_padding(name):
    assert WarningCode.VALUES_OUT_OF_RANGE not in codes(read_one(shared_data("dicom", "wg04", name)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_what_is_no_number_is_counted_with_its_slices(tmp_path, bad):
    volume = np.random.default_rng(0).normal(size=(6, 5, 4)).astype(np.float32)
    volume[0, 0, 2] = volume[1, 1, 2] = bad
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "a.nii")
    (scan,) = read_file(tmp_path / "a.nii")
    (warning,) = scan.warnings
    assert (warning.code, warning.slices) == (WarningCode.VALUES_NOT_FINITE, (2,))
    assert "2 of 120 voxels (2 %)" in warning.message
    assert scan.usable


def test_values_a_constant_image_is_not_used(tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.full((5, 4, 3), 7, np.int16), np.eye(4)), tmp_path / "a.nii")
    (scan,) = read_file(tmp_path / "a.nii")
    assert (scan.usable, scan.reason) == (False, "every voxel has the value 7")
