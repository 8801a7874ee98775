"""What vendors write in elements of their own: b-values of GE, Philips and Siemens, and the CSA headers of Siemens."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from nibabel.nicom import csareader

from raddiag_engine.cases import WarningCode
from raddiag_engine.reading.dicom.csa import csa_numbers, csa_texts
from tests.engine.reading.checklist.scans import message, read_all
from tests.engine.reading.dicom_files import noise, write_series
from tests.engine.reading.mosaic_files import csa_header, old_csa_header, write_mosaic

GE = (0x0043, "GEMS_PARM_01", 0x39, "IS")
PHILIPS = (0x2001, "Philips Imaging DD 001", 0x03, "FL")
SIEMENS = (0x0019, "SIEMENS MR HEADER", 0x0C, "IS")
MR = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR", "RescaleSlope": None, "RescaleIntercept": None}


def write_two_volumes(folder, place, values):
    """Two volumes of one series that differ in a private element alone."""
    stored = noise(8, 4, 4)
    paths = write_series(folder, stored, positions=[(0, 0, 2.0 * (i % 4)) for i in range(8)], **MR)
    group, creator, offset, vr = place
    for number, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        dataset.private_block(group, creator, create=True).add_new(offset, vr, values[number // 4])
        dataset.save_as(path)
    return stored


@pytest.mark.parametrize(
    ("place", "values"),
    [
        (GE, ([0, 8, 0, 0], [1000, 8, 0, 0])),
        (GE, ([1_000_000_050, 8, 0, 0], [1_000_000_800, 8, 0, 0])),
        (PHILIPS, (0.0, 800.0)),
        (SIEMENS, (50, 1000)),
    ],
)
def test_b_values_of_vendors_tell_volumes_apart(tmp_path, place, values):
    stored = write_two_volumes(tmp_path, place, values)
    scans = read_all(tmp_path)
    assert [np.array_equal(scan.voxels, stored[at : at + 4]) for scan, at in zip(scans, (0, 4), strict=True)] == [
        True
    ] * 2
    assert all("b-value" in message(scan, WarningCode.CONTENT_SPLIT) for scan in scans)


@pytest.mark.parametrize("values", [([1_000_000_050, 8], [50, 8]), ([2_000_000_000, 0], [1_000_000_000, 0])])
def test_the_mark_that_ge_adds_to_a_b_value_is_none_of_it(tmp_path, values):
    """Then both volumes have the same b-value, and are told apart by the order of acquisition."""
    write_two_volumes(tmp_path, GE, values)
    (scan,) = read_all(tmp_path)
    assert "b-value" not in message(scan, WarningCode.CONTENT_FOUR_DIMENSIONAL)


def test_an_element_of_another_creator_is_no_b_value(tmp_path):
    write_two_volumes(tmp_path, (0x0043, "SOMEBODY ELSE", 0x39, "IS"), (0, 1000))
    (scan,) = read_all(tmp_path)
    assert "b-value" not in message(scan, WarningCode.CONTENT_FOUR_DIMENSIONAL)


ELEMENTS = {
    "EchoLinePosition": [],
    "SliceNormalVector": ["0.10000000", "-0.20000000", "-0.9746794"],
    "NumberOfImagesInMosaic": ["36"],
}


@pytest.mark.parametrize(("make", "kind"), [(csa_header, 2), (old_csa_header, 1)])
def test_csa_headers_of_both_kinds_read_as_nibabel_reads_them(make, kind):
    block = make(ELEMENTS)
    known = csareader.read(block)
    assert known["type"] == kind
    assert csa_numbers(block, "SliceNormalVector") == tuple(known["tags"]["SliceNormalVector"]["items"])
    assert csa_numbers(block, "SliceNormalVector") == (0.1, -0.2, -0.9746794)
    assert csa_texts(block, "NumberOfImagesInMosaic") == ("36",)
    assert csa_texts(block, "EchoLinePosition") == csa_texts(block, "Other") == ()


@pytest.mark.parametrize("make", [csa_header, old_csa_header])
def test_a_csa_header_cut_off_anywhere_raises_nothing(make):
    block = make(ELEMENTS)
    for end in range(len(block)):
        assert csa_texts(block[:end], "NumberOfImagesInMosaic") in ((), ("36",), ("3",))
    assert csa_numbers(make({"SliceNormalVector": ["a", "b", "c"]}), "SliceNormalVector") == ()


def test_an_old_csa_header_turns_a_mosaic_as_the_new_one_does(tmp_path):
    slices = noise(4, 4, 4)
    options = {"first_position": (0, 0, 0), "orientation": ((1, 0, 0), (0, 1, 0)), "spacing": (1.0, 1.0)}
    path = write_mosaic(
        tmp_path / "a.dcm", slices, normal=(0, 0, -1), count_in="element", SpacingBetweenSlices=3.0, **options
    )
    dataset = pydicom.dcmread(path)
    dataset[0x0029, 0x1010].value = old_csa_header({"None": [], "SliceNormalVector": ["0", "0", "-1"]})
    dataset.save_as(path)
    (scan,) = read_all(path)
    last_slice_mm = {tuple(scan.voxels[i].ravel()): (scan.affine @ (i, 0, 0, 1))[2] for i in range(4)}
    assert last_slice_mm[tuple(slices[3].ravel())] == pytest.approx(-9.0)
