"""A code stream of another size than the header announces is refused: its pixels would lie in the wrong places."""

from __future__ import annotations

import io
from itertools import product

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit

from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file
from raddiag_engine.reading.dicom.stream_size import size_in_stream
from tests.engine.reading.dicom_files import write_slice
from tests.shared_data import shared_data

PIXELS = (np.arange(64 * 64) % 251).astype(np.uint8).reshape(64, 64)
FORMATS = {JPEGBaseline8Bit: ("JPEG", {}), JPEG2000Lossless: ("JPEG2000", {"no_jp2": True})}


def write(path, syntax, rows, columns):
    name, options = FORMATS[syntax]
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, name, **options)
    write_slice(path, PIXELS, PixelRepresentation=0, Rows=rows, Columns=columns)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([buffer.getvalue()])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    return path


@pytest.mark.parametrize(("syntax", "size"), product(FORMATS, [(32, 128), (128, 32), (32, 64), (64, 60)]))
def test_another_size_is_refused(tmp_path, syntax, size):
    with pytest.raises(ReadError, match=f"holds 64 x 64 pixels, and its header announces {size[0]} x {size[1]}"):
        read_file(write(tmp_path / "a.dcm", syntax, *size))


@pytest.mark.parametrize("syntax", FORMATS)
def test_the_same_size_is_read(tmp_path, syntax):
    (scan,) = read_file(write(tmp_path / "a.dcm", syntax, 64, 64))
    assert scan.voxels.shape == (64, 64)


@pytest.mark.parametrize(("rows", "columns"), [(32, 64), (64, 60)])
def test_a_lossless_picture_of_fewer_rows_or_columns_is_refused(tmp_path, rows, columns):
    """GDCM reads JPEG-LS on with whatever size the header gives."""
    dataset = pydicom.dcmread(shared_data("dicom", "wg04", "CT1_JLSL"))
    dataset.Rows, dataset.Columns = rows, columns
    dataset.save_as(tmp_path / "a.dcm")
    with pytest.raises(ReadError, match="holds 512 x 512 pixels"):
        read_file(tmp_path / "a.dcm")


@pytest.mark.parametrize("name", ["CT1_JPLL", "CT1_JLSL", "CT1_J2KR", "MR1_JPLY", "US1_J2KI", "XA1_JLSN"])
def test_real_streams_say_their_size(name):
    dataset = pydicom.dcmread(shared_data("dicom", "wg04", name))
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    assert size_in_stream(frame) == (dataset.Rows, dataset.Columns)


@pytest.mark.parametrize("stream", [b"", b"\xff\xd8", b"\xff\xd8\xff\xda\0\x04ab" + bytes(20), b"none", bytes(40)])
def test_what_is_no_stream_says_nothing(stream):
    assert size_in_stream(stream) is None
