"""Checklist item 17, mosaics: taken apart into slices that lie where a closed form, and dcm2niix, put them."""

from __future__ import annotations

import gzip
from importlib.resources import files

import nibabel
import numpy as np
import pydicom
import pytest
from scipy.spatial import cKDTree

from raddiag_engine.cases import WarningCode
from raddiag_engine.reading import read_case
from raddiag_engine.reading.dicom.csa import csa_numbers, csa_texts
from tests.engine.reading.checklist.scans import codes, message, read_all, read_one
from tests.engine.reading.dcm2niix import converted, looked_up
from tests.engine.reading.dicom_files import noise
from tests.engine.reading.mosaic_files import csa_header, mosaic_of, write_mosaic

FIRST = np.array([-31.0, -17.0, 23.0])
TURN = np.radians(20)
OBLIQUE = ((np.cos(TURN), np.sin(TURN), 0.0), (0.0, 0.0, -1.0))
AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def write(folder, slices, *, orientation=OBLIQUE, sign=1, name="a.dcm", csa=True, **more):
    folder.mkdir(exist_ok=True)
    normal = sign * np.cross(*np.array(orientation))
    return write_mosaic(
        folder / name,
        slices,
        first_position=FIRST,
        orientation=orientation,
        spacing=(1.5, 2.0),
        normal=normal if csa else None,
        **{"SpacingBetweenSlices": 3.5, "SliceThickness": 3.0, **more},
    )


@pytest.mark.parametrize("count", [1, 3, 4, 7, 9, 10])
@pytest.mark.parametrize("sign", [1, -1])
def test_item_17_every_voxel_of_a_mosaic_lies_where_the_closed_form_puts_it(tmp_path, count, sign):
    slices = noise(count, 5, 6)
    write(tmp_path, slices, sign=sign)
    along_row, down_column = np.array(OBLIQUE)
    step = sign * 3.5 * np.cross(along_row, down_column)
    found, places = [], []
    for scan in read_all(tmp_path):
        voxels = scan.voxels if scan.voxels.ndim == 3 else scan.voxels[None]
        index = np.argwhere(np.ones(voxels.shape))
        places.append(nibabel.affines.apply_affine(scan.affine, index))
        found.append(voxels.ravel())
    k, i, j = np.indices(slices.shape).reshape(3, -1, 1)
    expected = (FIRST + k * step + i * 1.5 * down_column + j * 2.0 * along_row) * (-1, -1, 1)
    off_mm, nearest = cKDTree(np.concatenate(places)).query(expected)
    assert sum(map(len, found)) == slices.size
    assert off_mm.max() < 0.01
    assert np.array_equal(np.concatenate(found)[nearest], slices.ravel())


@pytest.mark.parametrize("count_in", ["element", "CSA"])
def test_item_17_the_number_of_slices_may_stand_in_either_header(tmp_path, count_in):
    slices = noise(7, 4, 4)
    write(tmp_path, slices, count_in=count_in)
    scan = read_one(tmp_path)
    assert np.array_equal(scan.voxels, slices)
    assert scan.usable
    assert "3.50 mm apart" in message(scan, WarningCode.CONTENT_MOSAIC)
    assert scan.spacing_mm == pytest.approx((3.5, 1.5, 2.0))


def test_item_17_without_a_csa_header_the_slices_follow_the_normal(tmp_path):
    slices = noise(7, 4, 4)
    write(tmp_path, slices, orientation=AXIAL, csa=False)
    scan = read_one(tmp_path)
    assert np.array_equal(scan.voxels, slices)
    assert np.allclose(scan.affine @ (6, 0, 0, 1), (31, 17, 23 + 6 * 3.5, 1))


def test_item_17_a_thickness_for_a_spacing_is_said(tmp_path):
    write(tmp_path, noise(4, 4, 4), SpacingBetweenSlices=None)
    scan = read_one(tmp_path)
    assert scan.spacing_mm[0] == pytest.approx(3.0)
    assert "thickness of a slice" in message(scan, WarningCode.CONTENT_MOSAIC)


def test_item_17_of_mosaics_in_time_the_first_is_used(tmp_path):
    times = noise(5, 6, 4, 4)
    for number, slices in enumerate(times):
        write(tmp_path, slices, name=f"{number}.dcm", AcquisitionNumber=number + 1, InstanceNumber=number + 1)
    case = read_case([tmp_path], guarded=False)
    (scan,) = case.scans
    assert np.array_equal(scan.voxels, times[0])
    assert "5 times" in message(scan, WarningCode.CONTENT_FOUR_DIMENSIONAL)
    assert len(case.skipped) == 4


def test_item_17_mosaics_of_two_b_values_are_read_side_by_side(tmp_path):
    times = noise(2, 6, 4, 4)
    for number, slices in enumerate(times):
        write(tmp_path, slices, name=f"{number}.dcm", b_value=1000 * number, InstanceNumber=number + 1)
    scans = read_all(tmp_path)
    assert [np.array_equal(scan.voxels, slices) for scan, slices in zip(scans, times, strict=True)] == [True, True]
    assert all("b-value" in message(scan, WarningCode.CONTENT_SPLIT) for scan in scans)


@pytest.mark.parametrize(
    "broken",
    [{"count_in": "nowhere"}, {"SpacingBetweenSlices": None, "SliceThickness": None}, {"PixelSpacing": None}],
)
def test_item_17_a_mosaic_that_cannot_be_taken_apart_is_listed_and_not_used(tmp_path, broken):
    write(tmp_path, noise(7, 4, 4), **broken)
    (scan,) = read_all(tmp_path)
    assert not scan.usable
    assert scan.voxels.shape == (12, 12)
    assert WarningCode.CONTENT_MOSAIC in codes(scan)


def test_item_17_a_number_of_tiles_that_does_not_fit_is_not_believed(tmp_path):
    path = write(tmp_path, noise(7, 5, 5))
    dataset = pydicom.dcmread(path)
    dataset[0x0019, 0x100A].value = 50  # 8 x 8 tiles of 15 x 15 pixels
    dataset.save_as(path)
    (scan,) = read_all(tmp_path)
    assert not scan.usable


REAL = ["siemens_dwi_0.dcm.gz", "siemens_dwi_1000.dcm.gz"]


@pytest.mark.parametrize("orientation", [None, OBLIQUE])
def test_item_17_real_mosaics_lie_where_dcm2niix_puts_them(tmp_path, orientation):
    """nibabel ships two headers of a scanner, their pixels zeroed; here they get pixels that tell every voxel apart."""
    (tmp_path / "in").mkdir()
    volumes = noise(2, 48, 128, 128)
    for name, slices in zip(REAL, volumes, strict=True):
        packed = (files("nibabel") / "nicom" / "tests" / "data" / name).read_bytes()
        path = tmp_path / "in" / name.removesuffix(".gz")
        path.write_bytes(gzip.decompress(packed))
        dataset = pydicom.dcmread(path)
        if orientation is not None:
            dataset.ImageOrientationPatient = [float(x) for x in np.array(orientation).ravel()]
            normal = [f"{x:.8f}" for x in np.cross(*np.array(orientation))]
            elements = {"NumberOfImagesInMosaic": ["48"], "SliceNormalVector": normal}
            dataset[0x0029, 0x1010].value = csa_header(elements)
        dataset.PixelData = mosaic_of(slices.astype(np.uint16)).tobytes()
        dataset.save_as(path)
    (image,) = converted(tmp_path / "in", tmp_path / "out").values()
    assert image.shape == (128, 128, 48, 2)
    for time, scan in enumerate(read_all(tmp_path / "in")):
        one = nibabel.Nifti1Image(np.asarray(image.dataobj)[..., time], image.affine)
        theirs, ours, off = looked_up(one, scan)
        assert off < 0.01
        assert np.array_equal(ours, theirs)
        assert scan.usable


def test_item_17_csa_elements_are_read_as_nibabel_reads_them():
    csareader = pytest.importorskip("nibabel.nicom.csareader")
    block = (files("nibabel") / "nicom" / "tests" / "data" / "csa2_b1000.bin").read_bytes()
    for name, tag in csareader.read(block)["tags"].items():
        theirs = [str(value) for value in tag["items"]]
        ours = csa_texts(block, name)
        assert len(ours) == len([text for text in theirs if text]), name
    assert csa_numbers(block, "SliceNormalVector") == pytest.approx(
        csareader.get_slice_normal(csareader.read(block)), abs=1e-8
    )


@pytest.mark.parametrize("kept", [0, 4, 8, 15, 40, 100, 130, 200])
def test_item_17_a_damaged_csa_header_says_nothing(kept):
    block = csa_header({"EchoLinePosition": ["3"], "SliceNormalVector": ["0", "0", "1"]})
    assert csa_texts(block[:kept], "SliceNormalVector") == ()
    assert csa_numbers(csa_header({"SliceNormalVector": ["a"]}), "SliceNormalVector") == ()
