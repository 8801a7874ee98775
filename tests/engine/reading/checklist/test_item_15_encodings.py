"""Checklist item 15: transfer syntaxes; floats, bits, 32 bits, byte orders, odd lengths, no meta."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file
from raddiag_engine.reading.dicom.frame_codecs import DEFLATED_IMAGE_FRAME, ENCAPSULATED_UNCOMPRESSED
from tests.engine.reading.checklist.scans import read_one
from tests.engine.reading.dicom_files import noise, write_slice
from tests.shared_data import shared_data


def plain(path, stored=None, **attributes):
    write_slice(
        path, noise(7, 5) if stored is None else stored, **{"Modality": "MR", "RescaleIntercept": 0, **attributes}
    )
    return pydicom.dcmread(path)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_item_15_uncompressed_in_every_byte_order(tmp_path, syntax):
    stored = noise(7, 5)
    dataset = plain(tmp_path / "a.dcm", stored)
    dataset.file_meta.TransferSyntaxUID = syntax
    little = syntax != ExplicitVRBigEndian
    if not little:
        dataset.PixelData = stored.astype(">i2").tobytes()
        dataset["PixelData"].VR = "OW"
    pydicom.dcmwrite(
        tmp_path / "b.dcm",
        dataset,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=little,
        force_encoding=True,
    )
    assert np.array_equal(read_one(tmp_path / "b.dcm").voxels, stored)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_item_15_lossless_compression_is_exact(tmp_path, syntax):
    stored = noise(64, 48).astype(np.uint16)
    dataset = plain(tmp_path / "a.dcm", stored)
    if syntax == JPEGLSLossless:
        imagecodecs = pytest.importorskip("imagecodecs", reason="writes JPEG-LS")
        dataset.PixelData = encapsulate([imagecodecs.jpegls_encode(stored)])
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset["PixelData"].is_undefined_length = True
    else:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(tmp_path / "b.dcm")
    scan = read_one(tmp_path / "b.dcm")
    assert np.array_equal(scan.voxels, stored)
    assert scan.decoder.split()[0] in ("pylibjpeg", "gdcm")


@pytest.mark.parametrize("syntax", [DEFLATED_IMAGE_FRAME, ENCAPSULATED_UNCOMPRESSED])
def test_item_15_frames_that_are_deflated_or_only_wrapped(tmp_path, syntax):
    stored = noise(3, 8, 6)
    dataset = plain(tmp_path / "a.dcm", stored.reshape(24, 6), Rows=8, NumberOfFrames=3)
    frames = [frame.tobytes() for frame in stored]
    if syntax == DEFLATED_IMAGE_FRAME:
        packers = [zlib.compressobj(wbits=-15) for _ in frames]
        frames = [packer.compress(frame) + packer.flush() for packer, frame in zip(packers, frames, strict=True)]
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(tmp_path / "b.dcm", dataset, implicit_vr=False, little_endian=True, force_encoding=True)
    scan = read_one(tmp_path / "b.dcm")
    assert np.array_equal(scan.voxels, stored)


def test_item_15_a_deflate_bomb_in_a_frame_costs_one_frame(tmp_path):
    packer = zlib.compressobj(wbits=-15)
    bomb = packer.compress(bytes(50_000_000)) + packer.flush()
    dataset = plain(tmp_path / "a.dcm")
    dataset.PixelData = encapsulate([bomb])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = DEFLATED_IMAGE_FRAME
    pydicom.dcmwrite(tmp_path / "b.dcm", dataset, implicit_vr=False, little_endian=True, force_encoding=True)
    assert not read_one(tmp_path / "b.dcm").voxels.any()


@pytest.mark.parametrize("name", ["HTJ2KLossless_08_RGB.dcm", "HTJ2K_08_RGB.dcm"])
def test_item_15_htj2k_samples(name):
    imagecodecs = pytest.importorskip("imagecodecs", reason="the independent decoder")
    path = shared_data("dicom", "pydicom_data", name)
    (coded,) = pydicom.encaps.generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=1)
    off = np.abs(read_one(path).colour.astype(int) - imagecodecs.htj2k_decode(coded))
    # OpenJPH wraps round where a lossy value leaves the range; OpenJPEG, which decodes ours, clips.
    assert np.mean(off > 1) <= (0 if "Lossless" in name else 0.001)


JPEGLS = [f"JLSL_RGB_ILV{i}.dcm" for i in range(3)] + [
    "JLSN_RGB_ILV0.dcm",
    "JLSL_16_15_1_1F.dcm",
    "JLSL_08_07_0_1F.dcm",
]


@pytest.mark.parametrize("name", JPEGLS)
def test_item_15_jpeg_ls_samples(name):
    imagecodecs = pytest.importorskip("imagecodecs", reason="the independent decoder")
    path = shared_data("dicom", "pydicom_data", name)
    dataset = pydicom.dcmread(path, force=True)
    (coded,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    expected = imagecodecs.jpegls_decode(coded)
    if dataset.PixelRepresentation == 1:
        unused = 16 - dataset.BitsStored
        expected = (expected << unused).astype(np.int16) >> unused
    scan = read_one(path)
    shown = scan.voxels if scan.colour is None else scan.colour
    assert np.array_equal(shown, expected)


@pytest.mark.parametrize("coding", ["_rle", "_j2k", "_deflate", "_expb"])
def test_item_15_pixels_of_one_bit_in_every_coding(coding):
    (expected,) = read_file(shared_data("dicom", "pydicom_data", "liver.dcm"))
    (scan,) = read_file(shared_data("dicom", "pydicom_data", f"liver{coding}.dcm"))
    assert np.array_equal(scan.voxels, pydicom.dcmread(expected.sources[0]).pixel_array)
    assert np.array_equal(scan.voxels, expected.voxels)


@pytest.mark.parametrize("coding", ["_rle", "_j2k", "_deflate"])
def test_item_15_pixels_of_one_bit_that_fill_no_byte(coding):
    path = shared_data("dicom", "pydicom_data", "liver_nonbyte_aligned.dcm")
    (scan,) = read_file(shared_data("dicom", "pydicom_data", f"liver_nonbyte_aligned{coding}.dcm"))
    assert np.array_equal(scan.voxels, pydicom.dcmread(path).pixel_array)


@pytest.mark.parametrize("name", ["MR1_JPLY", "XA1_JPLY"])
def test_item_15_extended_jpeg_of_12_bits(name):
    imagecodecs = pytest.importorskip("imagecodecs", reason="the independent decoder")
    path = shared_data("dicom", "wg04", name)
    (coded,) = pydicom.encaps.generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=1)
    assert np.array_equal(read_one(path).voxels, imagecodecs.jpeg_decode(coded))


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", np.float32), ("DoubleFloatPixelData", np.float64)])
def test_item_15_float_pixels(tmp_path, keyword, dtype):
    values = np.random.default_rng(0).normal(size=(7, 5)).astype(dtype)
    dataset = plain(tmp_path / "a.dcm", RescaleSlope=None, RescaleIntercept=None)
    del dataset.PixelData
    setattr(dataset, keyword, values.tobytes())
    dataset.BitsAllocated = 8 * values.itemsize
    for unused in ("BitsStored", "HighBit", "PixelRepresentation"):
        delattr(dataset, unused)
    dataset.save_as(tmp_path / "b.dcm")
    scan = read_one(tmp_path / "b.dcm")
    assert scan.voxels.dtype == dtype
    assert np.array_equal(scan.voxels, values)


@pytest.mark.parametrize("dtype", [np.uint32, np.int32])
def test_item_15_pixels_of_32_bits(tmp_path, dtype):
    stored = (np.arange(35).reshape(7, 5) * 100_000_000 % 2**31).astype(dtype)
    plain(tmp_path / "a.dcm", stored)
    assert np.array_equal(read_one(tmp_path / "a.dcm").voxels, stored)


def test_item_15_odd_length_of_eight_bit_pixels(tmp_path):
    stored = noise(5, 3).astype(np.uint8)
    dataset = plain(tmp_path / "a.dcm", stored)
    dataset.PixelData = stored.tobytes() + b"\0"
    dataset.save_as(tmp_path / "b.dcm")
    assert np.array_equal(read_one(tmp_path / "b.dcm").voxels, stored)


def test_item_15_without_preamble_and_meta(tmp_path):
    expected = noise(7, 5)
    dataset = plain(tmp_path / "a.dcm", expected)
    stream = io.BytesIO()
    del dataset.file_meta
    pydicom.dcmwrite(stream, dataset, implicit_vr=False, little_endian=True, enforce_file_format=False)
    bare = stream.getvalue()
    (tmp_path / "b.dcm").write_bytes(bare[132:] if bare[128:132] == b"DICM" else bare)
    assert np.array_equal(read_one(tmp_path / "b.dcm").voxels, expected)


def test_item_15_video_is_refused_by_name(tmp_path):
    dataset = plain(tmp_path / "a.dcm")
    dataset.PixelData = encapsulate([b"\0" * 64])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"
    dataset.save_as(tmp_path / "b.dcm")
    with pytest.raises(ReadError, match="MPEG-4"):
        read_file(tmp_path / "b.dcm")


VIDEOS = ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102.1", "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.7.1"]


@pytest.mark.parametrize("syntax", VIDEOS)
def test_item_15_a_video_is_refused_as_what_it_is(tmp_path, syntax):
    path = write_slice(tmp_path / "a.dcm", noise(8, 8), Modality="US")
    coded(path, syntax, [b"\0\0\1\xb3" + bytes(60)])
    with pytest.raises(ReadError, match=r"its pixels are a video .* export it as frames"):
        read_file(path)


@pytest.mark.parametrize(("kind", "dtype"), [("110", np.uint16), ("110", np.uint8)])
def test_item_15_jpeg_xl_through_imagecodecs(tmp_path, kind, dtype):
    imagecodecs = pytest.importorskip("imagecodecs")
    stored = noise(16, 12).astype(dtype)
    path = write_slice(tmp_path / "a.dcm", stored, RescaleIntercept=0)
    coded(path, f"1.2.840.10008.1.2.4.{kind}", [imagecodecs.jpegxl_encode(stored, lossless=True)])
    (scan,) = read_file(path)
    assert np.array_equal(scan.voxels, stored)
    assert scan.decoder == "imagecodecs (JPEG XL Lossless)"


def test_item_15_jpeg_xl_without_its_decoder_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    path = write_slice(tmp_path / "a.dcm", noise(8, 8))
    coded(path, "1.2.840.10008.1.2.4.112", [bytes(40)])
    with pytest.raises(ReadError, match="JPEG XL; install imagecodecs"):
        read_file(path)


def coded(path, syntax, frames):
    """Write over a file; pydicom refuses to write some of these syntaxes, so that another of equal length stands in."""
    dataset = pydicom.dcmread(path)
    stands_in = str(HTJ2KLossless) if len(syntax) == len(HTJ2KLossless) else syntax
    dataset.file_meta.TransferSyntaxUID = stands_in
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path, implicit_vr=False, little_endian=True)
    path.write_bytes(path.read_bytes().replace(stands_in.encode(), syntax.encode()))
