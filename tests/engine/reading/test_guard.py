"""The guarded child: the same scans as in this process, and a crash, a hang or a bomb costs one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raddiag_engine.cases import Scan, Skipped
from raddiag_engine.errors import Cancelled, ReadError
from raddiag_engine.reading import child_process, kept_reader, read_case, read_file
from raddiag_engine.reading.guard import GuardedReader, GuardLimits
from tests.engine.reading.dicom_files import noise, write_series

# A worker that does on one file what a broken decoder does, and reads the others.
FAULTY_WORKER = """
import os, sys, time
from raddiag_engine.reading import reader, worker
original = reader.detect_format
def faulty(path):
    if path.name.startswith("crash"):
        os.abort()
    if path.name.startswith("hang"):
        time.sleep(600)
    if path.name.startswith("swell"):
        bytearray(2**40)
    return original(path)
reader.detect_format = faulty
worker.main()
"""


@pytest.fixture
def faulty_child(monkeypatch):
    """Guarded children run FAULTY_WORKER instead."""
    start = subprocess.Popen

    def faulty(command, **options):
        assert command[:4] == [sys.executable, "-P", "-m", "raddiag_engine.reading.worker"]
        return start([sys.executable, "-P", "-c", FAULTY_WORKER, *command[4:]], **options)

    monkeypatch.setattr(child_process.subprocess, "Popen", faulty)


@pytest.fixture
def no_kept_reader():
    """A child of its own for the test, and none of its making for the next."""
    kept_reader.end_kept_reader()
    yield
    kept_reader.end_kept_reader()


def ignore(path, step):
    return None


def picture(path: Path, seed: int) -> Path:
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)).save(path)
    return path


def test_the_child_gives_the_same_case(tmp_path):
    write_series(tmp_path / "ct", noise(5, 4, 4), WindowCenter=40, WindowWidth=400, PixelPaddingValue=-2000)
    picture(tmp_path / "x.png", 0)
    colour = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(colour).save(tmp_path / "colour é.png")
    (tmp_path / "notes.txt").write_text("nothing")
    guarded, unguarded = read_case([tmp_path]), read_case([tmp_path], guarded=False)
    assert guarded.hash == unguarded.hash
    assert guarded.skipped == unguarded.skipped
    for one, other in zip(guarded.scans, unguarded.scans, strict=True):
        assert (one.id, one.sources, one.warnings) == (other.id, other.sources, other.warnings)
        assert (one.identity, one.windows, one.padding) == (other.identity, other.windows, other.padding)
        assert (one.colour is None) == (other.colour is None)
        assert one.voxels.flags.writeable


@pytest.mark.parametrize(("name", "reason"), [("crash", "crashed"), ("hang", "longer than"), ("swell", "more memory")])
def test_a_bad_file_costs_one_line_and_the_rest_is_read(tmp_path, faulty_child, name, reason):
    files = [picture(tmp_path / f"{stem}.png", i) for i, stem in enumerate(("a", f"{name}1", "m", f"{name}2", "z"))]
    with GuardedReader(GuardLimits(seconds_per_step=8.0)) as reader:
        found = list(reader.read(files, ignore))
    scans = [item for item in found if isinstance(item, Scan)]
    skipped = [item for item in found if isinstance(item, Skipped)]
    assert sorted(scan.sources[0].name for scan in scans) == ["a.png", "m.png", "z.png"]
    assert sorted(line.path.name for line in skipped) == [f"{name}1.png", f"{name}2.png"]
    assert all(reason in line.reason for line in skipped)


def test_the_child_lives_for_several_jobs(tmp_path):
    with GuardedReader() as reader:
        for seed in range(2):
            (scan,) = reader.read([picture(tmp_path / f"{seed}.png", seed)], ignore)
            assert scan.voxels.shape == (8, 8)
            process = reader._child.process if seed == 0 else process  # noqa: F821
        assert reader._child.process is process
    assert process.poll() is not None


def test_a_child_that_does_not_start_is_an_error(tmp_path, monkeypatch, no_kept_reader):
    monkeypatch.setattr(child_process.sys, "executable", "/bin/false")
    with pytest.raises(ReadError, match="does not start"):
        read_case([picture(tmp_path / "a.png", 0)])


def test_progress_is_told_and_may_stop_the_reading(tmp_path):
    files = [picture(tmp_path / f"{i}.png", i) for i in range(4)]
    seen = []
    read_case(files, progress=lambda done, total, what: seen.append((done, total)))
    assert seen[-1] == (8, 8)

    def stop(done, total, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        read_case(files, progress=stop)


def test_reading_imports_no_torch(tmp_path):
    path = picture(tmp_path / "a.png", 0)
    code = f"""
import sys
from raddiag_engine.reading import read_case, read_file
read_case([{str(path)!r}])
assert not {{"torch", "pydicom", "nibabel"}} & set(sys.modules), "the parent parses nothing"
read_file({str(path)!r})
import raddiag_engine.reading.dicom, raddiag_engine.reading.nifti
import raddiag_engine.reading.tiff, raddiag_engine.reading.worker
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_read_file_and_read_case_agree(tmp_path):
    path = picture(tmp_path / "a.png", 0)
    assert read_file(path)[0].id == read_case([path]).scans[0].id
