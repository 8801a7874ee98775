"""Checklist item 13: bits stored below bits allocated, garbage above, wrong signedness, lying smallest and largest."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from pydicom.data import get_testdata_file

from raddiag_engine.reading import read_file
from tests.engine.reading.checklist.scans import read_one
from tests.engine.reading.dicom_files import noise, write_slice


def test_item_13_garbage_above_the_stored_bits_is_ignored(tmp_path):
    stored = noise(6, 6).astype(np.uint16)
    garbage = np.random.default_rng(3).integers(0, 16, stored.shape).astype(np.uint16) << 12
    path = write_slice(tmp_path / "a.dcm", stored | garbage, BitsStored=12, HighBit=11, RescaleIntercept=0)
    assert np.array_equal(read_one(path).voxels, stored)


def test_item_13_the_sign_is_at_the_highest_stored_bit(tmp_path):
    values = np.array([[-2048, -1, 0], [1, 1000, 2047]], np.int16)
    packed = (values & 0x0FFF).astype(np.uint16)
    path = write_slice(tmp_path / "a.dcm", packed, BitsStored=12, HighBit=11, PixelRepresentation=1, RescaleIntercept=0)
    assert np.array_equal(read_one(path).voxels, values)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("high_bit", [15, 13])
def test_item_13_stored_bits_that_do_not_begin_at_the_lowest(tmp_path, signed, high_bit):
    values = noise(6, 6) - (1000 if signed else 0)
    below, above = high_bit - 11, 15 - high_bit
    shifted = ((values.astype(np.int32) & 0x0FFF) << below).astype(np.uint16) | (2**below - 1)
    shifted |= np.uint16(0xFFFF << (16 - above) & 0xFFFF)  # what lies above is nobody's
    path = write_slice(
        tmp_path / "a.dcm",
        shifted,
        BitsStored=12,
        HighBit=high_bit,
        PixelRepresentation=int(signed),
        RescaleIntercept=0,
        Modality="MR",
    )
    assert np.array_equal(read_one(path).voxels, values)


@pytest.mark.parametrize("name", ["J2K_pixelrep_mismatch.dcm", "JPEGLSNearLossless_16.dcm"])
def test_item_13_signedness_of_the_code_stream(name):
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip(f"pydicom does not ship {name} here")
    (scan,) = read_file(path)
    expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))[0]
    assert np.array_equal(scan.voxels, expected)


def test_item_13_lying_extreme_tags_change_nothing(tmp_path):
    stored = noise(6, 6)
    path = write_slice(tmp_path / "a.dcm", stored, SmallestImagePixelValue=1999, LargestImagePixelValue=3)
    assert np.array_equal(read_one(path).voxels, stored - 1024)
