"""PNG, JPEG, TIFF and NPY."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from raddiag_engine.cases import Modality, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file
from tests.shared_data import shared_data

GREY8 = np.random.default_rng(0).integers(0, 256, (6, 9), dtype=np.uint8)
GREY16 = np.random.default_rng(1).integers(0, 65536, (6, 9)).astype(np.uint16)
RGB = np.random.default_rng(2).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def read_one(path):
    (scan,) = read_file(path)
    return scan


@pytest.mark.parametrize(("pixels", "units"), [(GREY8, "8-bit"), (GREY16, "stored")])
def test_grey_png_keeps_every_value(tmp_path, pixels, units):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    scan = read_one(tmp_path / "a.png")
    assert np.array_equal(scan.voxels, pixels)
    assert (scan.units, scan.kind, scan.modality) == (units, "image", Modality.UNKNOWN)
    assert scan.affine is None
    assert scan.spacing_mm is None
    assert scan.colour is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "CMYK"])
def test_grey_pictures_stored_in_colour_modes_are_grey(tmp_path, mode):
    name = "a.tif" if mode == "CMYK" else "a.png"
    grey = Image.fromarray(GREY8)
    (grey.convert("P") if mode == "P" else grey.convert("RGB").convert(mode)).save(tmp_path / name)
    scan = read_one(tmp_path / name)
    assert scan.colour is None
    assert np.array_equal(scan.voxels, GREY8)


def test_colour_is_kept_beside_its_luminance(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    scan = read_one(tmp_path / "a.png")
    assert np.array_equal(scan.colour, RGB)
    assert np.abs(scan.voxels - RGB @ (0.299, 0.587, 0.114)).max() <= 0.5 + 1e-3
    assert WarningCode.CONTENT_COLOUR in [warning.code for warning in scan.warnings]


def test_the_orientation_of_a_camera_is_applied(tmp_path):
    flat = np.zeros((16, 24), np.uint8)
    flat[:8, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right: turn by 90 degrees clockwise
    Image.fromarray(flat).save(tmp_path / "a.jpg", exif=exif, quality=95)
    scan = read_one(tmp_path / "a.jpg")
    assert scan.voxels.shape == (24, 16)
    assert scan.voxels[2, 13] > 200 > 50 > scan.voxels[2, 2]


def test_the_suffix_is_not_trusted(tmp_path):
    Image.fromarray(GREY8).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.dcm")
    assert read_one(tmp_path / "a.dcm").file_format == "PNG"


def test_pages_of_a_tiff_are_slices(tmp_path):
    volume = np.random.default_rng(3).integers(0, 4000, (5, 6, 7)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", volume, photometric="minisblack", compression="zlib")
    scan = read_one(tmp_path / "a.tif")
    assert scan.kind == "volume"
    assert np.array_equal(scan.voxels, volume)


def test_min_is_white_is_inverted(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY8, photometric="miniswhite")
    scan = read_one(tmp_path / "a.tif")
    assert scan.inverted
    assert np.array_equal(scan.voxels, GREY8)


def test_lzw_tiff_is_read_without_optional_codecs(tmp_path):
    Image.fromarray(GREY16).save(tmp_path / "a.tif", compression="tiff_lzw")
    scan = read_one(tmp_path / "a.tif")
    assert scan.decoder == "Pillow"
    assert np.array_equal(scan.voxels, GREY16)


def test_pages_that_differ_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(GREY8)
        writer.write(GREY8[:3])
    with pytest.raises(ReadError, match="differ"):
        read_file(tmp_path / "a.tif")


def test_npy_of_the_release_has_its_slices_last(tmp_path):
    volume = np.random.default_rng(4).integers(0, 256, (8, 9, 5), dtype=np.uint8)
    np.save(tmp_path / "a.npy", volume)
    scan = read_one(tmp_path / "a.npy")
    assert (scan.kind, scan.units) == ("volume", "8-bit")
    assert np.array_equal(scan.voxels, np.moveaxis(volume, 2, 0))


def test_three_equal_slices_are_one_image(tmp_path):
    np.save(tmp_path / "a.npy", np.repeat(GREY8[..., None], 3, axis=2))
    scan = read_one(tmp_path / "a.npy")
    assert scan.kind == "image"
    assert np.array_equal(scan.voxels, GREY8)


def test_three_planes_that_differ_in_an_arrow_are_one_coloured_image(tmp_path):
    planes = np.repeat(GREY8[..., None], 3, axis=2)
    planes[0, :3] = (255, 0, 0)
    np.save(tmp_path / "a.npy", planes)
    scan = read_one(tmp_path / "a.npy")
    assert scan.kind == "image"
    assert np.array_equal(scan.colour, planes)


def test_three_different_slices_are_a_volume(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(5).integers(0, 256, (16, 16, 3), dtype=np.uint8))
    assert read_one(tmp_path / "a.npy").voxels.shape == (3, 16, 16)


def test_constant_and_missing_values_are_unusable(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((8, 8), np.uint8))
    assert read_one(tmp_path / "a.npy").reason == "every voxel has the value 0"
    np.save(tmp_path / "b.npy", np.full((8, 8, 4), np.nan, np.float32))
    assert "not finite" in read_one(tmp_path / "b.npy").reason


def test_pickles_in_npy_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ReadError):
        read_file(tmp_path / "a.npy")


def test_animations_are_refused(tmp_path):
    frames = [Image.fromarray(GREY8), Image.fromarray(GREY8[::-1].copy())]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(ReadError, match="animation"):
        read_file(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "npy"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_truncated_files_are_read_errors(tmp_path, suffix, share):
    path = tmp_path / f"a.{suffix}"
    pixels = np.random.default_rng(6).integers(0, 256, (64, 64), dtype=np.uint8)
    np.save(path, pixels) if suffix == "npy" else Image.fromarray(pixels).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ReadError, match=path.name):
        read_file(path)


def test_a_picture_of_a_billion_pixels_is_refused_unseen(tmp_path):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)))
    with pytest.raises(ReadError, match="million"):
        read_file(tmp_path / "bomb.png")


@pytest.mark.parametrize("folder", ["brain_tumor_mri", "busi_breast_ultrasound", "chest_xray", "head_ct_hemorrhage"])
def test_open_images_are_read_to_pillows_luminance(folder):
    files = sorted(path for path in shared_data(folder).rglob("*") if path.suffix in (".jpg", ".png"))[::150]
    assert files
    for path in files:
        with Image.open(path) as image:
            expected = np.asarray(image.convert("RGB").convert("L"), dtype=int)
        # A grey picture in JPEG colours is read from one channel: within the rounding of its chroma.
        assert np.abs(read_one(path).voxels.astype(int) - expected).max() <= 2
