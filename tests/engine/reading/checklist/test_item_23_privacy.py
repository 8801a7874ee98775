"""Checklist item 23: no patient data in logs, temporary names, ids or messages."""

from __future__ import annotations

import json
import logging
import tempfile

import pytest

from raddiag_engine.commands.read import case_listing
from raddiag_engine.reading import read_case
from raddiag_engine.reading.nifti_export import write_scan
from tests.engine.reading.dicom_files import noise, write_series, write_slice

SECRETS = ("Zzyzx", "QX-77123", "19440229", "Dr^Quincy", "ACC-9917")
PATIENT = {
    "PatientName": "Zzyzx^Quarta",
    "PatientID": "QX-77123",
    "PatientBirthDate": "19440229",
    "ReferringPhysicianName": "Dr^Quincy",
    "AccessionNumber": "ACC-9917",
}


@pytest.mark.parametrize("guarded", [False, True])
def test_item_23_nothing_of_the_patient_is_logged_written_or_shown(tmp_path, capfd, caplog, monkeypatch, guarded):
    folder, temporary = tmp_path / "in", tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    caplog.set_level(logging.DEBUG)
    paths = write_series(folder, noise(6, 4, 4), **PATIENT, SeriesDescription="Zzyzx head")
    paths[2].write_bytes(paths[2].read_bytes()[:-20])
    (folder / "broken.dcm").write_bytes(paths[0].read_bytes()[:400])
    write_slice(folder / "lut.dcm", noise(4, 4), **PATIENT, SeriesInstanceUID="1.2.77", RescaleSlope=0)
    case = read_case([folder], guarded=guarded)
    written = [write_scan(tmp_path / "out", scan) for scan in case.scans]
    listing = case_listing(case)
    shown = json.dumps([listing["scans"], [line["reason"] for line in listing["skipped"]]])
    shown += repr(case.scans) + repr([scan.warnings for scan in case.scans]) + repr([s.identity for s in case.scans])
    shown += "".join(path.name for path in written) + case.id
    shown += caplog.text + "".join(capfd.readouterr()) + "".join(path.name for path in temporary.rglob("*"))
    headers = b"".join(path.read_bytes()[:400] for path in written)
    assert len(case.scans) == 2
    for secret in SECRETS:
        assert secret not in shown
        assert secret.encode() not in headers
