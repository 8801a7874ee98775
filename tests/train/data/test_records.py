"""cases.jsonl: what is written is read, and a wrong line is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.errors import ConfigError
from raddiag_train.data.records import CaseRecord, ScanRecord, read_records, write_records

LINE: dict[str, Any] = {
    "case_id": "a",
    "patient_id": "p",
    "anatomy": "chest",
    "split": "train",
    "scans": [{"path": "scans/ct.nii.gz", "modality": "CT", "plane": "axial", "key_slice": 3}],
    "disorders": ["Pneumonia"],
    "icd10cm": ["J18.9"],
}


def write_lines(folder: Path, *lines: dict[str, Any] | str) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def with_scan(**changes: Any) -> dict[str, Any]:
    return {**LINE, "scans": [{**LINE["scans"][0], **changes}]}


def test_a_line_of_the_contract_is_read_with_paths_beside_the_file(tmp_path: Path) -> None:
    [record] = read_records(write_lines(tmp_path, LINE))
    assert record == CaseRecord(
        "a",
        "p",
        Anatomy.CHEST,
        "train",
        (ScanRecord(tmp_path / "scans" / "ct.nii.gz", Modality.CT, Plane.AXIAL, 3),),
        ("Pneumonia",),
        ("J18.9",),
    )


def test_what_is_written_is_read_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    scan = ScanRecord(
        tmp_path / "scans" / "x.png",
        Modality.XRAY,
        anatomy=Anatomy.SPINE,
        masks={"Fracture": tmp_path / "masks" / "x.npy"},
    )
    records = [CaseRecord("é", "", Anatomy.CHEST, "", (scan,), ("Fracture",), (), "set")]
    path = tmp_path / "lists" / "cases.jsonl"
    write_records(path, records)
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["scans"][0]["path"] == "../scans/x.png"
    assert stored["scans"][0]["masks"] == {"Fracture": "../masks/x.npy"}
    assert read_records(path) == records


def test_relative_paths_are_written_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    write_records(path, [CaseRecord("a", "", Anatomy.CHEST, "", (ScanRecord(Path("b/c.png")),), ("Normal",))])
    assert json.loads(path.read_text())["scans"][0]["path"] == "b/c.png"


def test_a_failed_write_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = write_lines(tmp_path, LINE)

    def records() -> Any:
        yield from read_records(path)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_records(path, records())
    assert json.loads(path.read_text()) == LINE
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (with_scan(modality="MR"), "unknown modality 'MR'; did you mean 'MRI'?"),
        (with_scan(plane="axal"), "unknown plane 'axal'; did you mean 'axial'?"),
        ({**LINE, "anatomy": "chst"}, "unknown anatomy 'chst'; did you mean 'chest'?"),
        ({key: value for key, value in LINE.items() if key != "disorders"}, "missing key 'disorders'"),
        ({**LINE, "patient": "p"}, "unknown key 'patient'; did you mean 'patient_id'?"),
        ({**LINE, "scans": [{"modality": "CT"}]}, "missing key 'scans[0].path'"),
        ({**LINE, "scans": []}, "needs at least one scan"),
        ({**LINE, "disorders": ["Normal", "Pneumonia"]}, "'Normal' stands beside a disorder"),
        ({**LINE, "disorders": "Pneumonia"}, "disorders: expected a list"),
        ({**LINE, "split": "val"}, "split 'val' is not one of train, validation, test"),
        ("{oops", "not JSON"),
        ("[1]", "one case as a JSON object"),
    ],
)
def test_a_wrong_line_is_named_with_its_cause(tmp_path: Path, line: dict[str, Any] | str, said: str) -> None:
    path = write_lines(tmp_path, LINE, line)
    with pytest.raises(ConfigError) as error:
        read_records(path)
    assert str(error.value).startswith(f"{path}:2: ")
    assert said in str(error.value)


def test_a_missing_and_an_empty_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.jsonl: no such file"):
        read_records(tmp_path / "nowhere.jsonl")
    with pytest.raises(ConfigError, match="holds no cases"):
        read_records(write_lines(tmp_path, ""))
