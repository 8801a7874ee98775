"""Comments inside compressed pixels do not reach the copy, and the pixels stay as they were."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    MPEG4HP41,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from raddiag_engine.deidentification.choices import Choices
from raddiag_engine.deidentification.code_streams import without_comments
from raddiag_engine.deidentification.dicom_file import copy_dicom
from raddiag_engine.deidentification.pseudonyms import Pseudonyms
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file
from raddiag_engine.reading.dicom.frame_codecs import (
    DEFLATED_IMAGE_FRAME,
    ENCAPSULATED_UNCOMPRESSED,
    PixelLayout,
    layout_of,
)
from tests.engine.reading.dicom_files import noise, write_slice
from tests.shared_data import shared_data

NAME = b"Mustermann^Erika 1970-01-01 "
LAYOUT = PixelLayout(8, 8, 1, 8, 8, signed=False, photometric="MONOCHROME2")
PIXELS = (noise(32, 32) // 8).astype(np.uint8)
EIGHT_BIT = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0}


def segment(marker, content):
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def jpeg(**options):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def jpeg_named():
    plain = jpeg(progressive=True)
    last_scan = plain.rindex(b"\xff\xda")
    named = segment(0xE1, b"Exif\0\0" + NAME) + segment(0xFE, NAME) + segment(0xE0, b"JFXX\0" + NAME)
    between = plain[:last_scan] + segment(0xFE, NAME) + plain[last_scan:]
    return between[:2] + named + between[2:] + NAME


def jpegls_named():
    imagecodecs = pytest.importorskip("imagecodecs")
    plain = imagecodecs.jpegls_encode(PIXELS)
    return plain[:2] + segment(0xFE, NAME) + plain[2:] + NAME


def j2k_named():
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG2000", no_jp2=True, tile_size=(16, 16), irreversible=False)
    plain = buffer.getvalue()
    comment = segment(0x64, b"\0\1" + NAME)
    first = plain.index(b"\xff\x90")
    main = plain[:first] + comment + plain[first:]
    # In a tile-part header too, whose length then grows.
    start = first + len(comment)
    length = int.from_bytes(main[start + 6 : start + 10], "big") + len(comment)
    tile = main[start : start + 6] + length.to_bytes(4, "big") + main[start + 10 : start + 12] + comment
    return main[:start] + tile + main[start + 12 :] + NAME


STREAMS = [(JPEGBaseline8Bit, jpeg_named), (JPEGLSLossless, jpegls_named), (JPEG2000Lossless, j2k_named)]


def write(path, syntax, frames, **attributes):
    write_slice(path, PIXELS, **{**EIGHT_BIT, **attributes})
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate(frames, fragments_per_frame=2 if syntax == JPEGBaseline8Bit else 1)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    return path


@pytest.mark.parametrize(("syntax", "stream"), STREAMS)
def test_a_name_inside_the_pixels_is_not_in_the_copy(tmp_path, syntax, stream):
    path = write(tmp_path / "a.dcm", syntax, [stream(), stream()], NumberOfFrames=2, Modality="XA")
    assert NAME in path.read_bytes()
    copy = copy_dicom(path, tmp_path / "out", Pseudonyms(b"s" * 32), Choices())
    assert b"Mustermann" not in copy.path.read_bytes()
    (before,), (after,) = read_file(path), read_file(copy.path)
    assert before.voxels.shape == (2, 32, 32)
    assert np.array_equal(before.voxels, after.voxels)


@pytest.mark.parametrize("name", ["CT1_JPLL", "CT1_JLSL", "CT1_J2KR", "MR1_JPLY", "US1_J2KI", "CT1_RLE", "XA1_JLSN"])
def test_the_pixels_of_real_files_decode_as_before(name):
    dataset = pydicom.dcmread(shared_data("dicom", "wg04", name))
    cleaned = without_comments(dataset.PixelData, dataset.file_meta.TransferSyntaxUID, 1, layout_of(dataset))
    assert len(cleaned) == len(dataset.PixelData)
    (before,) = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = cleaned
    (after,) = generate_frames(cleaned, number_of_frames=1)
    differing = sum(a != b for a, b in zip(before, after, strict=True))
    assert differing < 200  # a comment, not the pixels
    if name != "MR1_JPLY":  # pydicom has no decoder for 12 bits
        assert dataset.pixel_array.std() > 0


def test_a_video_is_not_copied(tmp_path):
    path = write(tmp_path / "a.dcm", MPEG4HP41, [b"\0\0\1\xb3" + NAME], Modality="XA")
    with pytest.raises(ReadError, match="words may be hidden"):
        copy_dicom(path, tmp_path / "out", Pseudonyms(b"s" * 32), Choices())
    assert not list(tmp_path.glob("out/**/*.dcm"))


@pytest.mark.parametrize("stream", [b"\0\0\0\x0cjP  \r\n\x87\n" + NAME, b"\xff\xd8\xff\xe0\0\x04ab" + b"garbage" * 5])
def test_a_stream_that_is_not_understood_is_refused(stream):
    with pytest.raises(ValueError, match="stream"):
        without_comments(encapsulate([stream]), JPEG2000Lossless, 1, LAYOUT)


# One segment of 64 equal bytes, as an 8 x 8 picture of 8 bits is.
RUN_LENGTHS = struct.pack("<16I", 1, 64, *[0] * 14) + bytes([193, 7])


@pytest.mark.parametrize(
    ("syntax", "frame"),
    [
        (RLELossless, RUN_LENGTHS),
        (RLELossless, struct.pack("<16I", 1, 80, *[0] * 14) + bytes(16) + bytes([128, 193, 7, 0])),
        (DEFLATED_IMAGE_FRAME, zlib.compress(bytes(64), wbits=-15).ljust(12, b"\0")),
        (ENCAPSULATED_UNCOMPRESSED, bytes(range(64))),
    ],
)
def test_nothing_stands_beside_the_pixels_of_packed_frames(syntax, frame):
    clean = encapsulate([frame + bytes(len(NAME))], has_bot=False)
    hidden = encapsulate([frame + NAME], has_bot=False)
    assert without_comments(clean, UID(syntax), 1, LAYOUT) == clean
    assert without_comments(hidden, UID(syntax), 1, LAYOUT) == clean


def test_nothing_stands_in_the_unused_part_of_an_rle_header():
    hidden = RUN_LENGTHS[:12] + NAME.ljust(52, b"\0") + RUN_LENGTHS[64:]
    cleaned = without_comments(encapsulate([hidden], has_bot=False), RLELossless, 1, LAYOUT)
    assert cleaned == encapsulate([RUN_LENGTHS], has_bot=False)


def test_a_picture_more_than_announced_is_refused():
    with pytest.raises(ValueError, match="holds 2 pictures and announces 1"):
        without_comments(encapsulate([RUN_LENGTHS, RUN_LENGTHS]), RLELossless, 1, LAYOUT)


def test_a_text_in_the_place_of_the_table_of_frames_is_refused():
    data = bytearray(encapsulate([RUN_LENGTHS]))
    data[8:12] = b"NAME"
    with pytest.raises(ValueError, match="table of frames is damaged"):
        without_comments(bytes(data), RLELossless, 1, LAYOUT)
