"""The public sample files: read to the values of an independent decoder, or refused with the right reason."""

from __future__ import annotations

import io

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.encaps import generate_frames

from raddiag_engine.cases import WarningCode
from raddiag_engine.reading import read_case, read_file
from tests.shared_data import shared_data

LOSSLESS = ("J2KR", "JLSL", "JPLL", "RLE")
# NM1 and XA1 lack lossless variants of nothing; US1 comes in colour and fewer codings.
WG04 = [(name, coding) for name in ("CT1", "CT2", "MR1", "MR3", "NM1", "XA1") for coding in LOSSLESS]
WG04 += [("US1", "J2KR"), ("US1", "RLE")]


@pytest.mark.parametrize(("name", "coding"), WG04)
def test_lossless_wg04_files_equal_their_references(name, coding):
    imagecodecs = pytest.importorskip("imagecodecs", reason="the references are packed with zstd")
    packed = shared_data("dicom", "wg04", f"{name}_UNC.zst").read_bytes()
    reference = pydicom.dcmread(io.BytesIO(imagecodecs.zstd_decode(packed)))
    expected = reference.pixel_array.astype(np.float64)
    (scan,) = read_file(shared_data("dicom", "wg04", f"{name}_{coding}"))
    if scan.colour is not None:
        assert np.array_equal(scan.colour, reference.pixel_array)
        return
    header = pydicom.dcmread(shared_data("dicom", "wg04", f"{name}_{coding}"), stop_before_pixels=True)
    slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
    assert np.array_equal(scan.voxels.squeeze(), slope * expected.squeeze() + intercept)
    assert scan.decoder


@pytest.mark.parametrize("name", ["MR1_JPLY", "MR3_JPLY", "NM1_JPLY", "XA1_JPLY"])
def test_12_bit_jpeg_agrees_with_another_decoder(name):
    imagecodecs = pytest.importorskip("imagecodecs", reason="the independent decoder of 12-bit JPEG")
    path = shared_data("dicom", "wg04", name)
    (scan,) = read_file(path)
    (coded,) = generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=1)
    assert np.array_equal(scan.voxels, imagecodecs.jpeg_decode(coded))
    assert scan.decoder == "gdcm (JPEG Extended (Process 2 and 4))"


GREY_SAMPLES = [
    "693_UNCR.dcm",
    "693_J2KR.dcm",
    "MR-SIEMENS-DICOM-WithOverlays.dcm",
    "MR2_UNCR.dcm",
    "MR2_J2KR.dcm",
    "bad_sequence.dcm",
    "explicit_VR-UN.dcm",
    "JPGLosslessP14SV1_1s_1f_8b.dcm",
]


@pytest.mark.parametrize("name", GREY_SAMPLES)
def test_grey_samples_agree_with_simpleitk(name):
    path = shared_data("dicom", "pydicom_data", name)
    (scan,) = read_file(path)
    image = SimpleITK.ReadImage(str(path))
    assert np.allclose(scan.voxels, SimpleITK.GetArrayFromImage(image)[0], rtol=1e-6, atol=1e-5)
    if scan.affine is not None:
        corner = np.array(image.TransformIndexToPhysicalPoint((image.GetWidth() - 1, image.GetHeight() - 1, 0)))
        ours = scan.affine @ (0, image.GetHeight() - 1, image.GetWidth() - 1, 1)
        assert np.allclose(ours[:3], corner * (-1, -1, 1), atol=0.01)


@pytest.mark.parametrize("name", ["SC_rgb.dcm", "color-pl.dcm", "color-px.dcm", "SC_rgb_dcmtk_ebcr_dcmd.dcm"])
def test_colour_samples_agree_with_simpleitk(name):
    path = shared_data("dicom", "pydicom_data", name)
    (scan,) = read_file(path)
    expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    assert np.array_equal(scan.colour, expected.reshape(scan.colour.shape))


@pytest.mark.parametrize("coding", ["_RLE", "_big_endian", "_jpeg_2k_lossless", "_jpeg_ls_lossless"])
def test_codings_of_one_image_give_one_scan(coding):
    (plain,) = read_file(shared_data("dicom", "pydicom_data", "emri_small.dcm"))
    (coded,) = read_file(shared_data("dicom", "pydicom_data", f"emri_small{coding}.dcm"))
    assert coded.content_hash == plain.content_hash


@pytest.mark.parametrize("pair", [("OBXXXX1A", "OBXXXX1A_expb"), ("OBXXXX1A_2frame", "OBXXXX1A_rle_2frame")])
def test_palettes_of_either_byte_order_give_one_picture(pair):
    one, other = (read_file(shared_data("dicom", "pydicom_data", f"{name}.dcm"))[0] for name in pair)
    assert np.array_equal(one.colour, other.colour)


def test_monochrome1_radiograph_is_marked_and_keeps_its_stored_values():
    path = shared_data("dicom", "pydicom_data", "RG3_J2KR.dcm")
    (scan,) = read_file(path)
    # SimpleITK inverts MONOCHROME1 without a word: 10 bits stored, so that 1023 - value is the stored one.
    inverted = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]
    assert scan.inverted
    assert len(np.unique(scan.voxels.astype(int) + inverted)) == 1


def test_the_enhanced_series_lies_where_dcm2niix_puts_it():
    folder = shared_data("dicom", "enhanced_mr")
    case = read_case(sorted(folder.glob("*.dcm")), guarded=False)
    (scan,) = case.scans
    reference = nibabel.load(folder / "Siemens_REST1_w_SMS_PF7-8_6.nii")
    expected = np.asarray(reference.dataobj)[..., 0]
    # dcm2niix turns the rows round; compare by place: every voxel of theirs, looked up in ours.
    index = np.stack(np.meshgrid(*map(np.arange, expected.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    world = nibabel.affines.apply_affine(reference.affine, index)
    ours = nibabel.affines.apply_affine(np.linalg.inv(scan.affine), world)
    assert np.abs(ours - np.rint(ours)).max() < 0.01
    assert np.array_equal(scan.voxels[tuple(np.rint(ours).astype(int).T)], expected[tuple(index.T)])
    assert [warning.code for warning in scan.warnings] == [WarningCode.CONTENT_FOUR_DIMENSIONAL]
    assert "4 times" in scan.warnings[0].message


def test_every_sample_is_a_scan_or_a_line():
    folder = shared_data("dicom", "pydicom_data")
    case = read_case([folder], guarded=False)
    named = {path for scan in case.scans for path in scan.sources} | {line.path for line in case.skipped}
    assert named == set(folder.glob("*.dcm"))
    assert all(line.reason for line in case.skipped)
