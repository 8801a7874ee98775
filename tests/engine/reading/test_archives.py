"""Archives: read as the folder they hold, on conditions, and nothing of them is left anywhere."""

from __future__ import annotations

import io
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from raddiag_engine.errors import ReadError
from raddiag_engine.reading import archive, child_process, read_case, unpacked_files
from raddiag_engine.reading.guard import GuardedReader
from tests.engine.reading.dicom_files import noise, write_series


def png(seed=0, size=8) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size, size), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(path: Path, entries: dict[str, bytes], **options) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def tarred(path: Path, entries: dict[str, bytes], mode="w:gz") -> Path:
    with tarfile.open(path, mode) as file:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def folder_of_everything(folder: Path) -> dict[str, bytes]:
    """A CT in two folders, a NIfTI pair, a compressed NIfTI, a picture and a note, by their paths."""
    write_series(folder / "ct" / "a", noise(3, 8, 8))
    second = {"SeriesInstanceUID": "1.2.3.4", "SeriesNumber": 2}
    write_series(folder / "ct" / "b", noise(3, 8, 8, seed=1), **second)
    volume = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    affine = np.diag([2.0, 3, 4, 1])
    nibabel.save(nibabel.Nifti1Pair(volume, affine), folder / "pair.img")
    nibabel.save(nibabel.Nifti1Image(volume + 1, affine), folder / "volume.nii.gz")
    (folder / "picture.PNG").write_bytes(png())
    (folder / "note.txt").write_text("a note")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def leaves_nothing(tmp_path_factory, monkeypatch):
    """A folder for temporary files that must be empty in the end."""
    private = tmp_path_factory.mktemp("private")
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    yield
    assert list(private.iterdir()) == []


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_reads_like_the_folder_it_holds(tmp_path, guarded, kind, leaves_nothing):
    entries = folder_of_everything(tmp_path / "folder")
    path = tmp_path / f"case.{kind}"
    if kind == "zip":
        zipped(path, entries)
    else:
        tarred(path, entries, mode="w:gz" if kind == "tar.gz" else "w")
    of_folder = read_case([tmp_path / "folder"], guarded=guarded)
    of_archive = read_case([path], guarded=guarded)
    assert len(of_folder.scans) == 5
    assert of_archive.hash == of_folder.hash
    inside = {tmp_path / "folder": path}
    expected = {s.relative_to(tmp_path / "folder") for scan in of_folder.scans for s in scan.sources}
    assert {s.relative_to(path) for scan in of_archive.scans for s in scan.sources} == expected, inside
    ((line),) = of_archive.skipped
    assert line.path == path / "note.txt"
    assert "unknown format" in line.reason


def test_an_archive_in_a_folder_is_read_with_the_rest_and_progress_counts_it(tmp_path):
    (tmp_path / "a.png").write_bytes(png(1))
    zipped(tmp_path / "b.zip", {"x/1.png": png(2), "x/2.png": png(3)})
    steps = []
    case = read_case([tmp_path], progress=lambda done, total, what: steps.append((done, total)))
    assert len(case.scans) == 3
    assert steps[-1][1] == 8
    assert all(done <= total for done, total in steps)


def refusals(case) -> str:
    return " | ".join(f"{line.path.name}: {line.reason}" for line in case.skipped)


def read_beside_a_picture(path: Path):
    """The case of a picture and `path`, of which the picture must be read whatever the other is."""
    (path.parent / "good.png").write_bytes(png(99))
    case = read_case([path.parent / "good.png", path])
    assert any(scan.sources[0].name == "good.png" for scan in case.scans)
    return case


@pytest.mark.parametrize(
    "name", ["../evil.png", "/abs.png", "a/../../b.png", "C:\\evil.png", "..\\evil.png", "x\\..\\y"]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_outside_are_refused(tmp_path, name, kind, leaves_nothing):
    entries = {name: png(1), "ok.png": png(2)}
    path = zipped(tmp_path / "a.zip", entries) if kind == "zip" else tarred(tmp_path / "a.tar", entries)
    case = read_beside_a_picture(path)
    assert len(case.scans) == 2
    assert "1 of its entries lie outside" in refusals(case)


def test_links_are_refused(tmp_path, leaves_nothing):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(5))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        info = zipfile.ZipInfo("link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(info, str(secret))
    with tarfile.open(tmp_path / "b.tar", "w") as file:
        for kind, target in (
            (tarfile.SYMTYPE, str(secret)),
            (tarfile.LNKTYPE, "../secret.png"),
            (tarfile.FIFOTYPE, ""),
        ):
            info = tarfile.TarInfo(f"link{kind!r}.png")
            info.type, info.linkname = kind, target
            file.addfile(info)
    for name, count in (("a.zip", 1), ("b.tar", 3)):
        case = read_beside_a_picture(tmp_path / name)
        assert len(case.scans) == 1
        assert f"{count} of its entries are links or special files" in refusals(case)


def test_encrypted_entries_are_refused_with_one_line(tmp_path):
    path = zipped(tmp_path / "a.zip", {f"{i}.png": png(i) for i in range(3)})
    content = bytearray(path.read_bytes())
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 8] |= 1
        at += 4
    path.write_bytes(content)
    case = read_beside_a_picture(path)
    assert refusals(case).count("encrypted") == 1
    assert "3 of its entries are encrypted" in refusals(case)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_entries_with_one_name_the_first_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.png", png(1))
        file.writestr("a.png", png(2))
        file.writestr("./a.png", png(3))
    case = read_beside_a_picture(tmp_path / "a.zip")
    assert len(case.scans) == 2
    assert "2 of its entries have the name of another" in refusals(case)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_is_refused(tmp_path, monkeypatch, kind, leaves_nothing):
    size = 300 * 2**20
    volume = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.uint8), np.eye(4)).to_bytes() + bytes(size)
    path = tmp_path / f"bomb.{kind}"
    zipped(path, {"a.nii": volume}, compresslevel=1) if kind == "zip" else tarred(path, {"a.nii": volume})
    assert path.stat().st_size < size / 200
    case = read_beside_a_picture(path)
    assert len(case.scans) == 1
    assert "decompression bomb" in refusals(case)


def test_a_bomb_of_many_overlapping_entries_is_refused(tmp_path, leaves_nothing):
    """Fifield's construction: the directory names one stream of deflated zeros again and again."""
    inside = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.uint8), np.eye(4)).to_bytes() + bytes(2**23)
    path = zipped(tmp_path / "bomb.zip", {"0000.nii": inside})
    content = path.read_bytes()
    at = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[at:end]
    directory = b"".join(entry.replace(b"0000.nii", b"%04d.nii" % i) for i in range(1000))
    tail = bytearray(content[end:])
    tail[8:10] = tail[10:12] = (1000).to_bytes(2, "little")
    tail[12:16] = len(directory).to_bytes(4, "little")
    path.write_bytes(content[:at] + directory + bytes(tail))
    case = read_beside_a_picture(path)
    assert len(case.scans) == 3  # of the first entry, two slices
    assert len(case.skipped) == 21
    assert "979 of its entries cannot be unpacked" in refusals(case)


def test_a_million_entries_are_refused_before_they_are_listed(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.png": png()})
    content = path.read_bytes()
    at, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    directory = content[at:end] * 1_000_000
    tail = bytearray(content[end:])
    tail[12:16] = len(directory).to_bytes(4, "little")
    path.write_bytes(content[:at] + directory + bytes(tail))
    assert "holds more than 100000 entries" in refusals(read_beside_a_picture(path))


def test_a_tar_of_too_many_entries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("raddiag_engine.reading.archive_entries.MAX_ENTRIES", 10)
    path = tarred(tmp_path / "a.tar", {f"{i}.png": png(i) for i in range(20)}, mode="w")
    case = read_case([path], guarded=False)
    assert len(case.scans) == 10
    assert "holds more than" in refusals(case)


def test_an_archive_in_an_archive_is_refused(tmp_path):
    inner = zipped(tmp_path / "inner.zip", {"a.png": png()}).read_bytes()
    path = zipped(tmp_path / "outer.zip", {"inner.zip": inner, "ok.png": png(1)})
    case = read_beside_a_picture(path)
    assert len(case.scans) == 2
    assert "inner.zip: is an archive inside an archive" in refusals(case)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize("kept_share", [0.1, 0.5, 0.95])
def test_a_truncated_archive_costs_a_line(tmp_path, kind, kept_share, leaves_nothing):
    entries = {f"{i}.png": png(i, 64) for i in range(20)}
    path = tmp_path / f"a.{kind}"
    zipped(path, entries) if kind == "zip" else tarred(path, entries)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept_share * len(content))])
    case = read_beside_a_picture(path)
    assert f"a.{kind}" in refusals(case)


def test_a_damaged_entry_costs_only_itself(tmp_path):
    path = zipped(tmp_path / "a.zip", {f"{i}.png": png(i, 64) for i in range(3)})
    content = bytearray(path.read_bytes())
    at = content.index(b"1.png") + 200
    content[at : at + 50] = bytes(50)
    path.write_bytes(content)
    case = read_beside_a_picture(path)
    assert len(case.scans) == 3
    assert refusals(case).startswith("1.png: cannot unpack it")


def test_an_empty_archive_is_said_to_be_empty(tmp_path):
    with pytest.raises(ReadError, match="no files in it"):
        read_case([zipped(tmp_path / "a.zip", {})])


def test_the_name_of_the_private_place_is_in_no_message(tmp_path):
    broken = nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4)).to_bytes()[:380]
    path = zipped(tmp_path / "a.zip", {"Doe^Jane/broken.nii": broken, "a.dcm": b"\0" * 128 + b"DICM" + b"\xff" * 64})
    case = read_beside_a_picture(path)
    assert len(case.skipped) == 2
    assert unpacked_files.FOLDER_PREFIX not in refusals(case)
    assert "/proc/" not in refusals(case)


def test_the_budget_is_a_share_of_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "installed_bytes", lambda: 4000)
    path = zipped(tmp_path / "a.zip", {f"{i}.png": png(i, 16) for i in range(10)})
    case = read_case([path], guarded=False)
    assert 0 < len(case.scans) < 10
    assert "unpacks to more than" in refusals(case)


CRASHING_WORKER = """
import os
from raddiag_engine.reading import picture, worker
from raddiag_engine.reading import reader
original = reader._read_single
def faulty(path, file_format):
    if path.stat().st_size > 3000:
        os.abort()
    return original(path, file_format)
reader._read_single = faulty
worker.main()
"""


def test_a_crash_inside_an_archive_costs_one_entry(tmp_path, monkeypatch, leaves_nothing):
    start = subprocess.Popen
    monkeypatch.setattr(
        child_process.subprocess,
        "Popen",
        lambda command, **options: start([sys.executable, "-P", "-c", CRASHING_WORKER, *command[4:]], **options),
    )
    entries = {f"{i}.png": png(i, 100 if i in (2, 4) else 8) for i in range(6)}
    path = zipped(tmp_path / "a.zip", {**entries, "x": b"nothing that is known"})
    with GuardedReader() as reader:
        found = list(reader.read([path], lambda path, step: None))
    scans = sorted(item.sources[0].name for item in found if hasattr(item, "sources"))
    lines = sorted((item.path.name, "crashed" in item.reason) for item in found if not hasattr(item, "sources"))
    assert scans == ["0.png", "1.png", "3.png", "5.png"]
    assert lines == [("2.png", True), ("4.png", True), ("x", False)]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the place holds files")
def test_on_linux_nothing_that_is_unpacked_reaches_a_disk(tmp_path):
    with unpacked_files.UnpackedFiles() as place:
        path = place.add(Path("a.zip/Doe^Jane/1.2.3.dcm"), [b"Doe^Jane", b" was here"])
        assert path.read_bytes() == b"Doe^Jane was here"
        assert path.is_symlink()
        assert "Doe" not in str(path)
        assert place.shown(path) == Path("a.zip/Doe^Jane/1.2.3.dcm")
    assert not path.exists()
    assert not path.parent.exists()


def test_elsewhere_the_place_holds_files_of_this_user_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacked_files.sys, "platform", "darwin")
    with unpacked_files.UnpackedFiles() as place:
        path = place.add(Path("a.zip/x/1.nii.gz"), [b"content"])
        assert path.read_bytes() == b"content"
        assert not path.is_symlink()
        assert path.name.endswith(".nii.gz")
        assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert not path.parent.exists()
