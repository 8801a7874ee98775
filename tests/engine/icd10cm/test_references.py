"""Excludes notes say what they name and which codes they point to."""

from __future__ import annotations

import pytest

from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.icd10cm.references import reference


@pytest.mark.parametrize(
    ("note", "name", "codes", "exact"),
    [
        ("traumatic pneumothorax (S27.0)", "traumatic pneumothorax", ("S27.0",), True),
        (
            "tuberculous (current disease) pneumothorax (A15.-)",
            "tuberculous (current disease) pneumothorax",
            ("A15",),
            True,
        ),
        ("pilon fracture of distal tibia (S82.87-)", "pilon fracture of distal tibia", ("S82.87",), True),
        ("inflammation of penis (N48.1, N48.2-)", "inflammation of penis", ("N48.1", "N48.2"), False),
        ("exposure to fire and flames (X00-X02)", "exposure to fire and flames", ("X00", "X01", "X02"), False),
        (
            "pneumonia in coccidioidomycosis (B38.0-B38.2)",
            "pneumonia in coccidioidomycosis",
            ("B38.0", "B38.1", "B38.2"),
            False,
        ),
        ("fluency disorder (I69. with final characters -23)", "fluency disorder", ("I69",), False),
        ("gastrointestinal stromal tumors (C49.A-)", "gastrointestinal stromal tumors", ("C49.A",), True),
        ("something that was (J99.77)", "something that was", (), False),  # no such code
        ("certain localized infections - see body system-related chapters",) * 2 + ((), False),
    ],
)
def test_a_note_is_taken_apart(note: str, name: str, codes: tuple[str, ...], exact: bool) -> None:
    found = reference(note, icd10cm())
    assert (found.name, found.codes, found.exact) == (name, codes, exact)


def test_nearly_every_note_with_brackets_points_to_a_code() -> None:
    table = icd10cm()
    notes = [note for code in table.codes() for note in table[code].excludes1 if "(" in note and note.endswith(")")]
    pointing = sum(bool(reference(note, table).codes) for note in notes)
    assert len(notes) > 4000
    assert pointing / len(notes) > 0.98
