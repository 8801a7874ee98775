"""Lines about files while the identity is hidden: the reason stays, every name goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_raddiag.data_models.without_names import line_without_names, reason_without_names
from raddiag_engine.errors import ReadError

REASON = "cannot decode: the file is truncated or damaged; fetch it again"


@pytest.mark.parametrize(
    "path",
    [
        "/data/DOE.dcm",
        "/data/DOE Jane/1.dcm",
        "/data/case: DOE/x: DOE/1.dcm",
        "DOE.nii.gz",
        "C:\\cases\\DOE Jane\\1.dcm",
        "/data/DOE.zip/DOE/1.dcm",
    ],
)
def test_an_error_of_the_reader_keeps_its_reason_alone(path: str) -> None:
    assert line_without_names(str(ReadError(path, REASON))) == f"a file: {REASON}"


@given(st.lists(st.sampled_from(["DOE", " ", "'", "/", "\\", ": ", ".dcm", "x", "("]), min_size=1, max_size=8))
def test_no_folder_name_stays_whatever_the_path(parts: list[str]) -> None:
    path = Path("/data", "".join(parts).strip(" /") or "DOE", "1.dcm")
    line = line_without_names(str(ReadError(path, "the file is empty")))
    assert "DOE" not in line
    assert "the file is empty" in line


def test_a_line_without_a_path_at_its_start() -> None:
    assert line_without_names("saved /home/me/DOE Jane.csv") == "saved ..."
    assert line_without_names("1 disorder copied") == "1 disorder copied"


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("holds no image (Encapsulated PDF)", "holds no image (Encapsulated PDF)"),
        ("3 links; not read (the first is 'DOE/1.dcm')", "3 links; not read (the first is ...)"),
        ('not read (the first is "O\'DOE.dcm")', "not read (the first is ...)"),
        ("a copy of DOE.dcm", "a copy of ..."),
        ("the same as /data/DOE Jane/1.dcm, which is read", "the same as ..."),
        ("the patient's file is empty", "the patient's file is empty"),
    ],
)
def test_a_reason_loses_names_and_quotes_and_paths(reason: str, shown: str) -> None:
    assert reason_without_names(reason, ["DOE.dcm", ""]) == shown


def test_a_short_name_is_not_taken_out_of_the_words() -> None:
    assert reason_without_names("an animation of a", ["a"]) == "an animation of ..."
