"""`raddiag deidentify` on folders as hospitals give them: what is written, what is refused; nobody is named."""

from __future__ import annotations

import gzip
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from raddiag_engine.cli import main
from raddiag_engine.deidentification import run as deidentification_run
from raddiag_engine.reading import child_process, read_case
from tests.engine.reading.dicom_files import noise, write_series, write_slice

EXIT_BAD_INPUT = 2
SECRETS = ("SECRETNAME", "SECRETID", "19610707", "Watson")


def hospital_folder(folder: Path) -> Path:
    """Two patients, of one two series; a report's picture, a NIfTI file, a picture and a note, under telling names."""
    for number in range(2):
        identity = {
            "PatientName": f"SECRETNAME{number}^Jane",
            "PatientID": f"SECRETID{number}",
            "PatientBirthDate": "19610707",
            "StudyInstanceUID": f"1.2.3.{number}",
            "StudyDate": "20200301",
            "StudyTime": "101112",
            "SeriesDate": "20200303",
            "SeriesTime": "111213",
            "BodyPartExamined": "HEAD",
        }
        home = folder / f"SECRETNAME{number}"
        write_series(home / "a", noise(12, 16, 16, seed=number), SeriesInstanceUID=f"1.2.3.{number}.1", **identity)
    write_series(home / "b", noise(4, 16, 16, seed=7), SeriesInstanceUID="1.2.3.1.2", SeriesNumber=2, **identity)
    capture = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SeriesInstanceUID": "1.2.3.1.3", "Modality": "OT"}
    write_slice(home / "SECRETNAME1 screen.dcm", noise(16, 16), **{**identity, **capture})
    volume = nibabel.Nifti1Image(
        np.random.default_rng(0).normal(size=(6, 5, 12)).astype(np.float32), np.diag([2, 3, 4, 1])
    )
    volume.header["descrip"], volume.header["db_name"] = b"SECRETNAME", b"SECRETID"
    volume.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"seen by Watson"))
    nibabel.save(volume, folder / "SECRETNAME.nii.gz")
    text = PngInfo()
    text.add_text("Patient", "SECRETNAME")
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 9), dtype=np.uint8)).save(
        folder / "x.png", pnginfo=text
    )
    (folder / "note.txt").write_text("SECRETNAME was here")
    return folder


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_hospital_folder(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    source, output = hospital_folder(tmp_path / "in"), tmp_path / "out"
    before = {path: path.read_bytes() for path in files_below(source)}
    assert main(["deidentify", str(source), str(output)]) == 0
    said = "".join(capfd.readouterr())
    assert "files written: 29" in said
    assert "files refused: 3" in said
    assert "words may be burned into it" in said
    assert "unknown format" in said
    assert said.count("a face can be drawn") == 3
    for secret in SECRETS:
        assert secret not in said
        for path in files_below(output):
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            assert secret.encode() not in content
            assert secret not in str(path.relative_to(output))
    assert {path: path.read_bytes() for path in files_below(source)} == before
    assert not list(output.rglob(".*"))


def test_scans_read_the_same_before_and_after(tmp_path):
    source, output = hospital_folder(tmp_path / "in"), tmp_path / "out"
    assert main(["deidentify", str(source), str(output), "--allow-burned-in"]) == 0
    before, after = read_case([source]), read_case([output])
    assert len(before.scans) == len(after.scans) == 6
    assert sorted(s.content_hash for s in after.scans) == sorted(s.content_hash for s in before.scans)
    assert len(after.patients) == len(before.patients) == 2
    assert not set(after.patients) & set(before.patients)
    partners = {scan.content_hash: scan for scan in before.scans}
    for scan in after.scans:
        partner = partners[scan.content_hash]
        assert (scan.voxels == partner.voxels).all()
        assert (scan.affine is None) == (partner.affine is None)
        assert scan.affine is None or np.array_equal(scan.affine, partner.affine)
        assert (scan.modality, scan.kind, scan.anatomy) == (partner.modality, partner.kind, partner.anatomy)


def test_dates_move_by_patient_and_intervals_stay(tmp_path):
    source, output = hospital_folder(tmp_path / "in"), tmp_path / "out"
    assert main(["deidentify", str(source), str(output)]) == 0
    moved: dict[str, set[datetime]] = {}
    for path in output.rglob("*.dcm"):
        copy = pydicom.dcmread(path)
        study, series = (
            datetime.strptime(copy[f"{level}Date"].value + copy[f"{level}Time"].value, "%Y%m%d%H%M%S")
            for level in ("Study", "Series")
        )
        assert series - study == datetime(2020, 3, 3, 11, 12, 13) - datetime(2020, 3, 1, 10, 11, 12)
        moved.setdefault(str(copy.PatientID), set()).add(study)
    assert len(moved) == 2
    assert all(len(studies) == 1 for studies in moved.values())
    assert len(set.union(*moved.values())) == 2


def test_two_runs_have_nothing_in_common(tmp_path):
    source = write_series(tmp_path / "in", noise(3, 8, 8))[0].parent
    for name in ("one", "two"):
        assert main(["deidentify", str(source), str(tmp_path / name)]) == 0
    uids = [{pydicom.dcmread(p).SOPInstanceUID for p in files_below(tmp_path / name)} for name in ("one", "two")]
    assert len(uids[0]) == len(uids[1]) == 3
    assert not uids[0] & uids[1]


def test_nifti_keeps_its_voxels_and_affine_and_nothing_else(tmp_path):
    source, output = hospital_folder(tmp_path / "in"), tmp_path / "out"
    assert main(["deidentify", str(source / "SECRETNAME.nii.gz"), str(output)]) == 0
    ((path),) = files_below(output)
    before, after = nibabel.load(source / "SECRETNAME.nii.gz"), nibabel.load(path)
    assert np.array_equal(before.get_fdata(), after.get_fdata())
    assert np.array_equal(before.affine, after.affine)
    assert len(after.header.extensions) == 0
    assert path.read_bytes()[4:8] == bytes(4), "no time of the original"
    assert not path.read_bytes()[3] & 8, "no name of the original"


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_pictures_are_refused_blanked_or_allowed(tmp_path, capfd, suffix):
    image = Image.fromarray(np.random.default_rng(1).integers(50, 200, (20, 30), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "SECRETNAME"
    image.save(tmp_path / f"a.{suffix}", exif=exif)
    given = [str(tmp_path / f"a.{suffix}"), str(tmp_path / "out")]
    assert main(["deidentify", *given]) == EXIT_BAD_INPUT
    assert "words may be burned" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["deidentify", *given, "--blank", "0,0,5,1000"]) == 0
    ((path),) = files_below(tmp_path / "out")
    assert b"SECRETNAME" not in path.read_bytes()
    before, after = (read_case([p]).scans[0].voxels for p in (tmp_path / f"a.{suffix}", path))
    assert after.shape == (30, 20)
    assert (after[:5] == before.min()).all()
    assert (after[5:] == before[5:]).all()


def test_the_output_must_be_apart_and_empty(tmp_path, capfd):
    write_series(tmp_path / "in", noise(3, 8, 8))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for output in (tmp_path / "full", tmp_path / "in" / "out", tmp_path / "in", tmp_path):
        assert main(["deidentify", str(tmp_path / "in"), str(output)]) == EXIT_BAD_INPUT
        assert len(capfd.readouterr().err.strip().splitlines()) == 1
    assert main(["deidentify", str(tmp_path / "nowhere"), str(tmp_path / "out")]) == EXIT_BAD_INPUT
    assert "no such file" in capfd.readouterr().err


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "0,0,0,5", "-1,0,5,5"])
def test_a_region_that_is_none_is_refused(tmp_path, capfd, text):
    with pytest.raises(SystemExit):
        main(["deidentify", str(tmp_path), str(tmp_path / "out"), f"--blank={text}"])
    assert "ROW,COL,HEIGHT,WIDTH" in capfd.readouterr().err


CRASHING_WORKER = """
from raddiag_engine.deidentification import dicom_file, worker
original = dicom_file._write
def faulty(copy, target, syntax):
    if copy.InstanceNumber == 2:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_name(".half").write_bytes(b"half a file")
        os.abort()
    original(copy, target, syntax)
dicom_file._write = faulty
worker.main()
"""


def test_a_crash_costs_one_file_and_leaves_nothing_half_written(tmp_path, capfd, monkeypatch):
    start = subprocess.Popen
    monkeypatch.setattr(
        child_process.subprocess,
        "Popen",
        lambda command, **options: start([sys.executable, "-P", "-c", CRASHING_WORKER, *command[4:]], **options),
    )
    write_series(tmp_path / "SECRETNAME", noise(4, 8, 8))
    assert main(["deidentify", str(tmp_path / "SECRETNAME"), str(tmp_path / "out")]) == 0
    said = "".join(capfd.readouterr())
    assert "files written: 3" in said
    assert "crashed" in said
    assert "SECRETNAME" not in said
    assert len(files_below(tmp_path / "out")) == 3
    ((series),) = {path.parent for path in files_below(tmp_path / "out")}
    assert not list(series.glob(".*"))


def test_a_full_disk_leaves_nothing(tmp_path, capfd, monkeypatch):
    write_series(tmp_path / "in", noise(3, 8, 8))

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(deidentification_run, "_follow", full)
    assert main(["deidentify", str(tmp_path / "in"), str(tmp_path / "out")]) == EXIT_BAD_INPUT
    assert "No space left" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
