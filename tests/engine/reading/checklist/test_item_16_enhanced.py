"""Checklist item 16: enhanced multi-frame CT, MR, US and XA: functional groups, concatenations, frames out of order."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
from pydicom.uid import (
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    EnhancedPETImageStorage,
    EnhancedUSVolumeStorage,
    EnhancedXAImageStorage,
    XRay3DAngiographicImageStorage,
)

from raddiag_engine.cases import Modality, WarningCode, Window
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_case
from tests.engine.reading.checklist.scans import codes, message, read_all, read_one
from tests.engine.reading.dcm2niix import converted, looked_up
from tests.engine.reading.dicom_files import noise
from tests.engine.reading.enhanced_files import frame_groups, item, shared_groups, write_enhanced
from tests.shared_data import shared_data


def ct(path, stored, positions, each=lambda i: {}, **attributes):
    frames = [frame_groups(position, **each(i)) for i, position in enumerate(positions)]
    attributes.setdefault("SharedFunctionalGroupsSequence", shared_groups(spacing=(0.5, 0.75)))
    return write_enhanced(path, stored, frames, SOPClassUID=EnhancedCTImageStorage, **attributes)


def test_item_16_frames_out_of_order_are_sorted_by_their_positions(tmp_path):
    stored = noise(5, 4, 6)
    heights = (6.0, 0.0, 12.0, 3.0, 9.0)
    shared = shared_groups(
        spacing=(0.5, 0.75),
        PixelValueTransformationSequence={"RescaleSlope": 1, "RescaleIntercept": -1024, "RescaleType": "HU"},
        FrameVOILUTSequence={"WindowCenter": 40, "WindowWidth": 400},
        CTImageFrameTypeSequence={"FrameType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]},
        FrameAnatomySequence={"AnatomicRegionSequence": {"CodeMeaning": "Chest"}, "FrameLaterality": "U"},
    )
    scan = read_one(ct(tmp_path / "a.dcm", stored, [(1, 2, z) for z in heights], SharedFunctionalGroupsSequence=shared))
    order = np.argsort(heights)
    assert np.array_equal(scan.voxels, stored[order].astype(int) - 1024)
    assert scan.spacing_mm == pytest.approx((3.0, 0.5, 0.75))
    assert np.allclose(scan.affine @ (4, 0, 0, 1), (-1, -2, 12, 1))
    assert (scan.units, scan.windows, scan.anatomy.value) == ("HU", (Window(40, 400),), "chest")
    assert codes(scan) == []


def test_item_16_a_frame_overrules_what_is_shared(tmp_path):
    turned = {"PlaneOrientationSequence": {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}}
    positions = [(0, 0, 2 * i) for i in range(4)] + [(2 * i, 0, 0) for i in range(4)]
    path = ct(tmp_path / "a.dcm", noise(8, 4, 6), positions, each=lambda i: turned if i >= 4 else {})
    scans = read_all(path)
    assert [scan.plane.value for scan in scans] == ["axial", "sagittal"]
    assert "orientation" in message(scans[0], WarningCode.CONTENT_SPLIT)


@pytest.mark.parametrize(
    ("sop_class", "modality", "sequence"),
    [
        (EnhancedCTImageStorage, "CT", "CTImageFrameTypeSequence"),
        (EnhancedMRImageStorage, "MR", "MRImageFrameTypeSequence"),
        (EnhancedPETImageStorage, "PT", "PETFrameTypeSequence"),
        (XRay3DAngiographicImageStorage, "XA", "XRay3DFrameTypeSequence"),
        (EnhancedUSVolumeStorage, "US", "USImageDescriptionSequence"),
    ],
)
def test_item_16_the_type_of_a_frame_counts_and_not_that_of_the_file(tmp_path, sop_class, modality, sequence):
    frames = [
        frame_groups(
            (0, 0, 2.0 * i), **{sequence: {"FrameType": ["ORIGINAL", "PRIMARY", "LOCALIZER" if i < 4 else "VOLUME"]}}
        )
        for i in range(8)
    ]
    attributes = {"SOPClassUID": sop_class, "Modality": modality, "ImageType": ["ORIGINAL", "PRIMARY", "MIXED"]}
    path = write_enhanced(
        tmp_path / "a.dcm", noise(8, 4, 6), frames, SharedFunctionalGroupsSequence=shared_groups(), **attributes
    )
    scans = read_all(path)
    assert [(len(scan.voxels), scan.usable) for scan in scans] == [(4, False), (4, True)]


def test_item_16_a_missing_frame_is_a_gap(tmp_path):
    heights = (0, 2, 4, 8, 10)
    scan = read_one(ct(tmp_path / "a.dcm", noise(5, 4, 6), [(0, 0, z) for z in heights]))
    assert WarningCode.GEOMETRY_GAP in codes(scan)


def test_item_16_a_concatenation_is_put_together(tmp_path):
    stored = noise(9, 4, 6)
    for part, frames in enumerate((slice(0, 4), slice(4, 9))):
        positions = [(0, 0, 2.0 * i) for i in range(9)][frames]
        ct(
            tmp_path / f"{2 - part}.dcm",
            stored[frames],
            positions,
            ConcatenationUID="1.2.3.4",
            InConcatenationNumber=part + 1,
            ConcatenationFrameOffsetNumber=frames.start,
        )
    scan = read_one(tmp_path)
    assert np.array_equal(scan.voxels, stored)


def test_item_16_a_concatenated_film_is_put_together_in_time(tmp_path):
    stored = noise(6, 4, 6).astype(np.uint8)
    for name, start in (("b", 0), ("a", 3)):
        write_enhanced(
            tmp_path / f"{name}.dcm",
            stored[start : start + 3],
            [frame_groups() for _ in range(3)],
            SOPClassUID=EnhancedXAImageStorage,
            Modality="XA",
            SharedFunctionalGroupsSequence=[item()],
            ConcatenationUID="1.2.3.5",
            InConcatenationNumber=1 + start // 3,
            ConcatenationFrameOffsetNumber=start,
        )
    scan = read_one(tmp_path)
    assert scan.kind == "cine"
    assert np.array_equal(scan.voxels, stored)


def test_item_16_mr_echoes_and_b_values_of_frames_are_told_apart(tmp_path):
    stored = noise(12, 4, 6)
    frames = []
    for i in range(12):
        frames.append(
            frame_groups(
                (0, 0, 2.0 * (i % 4)),
                MREchoSequence={"EffectiveEchoTime": 20.0 if i < 8 else 80.0},
                MRDiffusionSequence={"DiffusionBValue": 0.0 if i < 4 else 1000.0},
            )
        )
    path = write_enhanced(
        tmp_path / "a.dcm",
        stored,
        frames,
        SOPClassUID=EnhancedMRImageStorage,
        Modality="MR",
        SharedFunctionalGroupsSequence=shared_groups(),
    )
    scans = read_all(path)
    assert [
        np.array_equal(scan.voxels, part)
        for scan, part in zip(scans, (stored[:4], stored[4:8], stored[8:]), strict=True)
    ] == [True] * 3
    assert {
        word for scan in scans for word in ("b-value", "echo time") if any(word in w.message for w in scan.warnings)
    } == {"b-value", "echo time"}


def test_item_16_an_ultrasound_volume_lies_in_the_frame_of_its_transducer(tmp_path):
    stored = noise(5, 4, 6).astype(np.uint8)
    heights = (2.0, 0.0, 4.0, 1.0, 3.0)
    frames = [item(PlanePositionVolumeSequence={"ImagePositionVolume": [0.0, 0.0, z]}) for z in heights]
    shared = [
        item(
            PlaneOrientationVolumeSequence={"ImageOrientationVolume": [1.0, 0, 0, 0, 1, 0]},
            PixelMeasuresSequence={"PixelSpacing": [0.4, 0.3]},
        )
    ]
    path = write_enhanced(
        tmp_path / "a.dcm",
        stored,
        frames,
        SOPClassUID=EnhancedUSVolumeStorage,
        Modality="US",
        SharedFunctionalGroupsSequence=shared,
    )
    scan = read_one(path)
    assert (scan.kind, scan.modality) == ("volume", Modality.ULTRASOUND)
    assert np.array_equal(scan.voxels, stored[np.argsort(heights)])
    assert scan.spacing_mm == pytest.approx((1.0, 0.4, 0.3))
    assert scan.affine is None
    assert "frame of the transducer" in message(scan, WarningCode.GEOMETRY_UNKNOWN)


def test_item_16_an_xa_run_is_a_film_with_its_frame_time(tmp_path):
    stored = noise(5, 4, 6).astype(np.uint16)
    path = write_enhanced(
        tmp_path / "a.dcm",
        stored,
        [frame_groups() for _ in range(5)],
        SOPClassUID=EnhancedXAImageStorage,
        Modality="XA",
        SharedFunctionalGroupsSequence=[item()],
        CineRate=15,
    )
    scan = read_one(path)
    assert (scan.kind, scan.modality) == ("cine", Modality.FLUOROSCOPY)
    assert scan.frame_time_ms == pytest.approx(1000 / 15)
    assert np.array_equal(scan.voxels, stored)


def test_item_16_more_or_fewer_groups_than_frames_are_refused(tmp_path):
    path = ct(tmp_path / "a.dcm", noise(4, 4, 6), [(0, 0, 2 * i) for i in range(4)], NumberOfFrames=5)
    with pytest.raises(ReadError, match="announces 5 frames and describes 4"):
        read_case([path], guarded=False)


def test_item_16_dcm2niix_agrees_on_a_made_up_enhanced_mr(tmp_path):
    (tmp_path / "in").mkdir()
    heights = (6.0, 0.0, 12.0, 3.0, 9.0)
    frames = [
        frame_groups(
            (1, 2, z),
            FrameContentSequence={
                "StackID": "1",
                "InStackPositionNumber": int(z / 3) + 1,
                "DimensionIndexValues": [1, int(z / 3) + 1],
            },
        )
        for z in heights
    ]
    write_enhanced(
        tmp_path / "in" / "a.dcm",
        noise(5, 4, 6),
        frames,
        SOPClassUID=EnhancedMRImageStorage,
        Modality="MR",
        Manufacturer="SIEMENS",
        SeriesNumber=1,
        SharedFunctionalGroupsSequence=shared_groups(
            PixelMeasuresSequence={"PixelSpacing": [0.5, 0.75], "SliceThickness": 3.0, "SpacingBetweenSlices": 3.0}
        ),
    )
    images = converted(tmp_path / "in", tmp_path / "nii")
    (image,) = images.values()
    theirs, ours, off = looked_up(image, read_one(tmp_path / "in"))
    assert off < 0.01
    assert np.array_equal(ours, theirs)


def test_item_16_dcm2niix_agrees_on_the_real_enhanced_series(tmp_path):
    folder = shared_data("dicom", "enhanced_mr")
    (tmp_path / "in").mkdir()
    for path in folder.glob("*.dcm"):
        (tmp_path / "in" / path.name).write_bytes(path.read_bytes())
    (image,) = converted(tmp_path / "in", tmp_path / "nii").values()
    first = nibabel.Nifti1Image(np.asarray(image.dataobj)[..., 0], image.affine)
    theirs, ours, off = looked_up(first, read_one(tmp_path / "in"))
    assert off < 0.01
    assert np.array_equal(ours, theirs)
