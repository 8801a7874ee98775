"""Checklist item 12: YBR, planar configuration and palettes; shown in colour, given to the model as luminance."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from pydicom.data import get_testdata_file
from pydicom.pixels import convert_color_space
from pydicom.uid import UltrasoundImageStorage

from raddiag_engine.cases import WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file
from tests.engine.reading.checklist.scans import codes, read_one
from tests.engine.reading.dicom_files import write_slice

RGB = np.random.default_rng(5).integers(0, 256, (8, 6, 3), dtype=np.uint8)
WEIGHTS = (0.299, 0.587, 0.114)


def ultrasound(path, pixels, **attributes):
    defaults = {"SOPClassUID": UltrasoundImageStorage, "Modality": "US", "PlanarConfiguration": 0}
    defaults |= {"RescaleSlope": None, "RescaleIntercept": None, "Rows": 8, "Columns": 6, "SamplesPerPixel": 3}
    return write_slice(path, pixels, **{**defaults, **attributes})


@pytest.mark.parametrize("planar", [0, 1])
def test_item_12_pixels_or_planes(tmp_path, planar):
    pixels = RGB if planar == 0 else np.ascontiguousarray(RGB.transpose(2, 0, 1))
    path = ultrasound(tmp_path / "a.dcm", pixels, PhotometricInterpretation="RGB", PlanarConfiguration=planar)
    scan = read_one(path)
    assert np.array_equal(scan.colour, RGB)
    assert np.abs(scan.voxels - RGB @ WEIGHTS).max() <= 0.5 + 1e-3
    assert WarningCode.CONTENT_COLOUR in codes(scan)


def test_item_12_ybr_full_becomes_rgb(tmp_path):
    ybr = np.asarray(convert_color_space(RGB, "RGB", "YBR_FULL"))
    scan = read_one(ultrasound(tmp_path / "a.dcm", ybr, PhotometricInterpretation="YBR_FULL"))
    assert np.abs(scan.colour.astype(int) - RGB).max() <= 2
    assert np.abs(scan.voxels.astype(int) - ybr[..., 0]).max() <= 2


@pytest.mark.parametrize("space", ["HSV", "ARGB", "CMYK", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "XYZ"])
def test_item_12_retired_colour_spaces_are_refused_and_not_shown_in_false_colours(tmp_path, space):
    path = ultrasound(tmp_path / "a.dcm", RGB, PhotometricInterpretation=space)
    with pytest.raises(ReadError):
        read_file(path)


def test_item_12_a_palette_gives_its_colours(tmp_path):
    index = np.random.default_rng(1).integers(0, 4, (8, 6), dtype=np.uint8)
    tables = np.array([[0, 255, 10, 128], [0, 0, 200, 128], [255, 0, 30, 128]])
    names = ("Red", "Green", "Blue")
    palette = {f"{name}PaletteColorLookupTableDescriptor": [4, 0, 16] for name in names}
    palette |= {
        f"{name}PaletteColorLookupTableData": (table * 257).astype("<u2").tobytes()
        for name, table in zip(names, tables, strict=True)
    }
    path = ultrasound(
        tmp_path / "a.dcm",
        index,
        PhotometricInterpretation="PALETTE COLOR",
        SamplesPerPixel=1,
        PlanarConfiguration=None,
        **palette,
    )
    assert np.array_equal(read_one(path).colour, tables.T[index])


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_rgb_jpeg_gdcm.dcm",
        "SC_rgb_dcmtk_+eb+cy+np.dcm",
        "SC_rgb_dcmtk_+eb+cy+s4.dcm",
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "SC_rgb_rle.dcm",
        "SC_ybr_full_422_uncompressed.dcm",
        "examples_palette.dcm",
        "examples_ybr_color.dcm",
        "SC_rgb_small_odd.dcm",
        "SC_rgb_small_odd_jpeg.dcm",
    ],
)
def test_item_12_samples_of_every_coding_agree_with_simpleitk(name):
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip(f"pydicom does not ship {name} here")
    (scan,) = read_file(path)
    shown = scan.voxels if scan.colour is None else scan.colour
    expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path)).squeeze()
    assert np.array_equal(shown, expected if expected.ndim == shown.ndim else expected[..., 1])


def test_item_12_grey_in_three_channels_is_grey(tmp_path):
    grey = np.repeat(RGB[..., :1], 3, axis=-1)
    scan = read_one(ultrasound(tmp_path / "a.dcm", grey, PhotometricInterpretation="RGB"))
    assert scan.colour is None
    assert np.array_equal(scan.voxels, grey[..., 0])
