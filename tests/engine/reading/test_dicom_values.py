"""DICOM values: every voxel is slope * stored + intercept, exactly, and what casts doubt on it is said."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from pydicom.dataset import Dataset
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    EnhancedMRImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from raddiag_engine.cases import Modality, Plane, WarningCode, Window
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_case, read_file
from tests.engine.reading.dicom_files import functional_groups, noise, write_series, write_slice


def read_one(*paths):
    (scan,) = read_case(paths, guarded=False).scans
    return scan


def codes(scan):
    return [warning.code for warning in scan.warnings]


def test_hounsfield_units_are_stored_values_rescaled(tmp_path):
    stored = noise(3, 4, 4).astype(np.uint16)
    write_series(tmp_path, stored, RescaleType="HU", WindowCenter=[40, 600], WindowWidth=[400, 1500])
    scan = read_one(tmp_path)
    assert np.array_equal(scan.voxels, stored.astype(int) - 1024)
    assert scan.voxels.dtype == np.int16
    assert scan.units == "HU"
    assert scan.windows == (Window(40, 400), Window(600, 1500))


def test_each_slice_has_its_own_rescale(tmp_path):
    stored = noise(4, 4, 4)
    slopes, intercepts = (0.1, 0.2, 0.25, 3.5), (0, 1, -2, 0.5)
    write_series(
        tmp_path, stored, Modality="PT", each=lambda i: {"RescaleSlope": slopes[i], "RescaleIntercept": intercepts[i]}
    )
    scan = read_one(tmp_path)
    expected = stored * np.array(slopes)[:, None, None] + np.array(intercepts)[:, None, None]
    assert np.array_equal(scan.voxels, expected.astype(np.float32))
    assert scan.modality is Modality.NUCLEAR_MEDICINE


def test_whole_slopes_that_differ_stay_exact_integers(tmp_path):
    stored = np.full((3, 2, 2), 32767, np.int16)
    stored[:, 0, 0] = 1
    write_series(tmp_path, stored, Modality="MR", RescaleIntercept=0, each=lambda i: {"RescaleSlope": i + 1})
    scan = read_one(tmp_path)
    assert scan.voxels.dtype.kind == "i"
    assert scan.voxels[:, 1, 1].tolist() == [32767, 65534, 98301]


def test_ct_without_rescale_is_flagged_and_not_called_hounsfield(tmp_path):
    write_series(tmp_path, noise(3, 4, 4), RescaleSlope=None, RescaleIntercept=None)
    scan = read_one(tmp_path)
    assert codes(scan) == [WarningCode.VALUES_RESCALE_MISSING]
    assert scan.units == "stored"


@pytest.mark.parametrize("slope", [None, 0])
def test_an_intercept_without_a_slope_is_applied_and_said(tmp_path, slope):
    stored = noise(3, 4, 4)
    write_series(tmp_path, stored, RescaleSlope=slope, RescaleIntercept=-1024)
    scan = read_one(tmp_path)
    assert np.array_equal(scan.voxels, stored.astype(int) - 1024)
    assert scan.units == "HU"
    assert codes(scan) == [WarningCode.VALUES_RESCALE_MISSING]
    assert "slope is missing" in scan.warnings[0].message


def test_ct_shifted_by_1024_is_flagged(tmp_path):
    write_series(tmp_path, noise(3, 4, 4), RescaleIntercept=0)
    assert codes(read_one(tmp_path)) == [WarningCode.VALUES_OUT_OF_RANGE]


def test_monochrome1_keeps_its_values_and_is_marked_inverted(tmp_path):
    stored = noise(4, 5).astype(np.uint16)
    path = write_slice(
        tmp_path / "x.dcm",
        stored,
        SOPClassUID=DigitalXRayImageStorageForPresentation,
        Modality="DX",
        PhotometricInterpretation="MONOCHROME1",
        RescaleIntercept=0,
        ImagerPixelSpacing=[0.2, 0.1],
        ViewPosition="PA",
        BodyPartExamined="CHEST",
    )
    scan = read_one(path)
    assert scan.inverted
    assert np.array_equal(scan.voxels, stored)
    assert scan.spacing_mm == (0.2, 0.1)
    assert (scan.modality, scan.plane, scan.anatomy.value) == (Modality.XRAY, Plane.FRONTAL, "chest")
    assert "at the detector" in scan.warnings[0].message


@pytest.mark.parametrize(
    ("padding", "limit", "expected"), [(-2000, None, (-3024, -3024)), (-2000, -1990, (-3024, -3014))]
)
def test_padding_is_given_in_rescaled_units(tmp_path, padding, limit, expected):
    stored = noise(3, 4, 4)
    stored[:, 0] = padding
    write_series(tmp_path, stored, PixelPaddingValue=padding, PixelPaddingRangeLimit=limit)
    assert read_one(tmp_path).padding == expected


def test_bits_above_bits_stored_are_ignored(tmp_path):
    stored = noise(3, 4, 4).astype(np.uint16)
    write_series(tmp_path, stored | 0xF000, BitsStored=12, HighBit=11)
    assert np.array_equal(read_one(tmp_path).voxels, stored.astype(int) - 1024)


def test_constant_voxels_are_unusable(tmp_path):
    write_series(tmp_path, np.zeros((3, 4, 4), np.int16))
    scan = read_one(tmp_path)
    assert not scan.usable
    assert scan.reason == "every voxel has the value -1024"
    assert WarningCode.VALUES_CONSTANT in codes(scan)


def test_colour_is_kept_for_display_and_given_on_as_luminance(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    region = Dataset()
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.02, 0.03
    path = write_slice(
        tmp_path / "us.dcm",
        rgb,
        SOPClassUID=UltrasoundImageStorage,
        Modality="US",
        PhotometricInterpretation="RGB",
        PlanarConfiguration=0,
        SequenceOfUltrasoundRegions=[region],
    )
    scan = read_one(path)
    assert np.array_equal(scan.colour, rgb)
    assert np.abs(scan.voxels - rgb @ (0.299, 0.587, 0.114)).max() <= 0.5 + 1e-3
    assert scan.spacing_mm == pytest.approx((0.3, 0.2))
    assert codes(scan) == [WarningCode.CONTENT_COLOUR]


def test_frames_of_an_ultrasound_film_are_time(tmp_path):
    stored = noise(5, 8, 8).astype(np.uint8)
    path = write_slice(
        tmp_path / "film.dcm",
        stored.reshape(40, 8),
        Rows=8,
        NumberOfFrames=5,
        SOPClassUID=UltrasoundMultiFrameImageStorage,
        Modality="US",
        BurnedInAnnotation="YES",
        RescaleSlope=None,
        RescaleIntercept=None,
    )
    scan = read_one(path)
    assert scan.kind == "cine"
    assert scan.affine is None
    assert np.array_equal(scan.voxels, stored)
    assert {WarningCode.CONTENT_CINE, WarningCode.CONTENT_BURNED_IN} <= set(codes(scan))


def test_frames_of_an_enhanced_file_are_sorted_and_rescaled_each(tmp_path):
    stored = noise(4, 3, 5)
    heights = (6.0, 0.0, 9.0, 3.0)
    groups = functional_groups([(1, 2, z) for z in heights], slopes=(1.0, 2.0, 3.0, 4.0))
    path = write_slice(
        tmp_path / "enhanced.dcm",
        stored.reshape(12, 5),
        Rows=3,
        NumberOfFrames=4,
        SOPClassUID=EnhancedMRImageStorage,
        Modality="MR",
        RescaleSlope=None,
        RescaleIntercept=None,
        **groups,
    )
    scan = read_one(path)
    order = [1, 3, 0, 2]
    assert np.array_equal(scan.voxels, stored[order] * np.array([2, 4, 1, 3])[:, None, None])
    assert np.allclose(scan.affine @ (3, 2, 1, 1), (-1 - 0.75, -2 - 1.0, 9, 1))
    assert scan.warnings == ()


@pytest.mark.parametrize(
    ("attributes", "code", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, WarningCode.CONTENT_LOCALIZER, "localizer"),
        ({"SeriesDescription": "Topogram 0.6"}, WarningCode.CONTENT_LOCALIZER, "localizer"),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, WarningCode.CONTENT_NOT_AN_IMAGE, "secondary capture"),
        ({"PresentationIntentType": "FOR PROCESSING"}, WarningCode.CONTENT_NOT_FOR_PRESENTATION, "raw detector data"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]}, WarningCode.CONTENT_MOSAIC, "mosaic"),
    ],
)
def test_what_a_network_should_not_see_is_listed_with_the_reason(tmp_path, attributes, code, reason):
    write_series(tmp_path, noise(4, 4, 4), **attributes)
    scan = read_one(tmp_path)
    assert not scan.usable
    assert reason in scan.reason
    assert code in codes(scan)


def test_a_localizer_does_not_get_into_the_volume(tmp_path):
    stored = noise(5, 4, 4)
    write_series(tmp_path / "a", stored)
    write_slice(
        tmp_path / "scout.dcm",
        noise(4, 4, seed=3),
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        ImagePositionPatient=[-10, 20, 32],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[1, 1],
    )
    scans = read_case([tmp_path], guarded=False).scans
    (used,) = [scan for scan in scans if scan.usable]
    assert np.array_equal(used.voxels, stored - 1024)
    assert codes(used) == [WarningCode.CONTENT_SPLIT]
    assert "image type" in used.warnings[0].message


def test_an_object_without_an_image_is_skipped_with_its_name(tmp_path):
    path = write_slice(
        tmp_path / "sr.dcm", noise(2, 2), SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Rows=None, Columns=None
    )
    with pytest.raises(ReadError, match=r"holds no image \(Basic Text SR\)"):
        read_file(path)


@pytest.mark.parametrize(
    ("attributes", "modality"),
    [
        ({"Modality": "XA"}, Modality.FLUOROSCOPY),
        ({"Modality": "XA", "RecommendedViewingMode": "SUB"}, Modality.DSA),
        ({"Modality": "XA", "SeriesDescription": "Carotid DSA"}, Modality.DSA),
        ({"Modality": "RF"}, Modality.FLUOROSCOPY),
        ({"Modality": "RF", "StudyDescription": "BARIUM ENEMA"}, Modality.BARIUM_ENEMA),
        ({"Modality": "MG"}, Modality.MAMMOGRAPHY),
        ({"Modality": "NM"}, Modality.NUCLEAR_MEDICINE),
        ({"Modality": "OT"}, Modality.CT),
        ({"Modality": "OT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.4"}, Modality.UNKNOWN),
    ],
)
def test_modality_is_told_from_the_header(tmp_path, attributes, modality):
    path = write_slice(tmp_path / "a.dcm", noise(4, 4), **attributes)
    assert read_one(path).modality is modality


@pytest.mark.parametrize(
    ("attributes", "anatomy"),
    [
        ({"BodyPartExamined": "CSPINE"}, "spine"),
        ({"BodyPartExamined": "ABDOMEN"}, "abdomen and pelvis"),
        ({"BodyPartExamined": "KNEE"}, "lower limb"),
        ({"SeriesDescription": "Head 5.0 H30s"}, "head and neck"),
        ({"StudyDescription": "CT Thorax/Abdomen"}, "mixed"),
        ({"SeriesDescription": "Whip"}, "unknown"),
    ],
)
def test_anatomy_is_told_from_body_part_or_description(tmp_path, attributes, anatomy):
    path = write_slice(tmp_path / "a.dcm", noise(4, 4), **attributes)
    assert read_one(path).anatomy.value == anatomy


def test_values_agree_with_simpleitk(tmp_path):
    path = write_slice(tmp_path / "a.dcm", noise(9, 7), RescaleSlope=0.37, RescaleIntercept=-12.5, Modality="MR")
    expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]
    assert np.allclose(read_one(path).voxels, expected, rtol=1e-6)


def test_text_and_random_bytes_called_dcm_are_of_unknown_format(tmp_path):
    for name, data in (
        ("text.dcm", b"plain text " * 50),
        ("noise.dcm", bytes(range(7, 250)) * 4),
        ("one.dcm", b"\x08"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ReadError, match="unknown format"):
            read_file(tmp_path / name)


@pytest.mark.parametrize("preamble", [b"MZ", b"\x7fELF"])
def test_an_executable_preamble_is_refused(tmp_path, preamble):
    path = write_slice(tmp_path / "a.dcm", noise(4, 4))
    path.write_bytes(preamble + path.read_bytes()[len(preamble) :])
    with pytest.raises(ReadError, match="program"):
        read_file(path)


def test_a_file_without_preamble_and_meta_is_read_by_its_sop_class(tmp_path):
    path = write_slice(tmp_path / "a.dcm", noise(4, 4))
    expected = read_one(path).voxels
    data = path.read_bytes()
    meta_length = int.from_bytes(data[140:144], "little")
    path.write_bytes(data[144 + meta_length :])
    assert np.array_equal(read_one(path).voxels, expected)


def test_a_lying_size_is_refused_before_anything_is_allocated(tmp_path):
    path = write_slice(tmp_path / "a.dcm", noise(4, 4), Rows=65535, Columns=65535)
    with pytest.raises(ReadError, match="million"):
        read_file(path)
    path = write_slice(tmp_path / "b.dcm", noise(4, 4), NumberOfFrames=2**31 - 1)
    with pytest.raises(ReadError, match="frames"):
        read_file(path)


@pytest.mark.parametrize("depth", [300, 5000])
def test_deeply_nested_sequences_are_a_read_error(tmp_path, depth):
    path = write_slice(tmp_path / "deep.dcm", noise(4, 4))
    data = path.read_bytes()
    start = data.index(b"\x28\x00\x02\x00US")
    unknown = b"\xff\xff\xff\xff"
    opening = b"\x08\x00\x15\x11SQ\0\0" + unknown + b"\xfe\xff\x00\xe0" + unknown
    closing = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    path.write_bytes(data[:start] + opening * depth + closing * depth + data[start:])
    with pytest.raises(ReadError, match="nested too deeply"):
        read_file(path)
