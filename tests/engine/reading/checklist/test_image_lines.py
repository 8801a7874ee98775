"""The checklist's line on images: 16 bits, EXIF, CMYK, alpha, palettes, animations; unknown spacing stays unknown."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from raddiag_engine.cases import Modality, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file
from tests.engine.reading.checklist.scans import codes, message

RANDOM = np.random.default_rng(0)
GREY_16 = RANDOM.integers(0, 65536, (9, 7)).astype(np.uint16)
RGB = RANDOM.integers(0, 256, (9, 7, 3)).astype(np.uint8)


def read(path):
    (scan,) = read_file(path)
    return scan


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_image_of_16_bits_is_not_clipped(tmp_path, suffix):
    Image.fromarray(GREY_16).save(tmp_path / f"a.{suffix}")
    scan = read(tmp_path / f"a.{suffix}")
    assert scan.voxels.dtype == np.uint16
    assert np.array_equal(scan.voxels, GREY_16)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_image_is_turned_as_its_exif_says(tmp_path, orientation):
    picture = Image.fromarray(RGB[..., 0])
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    grey = RGB[..., 0]
    turns = {
        1: grey,
        2: grey[:, ::-1],
        3: grey[::-1, ::-1],
        4: grey[::-1],
        5: grey.T,
        6: np.rot90(grey, -1),
        7: grey[::-1, ::-1].T,
        8: np.rot90(grey, 1),
    }
    assert np.array_equal(read(tmp_path / "a.png").voxels, turns[orientation])


def test_image_in_cmyk(tmp_path):
    flat = np.zeros((16, 16, 3), np.uint8) + np.array([200, 40, 90], np.uint8)
    Image.fromarray(flat).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert np.abs(read(tmp_path / "a.jpg").colour.astype(int) - flat).max() < 12


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_image_with_alpha_keeps_its_values(tmp_path, mode):
    picture = Image.fromarray(RGB if mode == "RGBA" else RGB[..., 0]).convert(mode)
    picture.putalpha(Image.fromarray(RGB[..., 2]))
    picture.save(tmp_path / "a.png")
    scan = read(tmp_path / "a.png")
    assert np.array_equal(scan.colour if mode == "RGBA" else scan.voxels, RGB if mode == "RGBA" else RGB[..., 0])


def test_image_with_a_palette(tmp_path):
    index = RANDOM.integers(0, 4, (9, 7)).astype(np.uint8)
    colours = np.array([[0, 0, 0], [255, 0, 10], [9, 200, 0], [90, 80, 250]], np.uint8)
    picture = Image.fromarray(index, mode="P")
    picture.putpalette(colours.tobytes())
    picture.save(tmp_path / "a.png")
    assert np.array_equal(read(tmp_path / "a.png").colour, colours[index])


def test_image_that_moves_is_refused(tmp_path):
    frames = [Image.fromarray(RGB + i) for i in range(3)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(ReadError, match="animation"):
        read_file(tmp_path / "a.png")


def test_image_of_unknown_spacing_says_so(tmp_path):
    Image.fromarray(GREY_16).save(tmp_path / "a.png", dpi=(300, 300))
    scan = read(tmp_path / "a.png")
    assert (scan.spacing_mm, scan.affine) == (None, None)
    assert "does not say how large" in message(scan, WarningCode.GEOMETRY_UNKNOWN)


@pytest.mark.parametrize(
    ("name", "modality"),
    [
        ("chest_xray_01.png", Modality.XRAY),
        ("CXR-7.png", Modality.XRAY),
        ("liver ultrasound.png", Modality.ULTRASOUND),
        ("mammography_L.png", Modality.MAMMOGRAPHY),
        ("IMG_0001.png", Modality.UNKNOWN),
    ],
)
def test_image_whose_name_tells_the_modality_is_a_marked_guess(tmp_path, name, modality):
    Image.fromarray(GREY_16).save(tmp_path / name)
    scan = read(tmp_path / name)
    assert scan.modality is modality
    assert (WarningCode.MODALITY_GUESSED in codes(scan)) is (modality is not Modality.UNKNOWN)


def test_image_array_of_the_release_has_its_slices_last(tmp_path):
    volume = RANDOM.integers(0, 256, (9, 7, 5)).astype(np.uint8)
    np.save(tmp_path / "a.npy", volume)
    assert np.array_equal(read(tmp_path / "a.npy").voxels, volume.transpose(2, 0, 1))
