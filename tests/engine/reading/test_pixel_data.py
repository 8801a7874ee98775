"""The pixel data of a file is taken from where it stands: frame by frame, whole, and not what is beside it."""

from __future__ import annotations

import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, RLELossless

from raddiag_engine.errors import ReadError
from raddiag_engine.reading.reader import read_file
from tests.engine.reading.dicom_files import noise, write_slice
from tests.engine.reading.enhanced_files import frame_groups, shared_groups, write_enhanced

TABLE_AND_ITEM = struct.Struct("<HHL")
US_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"


def enhanced(path: Path, stored: np.ndarray) -> Path:
    frames = [frame_groups((0, 0, 2.0 * index)) for index in range(len(stored))]
    return write_enhanced(path, stored, frames, SharedFunctionalGroupsSequence=shared_groups(), Modality="MR")


def compressed(path: Path, stored: np.ndarray) -> Path:
    """The same in RLE, with a table of where the frames begin."""
    dataset = pydicom.dcmread(enhanced(path, stored))
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("write", [enhanced, compressed])
def test_many_frames_are_not_held_beside_their_array(tmp_path, write):
    stored = np.repeat(noise(12, 64, 64), 8, axis=1).repeat(8, axis=2)
    path = write(tmp_path / "many.dcm", stored)
    read_file(path)  # what is imported once
    tracemalloc.start()
    try:
        (scan,) = read_file(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.array_equal(scan.voxels, stored)
    assert most < 1.5 * scan.voxels.nbytes  # of 12 frames, each decoded one is a twelfth


def test_frames_of_one_fragment_each_need_no_table(tmp_path):
    stored = noise(5, 20, 24)
    path = compressed(tmp_path / "table.dcm", stored)
    content = path.read_bytes()
    dataset = pydicom.dcmread(path)
    table = dataset.PixelData[: TABLE_AND_ITEM.size + 4 * len(stored)]
    assert TABLE_AND_ITEM.unpack_from(table) == (0xFFFE, 0xE000, 4 * len(stored))
    wrong = table[: TABLE_AND_ITEM.size] + struct.pack("<5L", 0, 4, 99, 7, 123456)
    path.write_bytes(content.replace(table, wrong))
    (scan,) = read_file(path)
    assert np.array_equal(scan.voxels, stored)


def test_frames_in_several_fragments_are_put_together(tmp_path):
    stored = noise(3, 20, 24)
    path = compressed(tmp_path / "parts.dcm", stored)
    dataset = pydicom.dcmread(path)
    frames = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=3))
    dataset.PixelData = encapsulate(frames, fragments_per_frame=2)
    dataset.save_as(path)
    (scan,) = read_file(path)
    assert np.array_equal(scan.voxels, stored)


def test_big_endian_bytes_in_words_of_odd_frames(tmp_path):
    stored = noise(4, 5, 7).astype(np.uint8)
    path = enhanced(tmp_path / "big.dcm", stored)
    dataset = pydicom.dcmread(path)
    words = np.frombuffer(stored.tobytes(), "<u2")
    dataset["PixelData"].VR, dataset.PixelData = "OW", words.byteswap().tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    pydicom.dcmwrite(path, dataset, little_endian=False, implicit_vr=False)
    (scan,) = read_file(path)
    assert np.array_equal(scan.voxels, stored)


@pytest.mark.parametrize("tag", [(0xFFFC, 0xFFFC), (0x7FE1, 0x0010), (0x0000, 0x0000)])
def test_what_follows_the_pixels_does_not_change_them(tmp_path, tag):
    stored = noise(16, 16)
    path = write_slice(tmp_path / "slice.dcm", stored)
    path.write_bytes(path.read_bytes() + struct.pack("<HH2sHL", *tag, b"OB", 0, 6) + bytes(6))
    (scan,) = read_file(path)
    assert np.array_equal(scan.voxels, stored - 1024)


def test_pixels_that_end_early_are_refused(tmp_path):
    path = write_slice(tmp_path / "slice.dcm", noise(16, 16))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ReadError, match="damaged"):
        read_file(path)


@pytest.mark.parametrize("cut", [slice(-40, -20), slice(-8, None)])
def test_a_cut_fragment_or_a_missing_end_is_refused(tmp_path, cut):
    path = compressed(tmp_path / "cut.dcm", noise(3, 20, 24))
    content = bytearray(path.read_bytes())
    del content[cut]
    path.write_bytes(content)
    with pytest.raises(ReadError, match="damaged"):
        read_file(path)


def test_two_kinds_of_pixels_in_one_file_are_refused(tmp_path):
    path = write_slice(tmp_path / "two.dcm", noise(16, 16), FloatPixelData=np.ones((16, 16), np.float32).tobytes())
    with pytest.raises(ReadError, match="only one"):
        read_file(path)


def test_a_grey_frame_in_a_loop_in_colour_is_shown_in_grey(tmp_path):
    frames = np.full((4, 8, 8, 3), 50, np.uint8)
    frames[0, ..., 0] = 200
    frames[2] = 90
    path = write_slice(
        tmp_path / "loop.dcm",
        frames.reshape(32, 8, 3),
        Modality="US",
        SOPClassUID=US_MULTI_FRAME,
        NumberOfFrames=4,
        Rows=8,
        PhotometricInterpretation="RGB",
        PlanarConfiguration=0,
        RescaleSlope=None,
        RescaleIntercept=None,
    )
    (scan,) = read_file(path)
    assert scan.colour is not None and np.array_equal(scan.colour, frames)
    assert np.array_equal(scan.voxels[2], np.full((8, 8), 90))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="there is no list of open files")
def test_no_file_stays_open(tmp_path):
    path = enhanced(tmp_path / "open.dcm", noise(4, 16, 16))
    script = (
        "import sys; from pathlib import Path; from raddiag_engine.reading.reader import read_file\n"
        "scans = read_file(sys.argv[1])\n"
        "print([fd.name for fd in Path('/proc/self/fd').iterdir() if fd.exists() and fd.resolve().name == 'open.dcm'])"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, path], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]" and "Warning" not in run.stderr
