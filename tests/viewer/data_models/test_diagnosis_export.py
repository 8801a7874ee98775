"""What leaves the panel says what it was made from, and holds no patient data."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime

from napari_raddiag.data_models.diagnosis_export import csv_text, tsv_text
from raddiag_engine.diagnosis.result import UnseenScore
from tests.viewer.data_models.made_up import FRACTURE, GLIOMA, JANE, TUMOUR, made_diagnosis

NOW = datetime(2026, 3, 12, 7, 5, tzinfo=UTC)


def parsed(text: str) -> tuple[list[str], list[dict[str, str]]]:
    lines = text.splitlines()
    comments = [line for line in lines if line.startswith("#")]
    return comments, list(csv.DictReader(lines[len(comments) :]))


def test_provenance_comes_first() -> None:
    comments, _ = parsed(csv_text(made_diagnosis(), NOW))
    diagnosis = made_diagnosis()
    text = "\n".join(comments)
    for fact in (
        "Research use only",
        diagnosis.case_hash,
        diagnosis.model_sha256,
        "device cpu, float32",
        "2026-03-12T07:05:00+00:00",
        "2 positive of 3 assessed",
        "scan mri (MRI) used by choice: a localizer",
        "warning: mri: used by choice",
    ):
        assert fact in text


def test_rows_hold_all_disorders_and_normal() -> None:
    _, rows = parsed(csv_text(made_diagnosis(), NOW))
    assert [row["disorder"] for row in rows] == ["Tibial fracture", "Baker cyst", "Osteochondroma", "Glioma", "Normal"]
    assert rows[0]["score"] == "0.968"
    assert rows[0]["icd10cm_chapter"] == "S00-T88"
    assert rows[0]["threshold_fitted_on_positives"] == "35"
    assert rows[2]["calibrated"] == "False"


def test_not_assessed_has_no_score() -> None:
    _, rows = parsed(csv_text(made_diagnosis(GLIOMA), NOW))
    assert (rows[0]["state"], rows[0]["score"]) == ("not assessed", "")
    assert "0.095" not in tsv_text(made_diagnosis(), [GLIOMA], NOW)


def test_a_name_is_never_a_formula() -> None:
    evil = replace(FRACTURE, name="=HYPERLINK(1)")
    _, rows = parsed(csv_text(made_diagnosis(evil), NOW))
    assert rows[0]["disorder"] == "'=HYPERLINK(1)"
    assert "\n=HYPERLINK" not in tsv_text(made_diagnosis(evil), [evil], NOW)


def test_a_warning_with_a_line_break_stays_a_comment() -> None:
    diagnosis = replace(made_diagnosis(), warnings=("one\ntwo,three",))
    comments, rows = parsed(csv_text(diagnosis, NOW))
    assert "# warning: one two,three" in comments
    assert len(rows) == 5


def test_clipboard_has_a_line_of_provenance() -> None:
    lines = tsv_text(made_diagnosis(), [FRACTURE, TUMOUR], NOW).splitlines()
    assert lines[1].split("\t") == ["Tibial fracture", "S82.209A", "positive", "0.968", "0.727"]
    assert len(lines) == 4
    for fact in ("3cd83b422d44", "demo abe86c01932d", "cpu", "used by choice: mri", "Research use only"):
        assert fact in lines[-1]


def test_what_was_asked_for_by_name_comes_last_and_is_marked() -> None:
    asked = UnseenScore(1, "Osteosarcoma", ("C41.9",), 0.4321, 0.0, True, "Glioma", 0.5)
    uncovered = replace(asked, name="=Abscess", icd10cm=(), covered=False)
    comments, rows = parsed(csv_text(made_diagnosis(), NOW, (asked, uncovered)))
    assert [row["disorder"] for row in rows[-3:]] == ["Normal", "Osteosarcoma", "'=Abscess"]
    assert (rows[-2]["state"], rows[-2]["score"], rows[-2]["icd10cm_chapter"]) == ("unseen", "0.4321", "C00-D49")
    assert all(rows[-2][column] == "" for column in ("rank", "threshold", "tier", "sensitivity"))
    assert (rows[-1]["state"], rows[-1]["score"]) == ("unseen", "")
    assert any("never learned" in line and "no probability" in line for line in comments)
    assert not any("never learned" in line for line in parsed(csv_text(made_diagnosis(), NOW))[0])
    line = tsv_text(made_diagnosis(), [FRACTURE], NOW, (asked, uncovered)).splitlines()[2].split("\t")
    assert (line[0], line[3], line[4]) == ("Osteosarcoma", "0.432", "") and line[2].startswith("unseen (not among")


def test_no_patient_in_it() -> None:
    text = csv_text(made_diagnosis(), NOW) + tsv_text(made_diagnosis(), [FRACTURE], NOW)
    assert JANE.patient_id not in text
    assert "DOE" not in text
