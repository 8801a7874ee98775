"""The start of a run: few questions to the file system, and a missing file is told with its line."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raddiag_engine.errors import ConfigError, ReadError
from raddiag_train.data.case_identity import status_key
from raddiag_train.data.records import read_records, write_records
from raddiag_train.training.card_building import build_card
from raddiag_train.training.config import read_config
from raddiag_train.training.training_data import TrainingData, load_training_data
from tests.train.training.blob_cases import write_blob_cases, write_recipe


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    write_blob_cases(tmp_path, train=16, validation=16)
    return write_recipe(tmp_path)


def load(recipe: Path, *assignments: str) -> TrainingData:
    config = read_config(recipe, list(assignments))
    return load_training_data(config.data, config.preparation)


def test_a_second_start_asks_once_for_the_status_of_a_file(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(recipe)
    files = {str(scan.path) for record in read_records(recipe.parent / "cases.jsonl") for scan in record.scans}
    asked: Counter[str] = Counter()

    def counted(name: str) -> Any:
        real = getattr(os, name)

        def status(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
            asked[str(path)] += 1
            result: os.stat_result = real(path, *arguments, **named)
            return result

        return status

    for name in ("stat", "lstat"):
        monkeypatch.setattr(os, name, counted(name))
    load(recipe)
    assert {file: asked[file] for file in files} == dict.fromkeys(files, 1)


@pytest.mark.parametrize("case", [3, 20])
def test_a_missing_file_is_told_with_its_line_before_any_is_prepared(recipe: Path, case: int) -> None:
    lines = (recipe.parent / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    (recipe.parent / json.loads(lines[case])["scans"][0]["path"]).unlink()
    with pytest.raises(ConfigError, match=rf"cases\.jsonl:{case + 1}: no such file .*{case}\.png \(case case-{case}\)"):
        load(recipe)
    assert not list((recipe.parent / "prepared").rglob("*"))


def test_training_and_validation_cases_are_apart(recipe: Path) -> None:
    data = load(recipe)
    for dataset, split in ((data.train, "train"), (data.validation, "validation")):
        assert [record.split for record in dataset.records] == [split] * 16
        for index, record in enumerate(dataset.records):
            assert len(dataset[index].scans) == len(record.scans)
            assert dataset[index].labels_K[data.labels.indices[record.disorders[0]]] == 1


def test_a_patient_in_two_splits_is_refused_with_both_lines(recipe: Path) -> None:
    records = read_records(recipe.parent / "cases.jsonl")
    write_records(
        recipe.parent / "cases.jsonl",
        [replace(record, patient_id="one" if i in (3, 20) else f"{i}") for i, record in enumerate(records)],
    )
    fault = r"cases\.jsonl:21: case case-20 lies in 'validation', but .*cases\.jsonl:4, of the same patient, in 'train'"
    with pytest.raises(ConfigError, match=fault):
        load(recipe)
    # A number that two data sets have is of two patients.
    apart = [
        replace(r, source="other") if i == 20 else r for i, r in enumerate(read_records(recipe.parent / "cases.jsonl"))
    ]
    write_records(recipe.parent / "cases.jsonl", apart)
    assert len(load(recipe).train) == 16


def test_equal_numbers_in_two_files_without_a_source_are_refused_with_what_else_can_be_meant(recipe: Path) -> None:
    records = [replace(record, patient_id="1") for record in read_records(recipe.parent / "cases.jsonl")]
    files = [recipe.parent / "one.jsonl", recipe.parent / "two.jsonl"]
    for file, split in zip(files, ("train", "validation"), strict=True):
        write_records(file, [record for record in records if record.split == split])
    with pytest.raises(ConfigError, match=r'two people, give the cases of each file a "source" of their own$'):
        load(recipe, f'data.cases=["{files[0]}", "{files[1]}"]')


def test_a_label_that_was_never_learned_and_a_damaged_file_are_told_with_their_lines(recipe: Path) -> None:
    records = read_records(recipe.parent / "cases.jsonl")
    file = recipe.parent / "cases.jsonl"
    write_records(file, [replace(r, disorders=("Brite blob",)) if i == 20 else r for i, r in enumerate(records)])
    with pytest.raises(ConfigError, match=r"cases\.jsonl:21: case case-20: disorder 'Brite blob' .* 'Bright blob'\?"):
        load(recipe)
    write_records(file, records)
    records[20].scans[0].path.write_bytes(b"no picture")
    with pytest.raises(ReadError, match=r"20\.png: .*; see .*cases\.jsonl:21"):
        load(recipe)


def test_cases_with_an_excluded_disorder_are_left_out_of_training_and_validation(recipe: Path) -> None:
    records = read_records(recipe.parent / "cases.jsonl")
    some = [replace(r, disorders=("Grey blob",)) if i in (0, 20) else r for i, r in enumerate(records)]
    write_records(recipe.parent / "cases.jsonl", [*some, replace(some[20], case_id="test", split="test")])
    config = read_config(recipe, ['data.exclude_disorders=["Grey blob"]'])
    data = load_training_data(config.data, config.preparation)
    assert (len(data.train), len(data.validation)) == (15, 15)
    assert set(data.labels.names) == {"Bright blob", "Normal"}
    card = build_card(config, replace(config.network, classes=2), data.labels.disorders, data.train.records, {})
    assert card.excluded_disorders == ("Grey blob",)
    with pytest.raises(ConfigError, match="no case has 'Grey blop'; did you mean 'Grey blob'"):
        load(recipe, 'data.exclude_disorders=["Grey blop"]')
    with pytest.raises(
        ConfigError,
        match=r"no case has 'Q99'; disorders are meant, whatever data\.label_level is, such as Bright blob, ",
    ):
        load(recipe, 'data.exclude_disorders=["Q99"]')


def test_excluded_are_disorders_at_the_level_of_categories_too(recipe: Path) -> None:
    records = read_records(recipe.parent / "cases.jsonl")
    grey = replace(records[0], disorders=("Grey blob",), icd10cm=("R91.8",))
    write_records(recipe.parent / "cases.jsonl", [grey, *records[1:]])
    config = read_config(recipe, ['data.exclude_disorders=["Grey blob"]', "data.label_level=icd10cm"])
    data = load_training_data(config.data, config.preparation)
    # The other disorder of the category stays.
    assert len(data.train) == 15
    assert set(data.labels.names) == {"Abnormal findings on diagnostic imaging of lung", "Normal"}
    card = build_card(config, replace(config.network, classes=2), data.labels.disorders, data.train.records, {})
    assert card.excluded_disorders == ("Grey blob",)


def test_a_link_and_a_folder_of_links_stand_for_the_file_they_lead_to(recipe: Path, tmp_path: Path) -> None:
    record = read_records(recipe.parent / "cases.jsonl")[1]
    [scan] = record.scans
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "other.png").symlink_to(scan.path)
    (tmp_path / "folder").symlink_to(tmp_path / "links")

    def key_of(path: Path) -> str:
        return status_key(replace(record, scans=(replace(scan, path=path),)))

    assert key_of(tmp_path / "links" / "other.png") == key_of(scan.path)
    assert key_of(tmp_path / "folder") == key_of(scan.path)
    before = key_of(tmp_path / "folder")
    scan.path.write_bytes(scan.path.read_bytes() + b" ")
    assert key_of(tmp_path / "folder") != before
