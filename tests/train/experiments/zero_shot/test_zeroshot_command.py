"""`raddiag zeroshot` on cases with scans that the reader advises against, and on data that the model knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.cli import main
from raddiag_train.data.records import CaseRecord, ScanRecord, write_records
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
