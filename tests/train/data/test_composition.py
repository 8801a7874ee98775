"""Table 1 and figures 4 to 6: counted by hand on a few cases."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from raddiag_engine.cases import Anatomy, Modality
from raddiag_train.data.composition import composition_of
from raddiag_train.data.records import CaseRecord, ScanRecord, write_records
from tests.train.data.made_up_images import case
from tests.train.data.test_data_commands import raddiag


def records() -> list[CaseRecord]:
    ct, xray = ScanRecord(Path("a.nii.gz"), Modality.CT), ScanRecord(Path("b.npy"), Modality.XRAY)
    both = replace(case(1, "Pneumonia", "Effusion", icd10cm=("J18.9",)), scans=(ct, xray, ct), anatomy=Anatomy.CHEST)
    one = replace(case(2, "Pneumonia", icd10cm=("J18.1",)), scans=(xray,), anatomy=Anatomy.CHEST)
    return [both, one, replace(case(3, "Normal"), scans=(xray,), anatomy=Anatomy.CHEST)]


def test_cases_are_counted_by_modality_anatomy_and_images() -> None:
    found = composition_of(records(), "set")
    abnormal = {share.name: (share.cases, share.share) for share in found.modalities["abnormal"]}
    assert abnormal == {"CT": (1, 0.5), "X-ray": (2, 1.0)}
    assert [(share.name, share.cases, share.share) for share in found.modalities["normal"]] == [("X-ray", 1, 1.0)]
    assert [(share.name, share.cases) for share in found.anatomies["abnormal"]] == [("chest", 2)]
    assert found.images_per_case == {1: 2, 3: 1}
    assert found.modalities_per_case == {"1": pytest.approx(2 / 3), "2": pytest.approx(1 / 3)}


def test_the_row_of_table_1() -> None:
    found = composition_of(records(), "set")
    row = (found.anatomy, found.modality, found.images, found.cases, found.disorders, found.icd10cm)
    assert row == ("chest", "CT, X-ray", 5, 3, 2, 1)  # J18.9 and J18.1 are one category
    assert (found.has_2d, found.has_3d, found.case_level) == (True, True, True)
    alone = composition_of([case(1, "A", path=Path("x.npy"))], "x")
    assert (alone.has_2d, alone.has_3d, alone.case_level) == (False, True, False)
    everywhere = [replace(case(n), anatomy=anatomy) for n, anatomy in enumerate(Anatomy)]
    assert composition_of(everywhere, "x").anatomy == "Whole body"


def test_the_long_tail_is_parted_as_in_the_paper_and_normal_is_no_class() -> None:
    many = [case(n, "Common") for n in range(100)] + [case(n, "Fair") for n in range(30)]
    many += [case(n, "Rare") for n in range(29)] + [case(n, "Normal") for n in range(500)]
    disorders, codes = composition_of(many, "set").long_tails
    assert disorders.cases == (100, 30, 29)
    assert disorders.classes == {"head": 1, "medium": 1, "tail": 1}
    assert disorders.cases_of_tier == {"head": 100, "medium": 30, "tail": 29}
    assert codes.cases == ()


def test_the_command_writes_counts_and_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_records(tmp_path / "cases.jsonl", records())
    assert raddiag("stats", tmp_path / "cases.jsonl", "--name", "Mine", "--output", tmp_path / "out") == 0
    assert "Mine" in capsys.readouterr().out
    data = json.loads((tmp_path / "out" / "statistics.json").read_text(encoding="utf-8"))
    assert (data["name"], data["images"], data["images_per_case"]) == ("Mine", 5, {"1": 2, "3": 1})
    for name in ("modalities", "anatomies", "long_tail"):
        with Image.open(tmp_path / "out" / f"{name}.png") as picture:
            assert min(picture.size) > 300


def test_a_set_of_nothing_but_normal_cases_is_drawn(tmp_path: Path) -> None:
    write_records(tmp_path / "cases.jsonl", [case(1)])
    assert raddiag("stats", tmp_path / "cases.jsonl", "--output", tmp_path / "out") == 0
