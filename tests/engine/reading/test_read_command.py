"""`raddiag read`."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys

import nibabel
import numpy as np
import pytest
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, UltrasoundMultiFrameImageStorage

from raddiag_engine.cli import main
from raddiag_engine.commands import read
from raddiag_engine.errors import CaseError
from raddiag_engine.reading import read_case
from tests.engine.reading.dicom_files import noise, write_series, write_slice


def run(*arguments):
    parser = argparse.ArgumentParser()
    read.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["read", *map(str, arguments)])
    return parsed.run(parsed)


@pytest.fixture
def folder(tmp_path):
    paths = write_series(tmp_path / "in", noise(6, 4, 5))
    paths[2].unlink()
    (tmp_path / "in" / "notes.txt").write_text("nothing")
    return tmp_path / "in"


def test_json_has_the_fields_of_the_contract(folder, tmp_path):
    assert run(folder, "--json", tmp_path / "out.json") == 0
    listing = json.loads((tmp_path / "out.json").read_text())
    assert set(listing) == {"scans", "skipped"}
    (scan,) = listing["scans"]
    names = ["id", "kind", "modality", "shape", "affine", "spacing_mm", "usable", "reason", "warnings", "files"]
    assert list(scan)[: len(names)] == names
    assert list(scan)[len(names) :] == ["units", "view", "laterality", "contrast_agent", "frame_time_ms", "anatomy"]
    assert (scan["kind"], scan["modality"], scan["shape"]) == ("volume", "CT", [5, 4, 5])
    assert scan["spacing_mm"] == pytest.approx([2.5, 1, 1])
    assert np.array(scan["affine"]).shape == (4, 4)
    assert [warning["code"] for warning in scan["warnings"]] == ["geometry.gap"]
    assert len(scan["files"]) == 5
    (skipped,) = listing["skipped"]
    assert skipped["path"].endswith("notes.txt")
    assert "unknown format" in skipped["reason"]


@pytest.fixture
def said(tmp_path):
    """A mammogram, an ultrasound loop and a CT whose headers say all there is to say."""
    write_slice(
        tmp_path / "in.dcm",
        noise(8, 8),
        Modality="MG",
        SOPClassUID=DigitalMammographyXRayImageStorageForPresentation,
        ViewPosition="MLO",
        ImageLaterality="L",
        RescaleSlope=None,
        RescaleIntercept=None,
        SeriesInstanceUID="1.2.3.1",
    )
    write_slice(
        tmp_path / "loop.dcm",
        noise(4 * 8, 8).astype(np.uint8),
        Modality="US",
        SOPClassUID=UltrasoundMultiFrameImageStorage,
        Rows=8,
        NumberOfFrames=4,
        FrameTime="33.3",
        RescaleSlope=None,
        RescaleIntercept=None,
        SeriesInstanceUID="1.2.3.2",
    )
    write_series(tmp_path / "ct", noise(3, 8, 8), ContrastBolusAgent="Iodine", SeriesInstanceUID="1.2.3.3")
    write_series(tmp_path / "native", noise(3, 8, 8), ContrastBolusAgent="NONE", SeriesInstanceUID="1.2.3.4")
    return tmp_path


def test_json_says_what_the_header_says(said, tmp_path):
    run(said, "--json", tmp_path / "out.json")
    keys = ("units", "view", "laterality", "contrast_agent", "frame_time_ms")
    scans = json.loads((tmp_path / "out.json").read_text())["scans"]
    found = {(scan["modality"], scan["contrast_agent"]): tuple(scan[key] for key in keys) for scan in scans}
    assert found == {
        ("mammography", None): ("stored", "MLO", "L", None, None),
        ("ultrasound", None): ("stored", None, None, None, 33.3),
        ("CT", True): ("HU", None, None, True, None),
        ("CT", False): ("HU", None, None, False, None),
    }


def test_what_the_header_says_stands_below_the_table(said, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    run(said)
    shown = capsys.readouterr().out
    assert sorted(re.findall(r"^([a-z]+)-\w+(?:-2)? header: (.*)$", shown, re.MULTILINE)) == [
        ("ct", "contrast agent"),
        ("ct", "no contrast agent"),
        ("mammography", "view MLO, left"),
        ("ultrasound", "33.3 ms a frame"),
    ]
    assert shown.count("HU ") == 2
    assert "…" not in shown


def test_json_on_standard_output_is_all_there_is(folder, capsys):
    run(folder, "--json", "-")
    assert json.loads(capsys.readouterr().out)["scans"]


def test_the_table_shows_scans_warnings_and_skipped_files(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    run(folder)
    shown = capsys.readouterr().out
    for text in ("CT", "5 x 4 x 5", "geometry.gap", "notes.txt", "unknown format"):
        assert text in shown


def test_nifti_files_are_named_after_the_scans(folder, tmp_path):
    run(folder, "--nifti", tmp_path / "out")
    (scan,) = read_case([folder], guarded=False).scans
    image = nibabel.load(tmp_path / "out" / f"{scan.id}.nii.gz")
    written = np.asarray(image.dataobj)
    places = [round(place) for place in scan.slice_places]
    assert np.array_equal(written[..., places], scan.voxels.transpose(2, 1, 0))
    assert written.shape[2] == max(places) + 1  # the missing slice is filling
    assert np.allclose(image.affine[:, [2, 1, 0, 3]], scan.affine)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes for a name")
def test_a_name_that_is_not_utf8_is_printed_and_comes_back_from_json(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    odd = folder / os.fsdecode(b"caf\xe9.txt")
    (folder / "notes.txt").rename(odd)
    assert main(["read", str(folder)]) == 0
    assert "caf\\udce9.txt" in capsys.readouterr().out
    assert main(["read", str(folder), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["skipped"][0]["path"] == str(odd)
    assert main(["read", str(folder), "--json", str(tmp_path / "out.json")]) == 0
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["skipped"][0]["path"] == str(odd)


def test_two_patients_need_a_choice(folder, tmp_path):
    write_series(folder / "other", noise(3, 4, 4, seed=2), PatientID="P2", SeriesInstanceUID="1.2.3.4", SeriesNumber=2)
    with pytest.raises(CaseError, match="--patient N"):
        run(folder, "--nifti", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    run(folder, "--patient", 2, "--json", tmp_path / "out.json")
    assert [scan["shape"] for scan in json.loads((tmp_path / "out.json").read_text())["scans"]] == [[3, 4, 4]]
