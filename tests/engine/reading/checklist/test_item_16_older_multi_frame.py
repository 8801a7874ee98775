"""Checklist item 16, older multi-frame files: dose grids and nuclear medicine, of which one frame is placed."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from raddiag_engine.cases import Modality, WarningCode
from raddiag_engine.reading import read_case
from tests.engine.reading.checklist.scans import codes, message, read_all, read_one
from tests.engine.reading.dicom_files import noise, write_slice
from tests.engine.reading.enhanced_files import item

FIRST = np.array([-12.0, 7.0, 40.0])
TURN = np.radians(15)
OBLIQUE = np.array([[np.cos(TURN), np.sin(TURN), 0.0], [0.0, 0.0, -1.0]])
AXIAL = np.array([[1.0, 0, 0], [0, 1.0, 0]])
PLACE = {"ImagePositionPatient": [float(x) for x in FIRST]}


def write_frames(path, stored, **attributes):
    count, rows, columns = stored.shape
    return write_slice(
        path,
        stored.reshape(count * rows, columns),
        **{"Rows": rows, "NumberOfFrames": count, "RescaleSlope": None, "RescaleIntercept": None, **attributes},
    )


def write_dose(path, stored, offsets, orientation=AXIAL):
    return write_frames(
        path,
        stored.astype(np.uint16),
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.2",
        Modality="RTDOSE",
        GridFrameOffsetVector=offsets,
        ImageOrientationPatient=[float(x) for x in orientation.ravel()],
        PixelSpacing=[2.0, 3.0],
        DoseGridScaling=0.001,
        DoseUnits="GY",
        **PLACE,
    )


def write_nm(path, stored, types, **attributes):
    detector = item(ImageOrientationPatient=[float(x) for x in OBLIQUE.ravel()], **PLACE)
    return write_frames(
        path,
        stored,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.20",
        Modality="NM",
        ImageType=["ORIGINAL", "PRIMARY", types, "EMISSION"],
        PixelSpacing=[4.0, 4.0],
        DetectorInformationSequence=[detector],
        **attributes,
    )


def expected_mm(offsets, orientation, spacing, shape):
    normal = np.cross(*orientation)
    k, i, j = np.indices(shape).reshape(3, -1, 1)
    along = np.array(offsets)[k]
    lps = FIRST + along * normal + i * spacing[0] * orientation[1] + j * spacing[1] * orientation[0]
    return lps * (-1, -1, 1)


@pytest.mark.parametrize("start", [0.0, 40.0])
@pytest.mark.parametrize("orientation", [AXIAL, OBLIQUE])
@pytest.mark.parametrize("sign", [1, -1])
def test_item_16_a_dose_grid_lies_at_its_offsets(tmp_path, start, orientation, sign):
    stored = noise(4, 3, 5)
    offsets = [start + sign * 2.5 * k for k in range(4)]
    write_dose(tmp_path / "a.dcm", stored, offsets, orientation)
    scan = read_one(tmp_path)
    # Slices are sorted along the normal.
    values = stored[::sign]
    places = expected_mm([offset - start for offset in offsets][::sign], orientation, (2.0, 3.0), stored.shape)
    ours = nibabel.affines.apply_affine(scan.affine, np.argwhere(np.ones(stored.shape)))
    assert np.abs(ours - places).max() < 0.01
    assert np.allclose(scan.voxels, values * 0.001)
    assert scan.units == "Gy"
    assert not scan.usable and "dose grid" in scan.reason


def test_item_16_uneven_offsets_of_a_dose_grid_are_kept_and_said(tmp_path):
    write_dose(tmp_path / "a.dcm", noise(5, 3, 5), [0.0, 2.0, 4.0, 8.0, 10.0])
    scan = read_one(tmp_path)
    assert scan.slice_places == pytest.approx((0, 1, 2, 4, 5))
    assert WarningCode.GEOMETRY_GAP in codes(scan)


@pytest.mark.parametrize("order", [[1, 2, 3, 4], [4, 3, 2, 1], [2, 1, 4, 3]])
@pytest.mark.parametrize("spacing", [5.0, -5.0])
def test_item_16_a_tomogram_of_nuclear_medicine_lies_by_its_slice_vector(tmp_path, order, spacing):
    stored = noise(4, 3, 3)
    write_nm(tmp_path / "a.dcm", stored, "RECON TOMO", SliceVector=order, SpacingBetweenSlices=spacing)
    scan = read_one(tmp_path)
    assert scan.modality is Modality.NUCLEAR_MEDICINE
    assert scan.kind == "volume" and scan.usable
    in_order = stored[np.argsort(order)]
    offsets = [spacing * k - (order[0] - 1) * spacing for k in range(4)]
    if spacing < 0:
        in_order, offsets = in_order[::-1], offsets[::-1]
    assert np.array_equal(scan.voxels, in_order)
    ours = nibabel.affines.apply_affine(scan.affine, np.argwhere(np.ones(stored.shape)))
    assert np.abs(ours - expected_mm(offsets, OBLIQUE, (4.0, 4.0), stored.shape)).max() < 0.01
    assert "5.00 mm apart" in message(scan, WarningCode.GEOMETRY_STATED_SPACING)


def test_item_16_of_a_gated_tomogram_the_first_phase_is_used(tmp_path):
    stored = noise(8, 3, 3)
    write_nm(
        tmp_path / "a.dcm",
        stored,
        "RECON GATED TOMO",
        SliceVector=[1, 2, 3, 4] * 2,
        TimeSlotVector=[1] * 4 + [2] * 4,
        SpacingBetweenSlices=5.0,
    )
    case = read_case([tmp_path], guarded=False)
    (scan,) = case.scans
    assert np.array_equal(scan.voxels, stored[:4])
    assert "2 times, by cardiac phase" in message(scan, WarningCode.CONTENT_FOUR_DIMENSIONAL)


def test_item_16_projections_for_a_tomogram_are_listed_and_not_used(tmp_path):
    write_nm(tmp_path / "a.dcm", noise(6, 3, 3), "TOMO", RotationVector=[1] * 6)
    (scan,) = read_all(tmp_path)
    assert scan.kind == "cine" and scan.affine is None
    assert not scan.usable and "projections" in scan.reason


def test_item_16_views_of_nuclear_medicine_are_images_of_their_own(tmp_path):
    stored = noise(2, 3, 3)
    write_nm(tmp_path / "a.dcm", stored, "WHOLE BODY", DetectorVector=[1, 2])
    scans = read_all(tmp_path)
    assert [scan.kind for scan in scans] == ["image", "image"]
    assert all(np.array_equal(scan.voxels, view) for scan, view in zip(scans, stored, strict=True))
