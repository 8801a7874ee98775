"""The commands under `raddiag data`, from a folder of images to a validated split."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_train.commands import data
from raddiag_train.data.folder_recipe import read_folder_recipe
from raddiag_train.data.records import read_records, write_records
from tests.train.data.made_up_images import write_picture
from tests.train.data.published_layouts import LAYOUTS, write_layout


def raddiag(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    data.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["data", *map(str, arguments)])
    return int(parsed.run(parsed))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for n in range(20):
        write_picture(tmp_path / "set" / ("glioma" if n % 2 else "notumor") / f"{n}.png", n)
    for n in range(5):
        write_picture(tmp_path / "set" / "glioma" / f"twin of 1, {n}.png", 1, size_px=60 + 8 * n)
    return tmp_path / "set"


def splits_of_twins(cases: Path) -> Counter[str]:
    """The splits in which the twins of picture 1 lie, and itself."""
    stems = {record.scans[0].path.stem: record.split for record in read_records(cases)}
    return Counter(split for stem, split in stems.items() if stem == "1" or stem.startswith("twin"))


def test_folders_become_a_validated_split(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "cases.jsonl"
    described = (
        "--modality",
        "MRI",
        "--anatomy",
        "head and neck",
        "--label",
        "glioma=Glioma:C71.9",
        "--normal",
        "notumor",
    )
    assert raddiag("from-folders", tree, "--output", output, *described, "--split", "0.6,0.2,0.2") == 0
    records = read_records(output)
    assert len(records) == 25
    assert {(record.disorders, record.icd10cm) for record in records} == {(("Glioma",), ("C71.9",)), (("Normal",), ())}
    assert splits_of_twins(output).total() == 6
    assert len(splits_of_twins(output)) == 1
    assert {record.split for record in records} == {"train", "validation", "test"}
    assert raddiag("validate", output, "--deep") == 0
    capsys.readouterr()
    assert raddiag("stats", output) == 0
    assert "Glioma" in capsys.readouterr().out


def test_split_divides_cases_that_have_none(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, divided = tmp_path / "whole.jsonl", tmp_path / "divided.jsonl"
    raddiag("from-folders", tree, "--output", whole)
    assert {record.split for record in read_records(whole)} == {""}
    capsys.readouterr()
    assert raddiag("split", whole, "--ratio", "8:0:2", "--output", divided) == 0
    assert "0 validation" in capsys.readouterr().out
    assert {record.split for record in read_records(divided)} == {"train", "test"}


def test_validate_lists_faults_and_fails(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "cases.jsonl"
    raddiag("from-folders", tree, "--output", output, "--split-name", "train")
    gone = tree / "glioma" / "3.png"
    gone.unlink()
    capsys.readouterr()
    assert raddiag("validate", output) == 1
    said = capsys.readouterr().out
    assert str(gone) in said
    assert said.count("\n") == 1


def test_nothing_is_written_for_bad_arguments(tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "cases.jsonl"
    for arguments in (
        (tree, "--modality", "MRT"),
        (tree, "--label", "gliom=Glioma"),
        (tree, "--split", "1:2"),
        (tree, "--root", tree),
        (tmp_path / "nowhere",),
        (),
    ):
        with pytest.raises(ConfigError):
            raddiag("from-folders", *arguments, "--output", output)
    assert not output.exists()


def test_a_shipped_recipe_makes_one_list_of_several_sets(tmp_path: Path) -> None:
    recipe = read_folder_recipe(Path("open_images.toml"))
    for folder in [Path(source.folder, name) for source in recipe.source for name in source.labels]:
        write_picture(tmp_path / folder / "00000001_001.png", 1)
    output = tmp_path / "cases.jsonl"
    assert raddiag("from-folders", "--recipe", "open_images.toml", "--root", tmp_path, "--output", output) == 0
    records = read_records(output)
    assert len(records) == 12
    modalities = {(record.source, record.scans[0].modality.value, record.anatomy.value) for record in records}
    assert modalities == {
        ("brain_tumor_mri", "MRI", "head and neck"),
        ("busi_breast_ultrasound", "ultrasound", "breast"),
        ("chest_xray", "X-ray", "chest"),
        ("head_ct_hemorrhage", "CT", "head and neck"),
    }


def test_a_split_by_image_parts_twins_and_is_refused_where_a_patient_is_named(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, output = tmp_path / "whole.jsonl", tmp_path / "divided.jsonl"
    raddiag("from-folders", tree, "--output", whole)
    assert raddiag("split", whole, "--output", output) == 0
    assert len(splits_of_twins(output)) == 1
    assert raddiag("split", whole, "--by", "image", "--output", output) == 0
    assert len(splits_of_twins(output)) > 1
    assert "evaluate with --twins-of" in capsys.readouterr().out
    records = read_records(whole)
    write_records(whole, [replace(records[0], patient_id="p"), *records[1:]])
    output.unlink()
    with pytest.raises(ConfigError, match="1 of 25 cases name their patient"):
        raddiag("split", whole, "--by", "image", "--output", output)
    assert not output.exists()


def test_an_official_split_is_kept_and_gets_a_validation_part_by_patient(tmp_path: Path) -> None:
    layout = LAYOUTS["mura"]
    for n in range(1, 17):
        for image in (1, 2):
            path = f"MURA-v1.1/train/XR_HAND/patient{n:05}/study{image}_{('positive', 'negative')[n % 2]}/image1.png"
            layout = replace(layout, files=(*layout.files, path))
    write_layout(tmp_path / "set", layout)
    output = tmp_path / "cases.jsonl"
    assert raddiag("import", "mura", tmp_path / "set", "--output", output) == 0
    records = read_records(output)
    assert Counter(record.split for record in records) == {"train": 29, "validation": 4, "test": 1}
    homes = {record.patient_id: set() for record in records}
    for record in records:
        homes[record.patient_id].add(record.split)
    assert all(len(splits) == 1 for splits in homes.values())


def test_a_set_without_official_split_is_divided_and_faults_stop_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = tuple(f"{name}/{n}.jpg" for name in ("Cyst", "Normal") for n in range(10))
    write_layout(tmp_path / "set", replace(LAYOUTS["ct_kidney"], files=files))
    output = tmp_path / "cases.jsonl"
    assert raddiag("import", "ct_kidney", tmp_path / "set", "--output", output) == 0
    assert Counter(record.split for record in read_records(output)) == {"train": 14, "validation": 2, "test": 4}
    (tmp_path / "set" / "Cyst" / "3.jpg").write_bytes(b"")
    output.unlink()
    with pytest.raises(ConfigError, match="1 faults"):
        raddiag("import", "ct_kidney", tmp_path / "set", "--output", output)
    assert "3.jpg: the file is empty" in capsys.readouterr().err
    assert not output.exists()
    assert raddiag("import", "ct_kidney", tmp_path / "set", "--output", output, "--skip-faulty") == 0
    assert len(read_records(output)) == 19


def test_the_described_sets_are_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert raddiag("import", "--list") == 0
    said = capsys.readouterr().out
    assert all(name in said for name in LAYOUTS)
