"""`raddiag zeroshot` on cases with scans that the reader advises against, and on data that the model knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.cli import main
from raddiag_engine.models.card import TrainingSource
from raddiag_train.data.records import CaseRecord, ScanRecord, write_records
from raddiag_train.experiments.zero_shot.learned_sources import learned_as
from tests.engine.diagnosis.tiny_model import tiny_card, tiny_engine
from tests.train.data.made_up_images import write_picture


def picture(path: Path, seed: int) -> ScanRecord:
    return ScanRecord(write_picture(path, seed), Modality.XRAY, Plane.FRONTAL)


@pytest.fixture
def blank(tmp_path: Path) -> ScanRecord:
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "blank.png")
    return ScanRecord(tmp_path / "blank.png", Modality.XRAY, Plane.FRONTAL)


@pytest.fixture
def records(tmp_path: Path) -> list[CaseRecord]:
    """Six chest X-rays of the source "chest"."""
    return [
        CaseRecord(
            f"case-{number}",
            "",
            Anatomy.CHEST,
            "test",
            (picture(tmp_path / f"{number}.png", number),),
            ("Pneumonia" if number % 2 else "Normal",),
            source="chest",
        )
        for number in range(6)
    ]


def zeroshot(folder: Path, records: list[CaseRecord], *options: str) -> int:
    if not (folder / "model").exists():
        tiny_engine(folder / "model", tiny_card(None), gain=10)
    write_records(folder / "cases.jsonl", records)
    command = ["zeroshot", "--model", str(folder / "model"), "--cases", str(folder / "cases.jsonl"), "--device", "cpu"]
    return main([*command, "--output", str(folder / "out"), "--resamples", "0", *options])


def test_a_scan_that_the_reader_advises_against_is_set_aside_and_said(
    tmp_path: Path, records: list[CaseRecord], blank: ScanRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    records[3] = replace(records[3], scans=(blank, *records[3].scans))
    assert zeroshot(tmp_path, records) == 0
    said = "Ours on chest: 1 scan of 1 case not fused, as by the engine: 1 not usable."
    assert said in capsys.readouterr().out
    written = (tmp_path / "out/runs/Ours/chest/set_aside.csv").read_text(encoding="utf-8")
    assert written == "case_id,scan,reason\ncase-3,1,not usable\n"
    # Run again, the stored figures still say it.
    assert zeroshot(tmp_path, records) == 0
    assert said in capsys.readouterr().out
    assert said in (tmp_path / "out/zero_shot.md").read_text(encoding="utf-8")


def test_a_case_without_a_usable_scan_is_refused_by_its_line(
    tmp_path: Path, records: list[CaseRecord], blank: ScanRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    records[3] = replace(records[3], scans=(blank,))
    assert zeroshot(tmp_path, records) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "case case-3 has no usable scan" in error
    assert "cases.jsonl:4" in error


def test_a_damaged_file_is_refused_by_its_line(
    tmp_path: Path, records: list[CaseRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    records[2].scans[0].path.write_bytes(b"no picture")
    assert zeroshot(tmp_path, records) == 2
    assert "cases.jsonl:3" in capsys.readouterr().err


def test_a_data_set_that_the_model_has_learned_from_is_not_called_zero_shot(
    tmp_path: Path, records: list[CaseRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_engine(tmp_path / "model", replace(tiny_card(None), sources=(TrainingSource("Chest X-rays", 9, True, ""),)))
    unseen = [replace(record, source="knees") for record in records]
    assert zeroshot(tmp_path, [*records, *unseen]) == 0
    said = 'Ours on chest: not zero-shot: the model\'s card names "Chest X-rays" among the data that it learned from'
    out = capsys.readouterr().out
    assert out.count(said) == 2  # beside the mapping, and below the table
    assert "Ours on knees: not zero-shot" not in out
    table = (tmp_path / "out/zero_shot.md").read_text(encoding="utf-8")
    assert f"- {said}.\n" in table
    assert "| chest | Ours | not zero-shot |" in table
    assert "| knees | Ours | zero-shot |" in table


@pytest.mark.parametrize(
    ("source", "title"),
    [("head_ct_hemorrhage", "Head CT - hemorrhage"), ("chest_xray", "DarkCovidNet chest X-rays"), ("ct", "CT")],
)
def test_a_source_is_found_under_its_title(source: str, title: str) -> None:
    assert learned_as(source, ("other", title)) == title


def test_a_short_name_within_a_title_and_no_name_are_not_taken_for_it() -> None:
    assert learned_as("ct", ("Head CT - hemorrhage",)) == ""
    assert learned_as("", ("", "Head CT - hemorrhage")) == ""
