"""A case with more scans than the model takes: evaluation fuses those that the engine chooses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Case, Modality, Plane
from raddiag_engine.models.folder import load_model
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.data.scan_reading import read_scan
from raddiag_train.evaluation import fused_scans
from raddiag_train.evaluation.evaluate import EvaluationConfig, evaluate
from raddiag_train.evaluation.fused_scans import FILE_NAME, with_fused_scans
from tests.engine.diagnosis.tiny_model import tiny_card, tiny_engine
from tests.train.data.made_up_images import write_picture

# As the released model: what the network is given of a scan depends on which others are chosen, and in which order.
PREPARATION = PreparationConfig(
    image_size_px=32,
    volume_size_px=32,
    depth=4,
    windowing="stored",
    range_over="case",
    quantise_8bit=True,
    modality_ids={"unknown": (9,), "CT": (1, 2, 3), "X-ray": (7, 8)},
)
# Scans to learn from are kept rounded to 8 bits; another choice or order is further off.
ROUNDING = 0.02


def volume(path: Path, slices: int, brightness: float) -> ScanRecord:
    voxels = np.random.default_rng(slices).normal(brightness, brightness / 4, (24, 20, slices)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([2.0, 2.0, 5.0, 1.0])), path)
    return ScanRecord(path, Modality.CT, Plane.AXIAL)


@pytest.fixture
def record(tmp_path: Path) -> CaseRecord:
    pictures = [write_picture(tmp_path / f"{seed}.png", seed) for seed in (1, 2)]
    scans = (
        volume(tmp_path / "short.nii.gz", 4, 100),
        ScanRecord(pictures[0], Modality.XRAY, Plane.FRONTAL),
        volume(tmp_path / "long.nii.gz", 9, 400),
        ScanRecord(pictures[1], Modality.XRAY, Plane.FRONTAL),
    )
    return CaseRecord("case", "", Anatomy.CHEST, "test", scans, ("Pneumonia",))


@pytest.mark.parametrize("max_scans", [1, 2, 3, None])
def test_the_logits_are_the_engines(record: CaseRecord, tmp_path: Path, max_scans: int | None) -> None:
    engine = tiny_engine(tmp_path / "model", tiny_card(max_scans, preparation=PREPARATION), gain=10)
    engine.set_case(Case(tuple(read_scan(record, scan) for scan in record.scans)))
    expected = {score.name: score.logit for score in engine.diagnose(top=20).disorders}
    model = load_model(tmp_path / "model")
    found = evaluate(model, [record], tmp_path / "cache", EvaluationConfig(device="cpu"))
    assert len(found.records[0].scans) == (max_scans or 4)
    logits = dict(zip(found.labels.names, found.logits_NK[0].tolist(), strict=True))
    assert {name: logits[name] for name in expected} == pytest.approx(expected, abs=ROUNDING)


def test_a_model_to_which_neither_number_nor_order_matters_reads_nothing(
    record: CaseRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fused_scans, "read_scan", None)
    plain = replace(PREPARATION, modality_ids={"unknown": (9,), "CT": (1,), "X-ray": (7,)})
    assert with_fused_scans([record], tiny_card(4, preparation=plain), tmp_path) == [record]


def test_the_choice_is_of_scans_as_read_and_is_remembered(
    record: CaseRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tiny_card(1, preparation=PREPARATION)
    [chosen] = with_fused_scans([record], card, tmp_path / "cache")
    assert [scan.path.name for scan in chosen.scans] == ["long.nii.gz"]
    [file] = (tmp_path / "cache").rglob(FILE_NAME)
    whole = file.read_text(encoding="ascii")

    def unread(*_: object) -> None:
        raise AssertionError("read again")

    with monkeypatch.context() as patched:
        patched.setattr(fused_scans, "read_scan", unread)
        assert with_fused_scans([record], card, tmp_path / "cache") == [chosen]
        [whole_case] = with_fused_scans([record], tiny_card(4, preparation=PREPARATION), tmp_path / "cache")
        assert {s.path for s in whole_case.scans} == {s.path for s in record.scans}
        file.write_text(whole[:-4], encoding="ascii")  # as a killed process leaves it
        with pytest.raises(AssertionError):
            with_fused_scans([record], card, tmp_path / "cache")
    assert with_fused_scans([record], card, tmp_path / "cache") == [chosen]
