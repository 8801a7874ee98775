"""The guarded child: the same scans as in this process, and a crash, a hang or a bomb costs one line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel
import numpy as np
import psutil
import pytest
import tifffile
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import RLELossless

from raddiag_engine.cases import Scan, Skipped
from raddiag_engine.errors import Cancelled, ReadError
from raddiag_engine.reading import child_process, kept_reader, read_case, read_file, shared_memory
from raddiag_engine.reading.guard import GuardedReader, GuardLimits
from tests.engine.reading.checklist.test_values_uptake import pet
from tests.engine.reading.dicom_files import functional_groups, noise, write_series, write_slice
from tests.engine.reading.enhanced_files import item

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


def run_instead(monkeypatch, code):
    """Let guarded children run other code."""
    start = subprocess.Popen

    def faulty(command, **options):
        assert command[:4] == [sys.executable, "-P", "-m", "raddiag_engine.reading.worker"]
        return start([sys.executable, "-P", "-c", code, *command[4:]], **options)

    monkeypatch.setattr(child_process.subprocess, "Popen", faulty)


@pytest.fixture
def faulty_child(monkeypatch):
    """Guarded children run FAULTY_WORKER instead."""
    run_instead(monkeypatch, FAULTY_WORKER)


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


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="anonymous memory is handed over on Linux")

# A worker that sends what it makes by `zeros`, a part of it, and another array.
SENDING_WORKER = """
import os
import numpy as np
from raddiag_engine.reading import child_loop, shared_memory
def work(job, answers):
    made = shared_memory.zeros((40, 128, 128), np.int16)
    made[:] = np.arange(40)[:, None, None]
    other = np.arange(16.0).reshape(4, 4).T
    answers.say({"kind": "made"}, {"voxels": made, "affine": other, "part": made[3:37], "turned": made.T})
child_loop.serve(work)
"""


def sent(monkeypatch, code=SENDING_WORKER):
    """What the parent gets of a child that runs SENDING_WORKER."""
    run_instead(monkeypatch, code)
    child = child_process.ChildProcess("raddiag_engine.reading.worker", GuardLimits())
    assert child.next_message(60)[0]["kind"] == "ready"
    child.order({"folder": "."})
    message, arrays = child.next_message(60)
    assert message["kind"] == "made"
    child.end()
    return arrays


def is_as_made(arrays):
    expected = np.broadcast_to(np.arange(40, dtype=np.int16)[:, None, None], (40, 128, 128))
    assert (arrays["voxels"] == expected).all()
    assert (arrays["part"] == expected[3:37]).all()
    assert (arrays["turned"] == expected.T).all()
    assert (arrays["affine"] == np.arange(16.0).reshape(4, 4).T).all()
    assert all(array.flags.writeable for array in arrays.values())
    return True


@on_linux
@pytest.mark.parametrize("scarce", [False, True])
def test_arrays_come_through_anonymous_memory(monkeypatch, scarce):
    monkeypatch.setattr(shared_memory, "_descriptors_are_scarce", lambda descriptor: scarce)
    received = []
    receive = shared_memory.receive_shared
    monkeypatch.setattr(
        child_process, "receive_shared", lambda channel, layout: received.extend(layout) or receive(channel, layout)
    )
    arrays = sent(monkeypatch)
    assert received == ["voxels", "part", "turned"]  # the last is copied; the fourth is too small
    assert is_as_made(arrays)
    arrays["voxels"][3] = 99  # ours alone, though both lie in one memory, and it outlives the child
    assert (arrays["part"][0] == 3).all()


@pytest.mark.parametrize("missing", ["no channel", "no memory"])
def test_without_shared_memory_the_pipe_carries_the_arrays(monkeypatch, missing):
    code = SENDING_WORKER
    if missing == "no channel":
        monkeypatch.setattr(child_process, "descriptor_channel", lambda: None)
    else:
        code = "import os\ndef refuse(*a): raise OSError(12, 'no memory')\nos.memfd_create = refuse\n" + code
    received = []
    monkeypatch.setattr(child_process, "receive_shared", lambda channel, layout: received.extend(layout) or {})
    assert is_as_made(sent(monkeypatch, code))
    assert received == []


def test_outside_a_child_zeros_are_numpys():
    assert shared_memory.zeros((1000, 1000, 2), np.int16).base is None


def is_plain(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array.base is None or isinstance(array.base, bytes)


def large_series(folder):
    write_series(folder, noise(5, 400, 400))


def large_tilted_series(folder):
    write_series(folder, noise(5, 400, 400), positions=[(0.0, 1.0 * i, 4.0 * i) for i in range(5)])


def large_colour_loop(folder):
    stored = noise(4 * 300, 300, 3).astype(np.uint8)
    folder.mkdir()
    kind = {"Modality": "US", "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0, "RescaleSlope": None}
    write_slice(folder / "us.dcm", stored, NumberOfFrames=4, Rows=300, RescaleIntercept=None, **kind)


def large_nifti(dtype, slope=1.0):
    def write(folder):
        folder.mkdir()
        values = np.random.default_rng(0).integers(0, 100, (70, 80, 190)).astype(dtype)
        image = nibabel.Nifti1Image(values, np.diag([1, 1, 3, 1]), dtype=dtype)
        image.header.set_slope_inter(slope, 0.0)
        nibabel.save(image, folder / "a.nii.gz")

    return write


def large_pet(folder):
    pet(folder, noise(4, 400, 500))


def large_run(folder):
    folder.mkdir()
    mask = [item(MaskOperation="TID", TIDOffset=1)]
    kind = {"Modality": "XA", "RescaleSlope": None, "RescaleIntercept": None, "MaskSubtractionSequence": mask}
    write_slice(folder / "xa.dcm", noise(5 * 400, 400), NumberOfFrames=5, Rows=400, **kind)


def large_damaged_run(folder):
    folder.mkdir()
    stored = noise(5 * 400, 400)
    positions = [(0, 0, 2.0 * i) for i in range(5)]
    path = write_slice(folder / "ct.dcm", stored, NumberOfFrames=5, Rows=400, **functional_groups(positions, [1] * 5))
    dataset = dcmread(path)
    dataset.compress(RLELossless)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=5))
    frames[2] = frames[2][:80]
    dataset.PixelData = encapsulate(frames)
    dataset.save_as(path)


def large_npy(folder):
    folder.mkdir()
    np.save(folder / "a.npy", noise(400, 401, 7))


def large_tiff(folder):
    folder.mkdir()
    tifffile.imwrite(folder / "a.tif", noise(5, 400, 401).astype(np.uint16), photometric="minisblack")


def large_packed_tiff(folder):
    folder.mkdir()
    pages = [Image.fromarray(page.astype(np.uint8)) for page in noise(9, 400, 401)]
    pages[0].save(folder / "a.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")


def large_picture(folder):
    folder.mkdir()
    colour = np.random.default_rng(1).integers(0, 256, (1100, 1000, 3), dtype=np.uint8)
    Image.fromarray(colour).save(folder / "a.png")


LARGE = {
    "PET": (large_pet, ["voxels"]),
    "DSA and its run": (large_run, ["voxels", "voxels"]),
    "DICOM with a damaged frame": (large_damaged_run, ["voxels"]),
    "NPY": (large_npy, ["voxels"]),
    "TIFF": (large_tiff, ["voxels"]),
    "packed TIFF": (large_packed_tiff, ["voxels"]),
    "colour picture": (large_picture, ["voxels", "colour"]),
    "DICOM": (large_series, ["voxels"]),
    "tilted DICOM and its straightened copy": (large_tilted_series, ["voxels", "voxels"]),
    "colour DICOM": (large_colour_loop, ["colour"]),
    "NIfTI": (large_nifti("<i2"), ["voxels"]),
    "big-endian NIfTI": (large_nifti(">i2"), ["voxels"]),
    "scaled NIfTI": (large_nifti("<f4", 1.5), ["voxels"]),
}


@on_linux
@pytest.mark.parametrize("name", LARGE)
def test_a_large_scan_is_not_copied_and_outside_a_child_it_is_a_plain_array(tmp_path, monkeypatch, name):
    write, expected = LARGE[name]
    write(tmp_path / "in")
    shared = []
    receive = shared_memory.receive_shared
    monkeypatch.setattr(child_process, "receive_shared", lambda end, sent: shared.extend(sent) or receive(end, sent))
    guarded, unguarded = read_case([tmp_path / "in"]), read_case([tmp_path / "in"], guarded=False)
    assert shared == expected
    assert len(guarded.scans) == len(unguarded.scans) > 0
    for one, other in zip(guarded.scans, unguarded.scans, strict=True):
        assert one.voxels.dtype == other.voxels.dtype
        assert np.array_equal(one.voxels, other.voxels)
        assert one.voxels.flags.writeable
        assert is_plain(other.voxels) or name == "colour picture"  # Pillow's own memory
        assert other.colour is None or is_plain(other.colour)
        assert other.colour is None or np.array_equal(one.colour, other.colour)
    assert guarded.hash == unguarded.hash


@on_linux
def test_a_volume_is_in_memory_once(monkeypatch):
    """The child holds the array, the parent maps it: together they hold no second copy."""
    code = SENDING_WORKER.replace("(40, 128, 128)", "(200, 512, 512)").replace("np.arange(40)", "np.arange(200)")
    code = code.replace("def work(job, answers):", "def work(job, answers):\n    global made")
    code = code.replace('"affine": other, "part": made[3:37], "turned": made.T', '"affine": other')
    before = psutil.Process().memory_full_info().uss
    run_instead(monkeypatch, code)
    child = child_process.ChildProcess("raddiag_engine.reading.worker", GuardLimits())
    assert child.next_message(60)[0]["kind"] == "ready"
    child.order({"folder": "."})
    _, arrays = child.next_message(60)
    assert int(arrays["voxels"].max()) == 199  # every page was looked at
    assert psutil.Process().memory_full_info().uss - before < arrays["voxels"].nbytes * 0.2
    child.end()


def many_slices():
    return noise(60, 400, 400)


def tall_tiff(folder):
    folder.mkdir()
    tifffile.imwrite(folder / "a.tif", many_slices().astype(np.uint16), photometric="minisblack")


def tall_nifti(folder):
    folder.mkdir()
    image = nibabel.Nifti1Image(many_slices().astype("<f4"), np.diag([1, 1, 3, 1]))
    nibabel.save(image, folder / "a.nii")


TALL = {
    "CT": lambda folder: write_series(folder, many_slices()),
    "PET": lambda folder: pet(folder, many_slices()),
    "TIFF": tall_tiff,
    "NIfTI": tall_nifti,
}


@on_linux
@pytest.mark.parametrize("name", TALL)
def test_the_child_needs_little_more_than_the_voxels(tmp_path, name):
    """The peak of its memory, over what it had in use after it had read the same once."""
    TALL[name](tmp_path / "in")
    with GuardedReader() as reader:

        def read(folder):
            files = sorted(folder.iterdir())
            return sum(scan.voxels.nbytes for scan in reader.read(files, ignore))

        def peak_kb():
            (line,) = [
                line
                for line in Path(f"/proc/{reader.process_id}/status").read_text().splitlines()
                if line.startswith("VmHWM")
            ]
            return int(line.split()[1])

        read(tmp_path / "in")
        Path(f"/proc/{reader.process_id}/clear_refs").write_text("5")  # the peak is counted anew
        before = peak_kb() * 1024
        voxels = read(tmp_path / "in")
        assert voxels >= 60 * 400 * 400 * 2
        assert peak_kb() * 1024 - before < 1.3 * voxels


@on_linux
def test_shared_memory_that_could_still_change_size_is_refused():
    parent, child = shared_memory.descriptor_channel()
    descriptor = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, 2**20)
    socket.send_fds(child, [b"."], [descriptor])
    with pytest.raises(ValueError, match="not sealed"):
        shared_memory.receive_shared(parent, {"voxels": ("|u1", (2**20,), 0)})
    child.close()
    with pytest.raises(EOFError):
        shared_memory.receive_shared(parent, {"voxels": ("|u1", (2**20,), 0)})
    parent.close()
    os.close(descriptor)


def test_a_worker_that_talks_nonsense_is_ended(tmp_path, monkeypatch):
    for nonsense in ("b'garbage' * 100", "b'\\xff' * 100", "b'\\4' + bytes(7) + b'null'"):
        code = f"import sys\nsys.stdout.buffer.write({nonsense})\nsys.stdout.flush()\nimport time; time.sleep(60)"
        with monkeypatch.context() as patch:
            run_instead(patch, code)
            with GuardedReader() as reader, pytest.raises(ReadError, match="does not start"):
                list(reader.read([picture(tmp_path / "a.png", 0)], ignore))


def test_a_worker_that_dies_without_having_begun_is_not_asked_for_ever(tmp_path, monkeypatch):
    code = (
        "import os, sys\nfrom raddiag_engine.reading import child_loop\n"
        "child_loop.serve(lambda job, answers: os._exit(3))"
    )
    run_instead(monkeypatch, code)
    files = [picture(tmp_path / f"{i}.png", i) for i in range(3)]
    with GuardedReader() as reader:
        found = list(reader.read(files, ignore))
    assert [line.path for line in found] == files
    assert all("exit status 3" in line.reason for line in found)


def test_one_process_serves_several_cases_and_ends_when_it_was_idle(tmp_path, monkeypatch, no_kept_reader):
    monkeypatch.setattr(kept_reader, "IDLE_SECONDS", 1.5)
    path = picture(tmp_path / "a.png", 0)
    kept_reader.start_ahead()
    started = kept_reader._idle.process_id
    read_case([path])
    read_case([path])
    assert kept_reader._idle.process_id == started
    process = psutil.Process(started)
    deadline = time.monotonic() + 20
    while not _has_ended(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert kept_reader._idle is None and _has_ended(process)


def _has_ended(process):
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_kept_process_that_was_killed_meanwhile_costs_no_file(tmp_path, no_kept_reader):
    path = picture(tmp_path / "a.png", 0)
    read_case([path])
    process = psutil.Process(kept_reader._idle.process_id)
    process.kill()
    process.wait()
    assert len(read_case([path]).scans) == 1


def test_a_reading_that_was_given_up_leaves_nothing_for_the_next(tmp_path, no_kept_reader):
    write_series(tmp_path / "a", noise(6, 8, 8))
    write_series(tmp_path / "b", noise(4, 8, 8, seed=1), SeriesInstanceUID="1.2.3.4")

    def stop(done, total, what):
        if done > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_case([tmp_path / "a"], progress=stop)
    (scan,) = read_case([tmp_path / "b"]).scans
    assert scan.voxels.shape == (4, 8, 8)


def test_two_cases_can_be_read_at_once(tmp_path):
    write_series(tmp_path, noise(6, 64, 64))
    with ThreadPoolExecutor(3) as pool:
        cases = list(pool.map(lambda _: read_case([tmp_path]), range(6)))
    assert len({case.hash for case in cases}) == 1


def test_relative_paths_follow_the_folder_that_this_process_is_in(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        picture(tmp_path / name / "a.png", len(name))
        monkeypatch.chdir(tmp_path / name)
        (scan,) = read_case([Path("a.png")]).scans
        assert scan.sources == (Path("a.png"),)
        assert (scan.voxels == read_file(tmp_path / name / "a.png")[0].voxels).all()


def test_the_scans_of_a_case_are_bounded_together(tmp_path):
    files = [picture(tmp_path / f"{i}.png", i) for i in range(4)]
    with GuardedReader(GuardLimits(output_bytes=150)) as reader:
        found = list(reader.read(files, ignore))
    assert [isinstance(item, Scan) for item in found] == [True, True, False, False]
    assert "over the limit" in found[2].reason


def test_memory_is_watched_where_the_system_does_not_bound_it(tmp_path, monkeypatch):
    code = (
        "from raddiag_engine.reading import child_loop, reader, worker\n"
        "child_loop.limit_memory = lambda count: None\n"
        "original = reader.detect_format\n"
        "def swell(path):\n"
        "    held = [bytearray(b'x' * 2**24) for _ in range(100)] if path.name == 'swell.png' else None\n"
        "    import time; time.sleep(3 if held else 0)\n"
        "    return original(path)\n"
        "reader.detect_format = swell\n"
        "worker.main()"
    )
    run_instead(monkeypatch, code)
    files = [picture(tmp_path / name, 0) for name in ("a.png", "swell.png", "z.png")]
    with GuardedReader(GuardLimits(memory_bytes=2**29, watched=True)) as reader:
        found = list(reader.read(files, ignore))
    assert [isinstance(item, Scan) for item in found] == [True, False, True]
    assert "more memory" in found[1].reason


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_crash_leaves_no_core_dump_and_the_end_of_the_parent_ends_the_child(tmp_path):
    path = picture(tmp_path / "a.png", 0)
    code = f"""
import os
from raddiag_engine.reading import kept_reader, read_case
read_case([{str(path)!r}])
print(kept_reader._idle.process_id, flush=True)
os.kill(os.getpid(), 9)
"""
    parent = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False)
    child = int(parent.stdout)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    with GuardedReader() as reader:
        list(reader.read([path], ignore))
        limits = Path(f"/proc/{reader.process_id}/limits").read_text()
    (core,) = [line for line in limits.splitlines() if "core file size" in line]
    assert core.split()[4:6] == ["0", "0"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_copy_does_not_use_the_kept_process(tmp_path):
    path = picture(tmp_path / "a.png", 0)
    read_case([path])
    kept = kept_reader._idle.process_id
    child = os.fork()
    if child == 0:
        good = kept_reader._idle is None and len(read_case([path]).scans) == 1
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    read_case([path])
    assert kept_reader._idle.process_id == kept
