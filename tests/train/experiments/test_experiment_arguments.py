"""What `ablate`, `tables` and `finetune` refuse before they plan a run."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_train.commands import finetune, tables
from raddiag_train.data.records import read_records, write_records
from tests.train.experiments.cases_of_images import write_cases


@pytest.fixture
def divided(tmp_path: Path) -> list[str]:
    """The arguments of a recipe whose cases are of one patient, in three splits."""
    recipe = write_cases(tmp_path, single_image=True)
    cases = tmp_path / "divided.jsonl"
    records = read_records(tmp_path / "cases.jsonl")
    write_records(cases, [replace(record, patient_id="one") for record in records])
    return [str(recipe), "--cases", str(cases), "--output", str(tmp_path / "output")]


def run(command: str, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    for module in (finetune, tables):
        module.add_parser(subparsers)
    args = parser.parse_args([command, *arguments])
    return int(args.run(args))


@pytest.mark.parametrize("command", ["tables", "finetune"])
def test_a_patient_in_two_splits_is_refused_by_the_line_of_the_users_file(
    command: str, divided: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"divided\.jsonl:\d+: case .* of the same patient"):
        run(command, *divided)
    assert not (tmp_path / "output").exists()


def test_cases_that_are_divided_anew_may_lie_anywhere_before(
    divided: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A single patient goes into one split, which only the plan of the runs shows.
    assert run("finetune", *divided, "--split", "7:1:2", "--dry-run") == 0
    assert "to do" in capsys.readouterr().out
