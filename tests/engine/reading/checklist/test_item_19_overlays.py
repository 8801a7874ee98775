"""Checklist item 19: overlays, also in embedded bits, never get into the values; that there are some is said."""

from __future__ import annotations

import numpy as np
import pydicom

from raddiag_engine.cases import WarningCode
from tests.engine.reading.checklist.scans import codes, message, read_one
from tests.engine.reading.dicom_files import noise, write_slice
from tests.shared_data import shared_data


def with_overlay(path, stored, groups=(0x6000,), bit=0, **attributes):

    write_slice(path, stored, **attributes)
    dataset = pydicom.dcmread(path)
    for group in groups:
        dataset.add_new((group, 0x0010), "US", stored.shape[0])
        dataset.add_new((group, 0x0011), "US", stored.shape[1])
        dataset.add_new((group, 0x0040), "CS", "G")
        dataset.add_new((group, 0x0050), "SS", [1, 1])
        dataset.add_new((group, 0x0100), "US", 1 if bit == 0 else 16)
        dataset.add_new((group, 0x0102), "US", bit)
        if bit == 0:
            dataset.add_new((group, 0x3000), "OW", np.packbits(np.ones(stored.size, np.uint8)).tobytes())
    dataset.save_as(path)
    return path


def test_item_19_an_overlay_beside_the_pixels(tmp_path):
    scan = read_one(with_overlay(tmp_path / "a.dcm", noise(8, 8)))
    assert np.array_equal(scan.voxels, noise(8, 8) - 1024)
    assert message(scan, WarningCode.CONTENT_OVERLAY).startswith("an overlay")


def test_item_19_several_overlays_are_counted(tmp_path):
    scan = read_one(with_overlay(tmp_path / "a.dcm", noise(8, 8), groups=(0x6000, 0x6002)))
    assert message(scan, WarningCode.CONTENT_OVERLAY).startswith("2 overlays")


def test_item_19_an_overlay_in_an_unused_bit_of_the_pixels(tmp_path):
    stored = noise(8, 8).astype(np.uint16)
    drawn = stored | (np.eye(8, dtype=np.uint16) << 12)
    path = with_overlay(tmp_path / "a.dcm", drawn, bit=12, BitsStored=12, HighBit=11, RescaleIntercept=0)
    scan = read_one(path)
    assert np.array_equal(scan.voxels, stored)
    assert WarningCode.CONTENT_OVERLAY in codes(scan)


def test_item_19_the_real_overlay():
    scan = read_one(shared_data("dicom", "pydicom_data", "MR-SIEMENS-DICOM-WithOverlays.dcm"))
    assert WarningCode.CONTENT_OVERLAY in codes(scan)
