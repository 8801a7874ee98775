"""Every hostile file ends within seconds, in bounded memory, as a scan or as one line; the rest is still read."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydicom.uid import JPEGBaseline8Bit

from raddiag_engine.cases import Scan, Skipped
from raddiag_engine.reading.guard import GuardedReader, GuardLimits
from tests.engine.reading.dicom_files import noise, write_series, write_slice
from tests.engine.reading.hostile_files import EIGHT_BIT, MAKERS, encapsulated, jpeg, nifti_bytes, slice_bytes

STEP_SECONDS = 12.0
# A machine that does other things besides, and one restart of the child.
MOST_SECONDS = 3 * STEP_SECONDS
MOST_SECONDS_OF_NOTHING = 4.0
CHILD_BYTES = 2 * 2**30
PARENT_GROWTH_BYTES = 200 * 2**20
# Of these something can be shown; whether it is shown or refused is for the tests of their readers to say.
MAY_BE_READ = re.compile(
    r"pixels JPEG.*damaged|JPEG 2000 of another size|animated PNG|text bomb|NIfTI bomb behind|32767 axes|RLE that never"
    r"|negative offset|offsets backwards|offsets beyond|JPEG cut short|nested|JPEG called JPEG-LS|4 samples|64 bits"
    r"|offset not a number|JPEG called uncompressed"
)


@pytest.fixture(scope="module")
def reader():
    with GuardedReader(GuardLimits(seconds_per_step=STEP_SECONDS, memory_bytes=CHILD_BYTES)) as kept:
        yield kept


def read_with_others(reader: GuardedReader, bad: Path) -> list[Scan | Skipped]:
    """What is read of a bad file and a good CT, within the bounds."""
    good = write_series(bad.parent / "good", noise(3, 8, 8))
    files = sorted([bad, *good])
    before = psutil.Process().memory_info().rss
    started = time.monotonic()
    found = list(reader.read(files, lambda path, step: None))
    seconds = time.monotonic() - started
    assert seconds < MOST_SECONDS
    assert psutil.Process().memory_info().rss - before < PARENT_GROWTH_BYTES
    assert any(isinstance(item, Scan) and set(item.sources) == set(good) for item in found)
    return [item for item in found if not (isinstance(item, Scan) and set(item.sources) == set(good))]


@pytest.mark.parametrize("name", MAKERS)
def test_a_hostile_file_costs_one_line(reader, tmp_path, name):
    bad = MAKERS[name](tmp_path)
    found = read_with_others(reader, bad)
    lines = [item for item in found if isinstance(item, Skipped)]
    assert len(lines) <= 1
    if not MAY_BE_READ.search(name):
        assert len(found) == len(lines) == 1, found
    for line in lines:
        assert line.path == bad
        assert "\n" not in line.reason
        assert 5 < len(line.reason) < 400
        assert "Traceback" not in line.reason
    if sys.platform == "linux" and reader.process_id is not None:
        status = Path(f"/proc/{reader.process_id}/status").read_text()
        peak_kib = int(re.search(r"VmHWM:\s+(\d+)", status)[1])
        assert peak_kib * 1024 < CHILD_BYTES


EXPECTED_REASONS = {
    "content empty": "empty",
    "content Windows program": "Windows program",
    "content Linux program": "Linux program",
    "content MZ preamble": "Windows program",
    "content ELF preamble": "Linux program",
    "content text": "unknown format",
    "content random": "unknown format",
    "dimensions 65535 x 65535": "million in one slice",
    "dimensions 2^31 - 1 frames": "frames",
    "99999 frames not compressed": r"99999 frames of 8 x 8 pixels, .* the whole file has",
    "99999 frames of JPEG, each of nothing": "frame 10 of 99999.*the 99989 after it were not tried",
    "1000 frames deflated": "1000 frames.*, and its pixel data has",
    "NIfTI bomb": "over the limit",
    "NIfTI lying dimensions": "million in one slice|over the limit",
    "NIfTI singular sform": "singular",
    "picture PNG 60000 x 60000": "million in one slice",
    "nested 200000 deep": "nested too deeply|crashed|memory",
}


@pytest.mark.parametrize("name", EXPECTED_REASONS)
def test_the_line_says_why(reader, tmp_path, name):
    ((line),) = read_with_others(reader, MAKERS[name](tmp_path))
    assert re.search(EXPECTED_REASONS[name], line.reason), line.reason


FRAMES_OF_NOTHING = [name for name in MAKERS if name.startswith(("99999 frames", "1000 frames", "9999 x"))]


@pytest.mark.parametrize("name", FRAMES_OF_NOTHING)
def test_announcing_frames_that_are_not_there_costs_seconds(reader, tmp_path, name):
    bad = MAKERS[name](tmp_path)
    list(reader.read([write_slice(tmp_path / "good.dcm", noise(8, 8))], lambda path, step: None))  # the child is there
    child = psutil.Process(reader.process_id)
    before = child.cpu_times()
    found = list(reader.read([bad], lambda path, step: None))
    # Not by the clock: the machine does other things besides.
    spent = [getattr(child.cpu_times(), kind) - getattr(before, kind) for kind in ("user", "system")]
    assert sum(spent) < MOST_SECONDS_OF_NOTHING
    ((line),) = found
    assert isinstance(line, Skipped)
    assert re.search(r"truncated or damaged|not tried", line.reason), line.reason


@pytest.mark.parametrize(
    ("bad", "kept", "reason"),
    [
        ([3, *range(10, 19)], 20, r"frame 4 of 30.*\(10 frames in all\)"),
        (range(5, 30), 5, "frame 15 of 30.*as with the 9 before it; the 15 after it were not tried"),
        (range(20, 30), 20, r"frame 21 of 30.*\(10 frames in all\)"),
    ],
)
def test_of_a_loop_with_damaged_frames_the_others_are_kept(reader, tmp_path, bad, kept, reason):
    frames = [jpeg(seed=n) if n not in bad else b"\xff\xd8" for n in range(30)]
    encapsulated(tmp_path / "us.dcm", JPEGBaseline8Bit, frames, NumberOfFrames=30, Modality="US", **EIGHT_BIT)
    found = list(reader.read([tmp_path / "us.dcm"], lambda path, step: None))
    (line,) = (item for item in found if isinstance(item, Skipped))
    (scan,) = (item for item in found if isinstance(item, Scan))
    assert re.search(reason, line.reason), line.reason
    assert scan.voxels.shape == (kept, 16, 16)
    good = [n for n in range(30) if n not in bad][:kept]
    originals = np.array([noise(16, 16, seed=n).astype(np.uint8) for n in good]).astype(int)
    nearest = [int(np.abs(originals - image).sum(axis=(1, 2)).argmin()) for image in scan.voxels.astype(int) + 1024]
    assert nearest == list(range(kept)), "each is the frame that it was"


@pytest.mark.parametrize("kind", ["dcm", "nii"])
def test_a_file_cut_at_every_64_bytes_is_a_scan_or_a_line(reader, tmp_path, kind):
    content = slice_bytes(tmp_path / "x") if kind == "dcm" else nifti_bytes()
    files = []
    for kept in range(64, len(content), 64):
        files.append(tmp_path / f"{kept:05d}.{kind}")
        files[-1].write_bytes(content[:kept])
    found = list(reader.read(files, lambda path, step: None))
    named = [path for item in found for path in (item.sources if isinstance(item, Scan) else (item.path,))]
    assert sorted(named) == files
    assert not any(isinstance(item, Scan) for item in found), "none of them is whole"


def test_a_scan_that_does_not_fit_its_memory_costs_a_line(tmp_path):
    big = write_slice(tmp_path / "big.dcm", noise(9000, 9000), SeriesInstanceUID="1.2.3.99")
    good = write_series(tmp_path / "good", noise(3, 8, 8))
    with GuardedReader(GuardLimits(seconds_per_step=60, memory_bytes=500 * 2**20)) as small:
        found = list(small.read(sorted([big, *good]), lambda path, step: None))
    assert [line.path for line in found if isinstance(line, Skipped)] == [big]
    assert any(isinstance(item, Scan) for item in found)
