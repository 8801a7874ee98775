"""Checklist item 21: two patients in one case: stop and ask, without a name."""

from __future__ import annotations

import pytest

from raddiag_engine.cases import WarningCode
from raddiag_engine.errors import CaseError
from raddiag_engine.reading import one_patient, read_case
from tests.engine.reading.checklist.scans import codes, message
from tests.engine.reading.dicom_files import noise, write_series

ONE = {"PatientID": "A-1", "PatientName": "Alpha^Anna"}


@pytest.mark.parametrize(
    "other",
    [
        {"PatientID": "B-2", "PatientName": "Beta^Bert"},
        {"PatientID": "A-1", "PatientName": "Alpha^Anna", "IssuerOfPatientID": "OTHER HOSPITAL"},
        {"PatientID": "A-1", "PatientName": "Alpha^Anna", "PatientBirthDate": "19800101"},
    ],
)
def test_item_21_they_are_told_apart_and_not_named(tmp_path, other):
    birth = {"PatientBirthDate": "19700101"} if "PatientBirthDate" in other else {}
    write_series(tmp_path / "a", noise(3, 4, 4), **ONE, **birth)
    write_series(tmp_path / "b", noise(3, 4, 4, seed=1), SeriesInstanceUID="1.2.9", **other)
    case = read_case([tmp_path], guarded=False)
    assert len(case.patients) == 2
    assert all(WarningCode.IDENTITY_MIXED in codes(scan) for scan in case.scans)
    with pytest.raises(CaseError) as error:
        one_patient(case)
    for secret in ("Alpha", "Beta", "A-1", "B-2", "HOSPITAL", "1980"):
        assert secret not in str(error.value)
    assert [len(one_patient(case, number).used) for number in (1, 2)] == [1, 1]


def test_item_21_one_series_of_two_patients_is_told_apart(tmp_path):
    write_series(tmp_path, noise(8, 4, 4), each=lambda i: {"PatientID": f"P{i // 4}"})
    case = read_case([tmp_path], guarded=False)
    assert len(case.patients) == 2
    assert [len(scan.voxels) for scan in case.scans] == [4, 4]
    assert all("told apart by patient" in message(scan, WarningCode.CONTENT_SPLIT) for scan in case.scans)
