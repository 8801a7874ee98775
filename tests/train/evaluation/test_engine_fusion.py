"""What is evaluated is what the engine would do: it sets untrusted scans aside, and so does the evaluation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch

from raddiag_engine.cases import Anatomy, Case, Modality, Plane
from raddiag_engine.diagnosis.device import place
from raddiag_engine.diagnosis.engine import Engine
from raddiag_engine.diagnosis.input_descriptors import DESCRIPTORS
from raddiag_engine.diagnosis.input_score import InputScore, ScoreGroup
from raddiag_engine.errors import ReadError
from raddiag_engine.models.card import Coverage
from raddiag_engine.models.folder import Model, load_model, save_model
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.data.scan_reading import read_scan
from raddiag_train.evaluation.engine_fusion import SetAside
from raddiag_train.evaluation.evaluate import Evaluation, EvaluationConfig, evaluate
from raddiag_train.evaluation.judged_notes import judged_notes
from tests.engine.diagnosis.tiny_model import tiny_card, tiny_engine
from tests.train.data.made_up_images import write_picture

PREPARATION = PreparationConfig(image_size_px=32, volume_size_px=32, depth=4, windowing="stored", quantise_8bit=True)
# As the released model, to which it matters which scans are fused, and in which order.
JOINT = replace(
    PREPARATION, range_over="case", modality_ids={"unknown": (9,), "CT": (1, 2, 3), "X-ray": (7, 8), "ultrasound": (5,)}
)
ROUNDING = 0.02  # scans to learn from are kept as 8 bits


def ct(path: Path, slices: int) -> ScanRecord:
    voxels = np.random.default_rng(slices).normal(100, 25, (24, 20, slices)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([2.0, 2.0, 5.0, 1.0])), path)
    return ScanRecord(path, Modality.CT, Plane.AXIAL)


def picture(path: Path, seed: int, modality: Modality, anatomy: Anatomy | None = None) -> ScanRecord:
    return ScanRecord(write_picture(path, seed), modality, Plane.FRONTAL, anatomy=anatomy)


@pytest.fixture
def record(tmp_path: Path) -> CaseRecord:
    """Two CTs and an X-ray that the tiny model covers, and an ultrasound image that it does not."""
    scans = (
        picture(tmp_path / "breast.png", 1, Modality.ULTRASOUND, Anatomy.BREAST),
        ct(tmp_path / "long.nii.gz", 9),
        picture(tmp_path / "chest.png", 2, Modality.XRAY),
        ct(tmp_path / "short.nii.gz", 4),
    )
    return CaseRecord("case", "", Anatomy.CHEST, "test", scans, ("Pneumonia",))


def that_flags(modality: Modality) -> InputScore:
    """An input score to which no scan of a modality can be near enough, and every scan of another is."""
    kinds = [(Modality.CT, True), (Modality.XRAY, False), (Modality.ULTRASOUND, False)]
    features = 2 + len(DESCRIPTORS) - 1
    return InputScore(
        groups=tuple(ScoreGroup(Coverage(m, Anatomy.CHEST), is_volume, 9) for m, is_volume in kinds),
        embedding_mean_C=np.zeros(16, np.float32),
        embedding_axes_CK=np.eye(16, 1, dtype=np.float32),
        feature_mean_P=np.zeros(features, np.float32),
        feature_scale_P=np.ones(features, np.float32),
        means_GP=np.zeros((3, features), np.float32),
        whitenings_GPP=np.stack([np.eye(features, dtype=np.float32)] * 3),
        thresholds_G=np.array([1e-9 if m is modality else 1e9 for m, _ in kinds], np.float32),
    )


def model_in(folder: Path, max_scans: int | None, preparation: PreparationConfig, score: InputScore | None) -> Model:
    card = tiny_engine(folder, tiny_card(max_scans, preparation=preparation), gain=10).card
    if score is not None:
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in score.to_tensors().items()}
        save_model(folder, card, load_model(folder).network, tensors)
    return load_model(folder)


def by_engine(model: Model, record: CaseRecord) -> dict[str, float]:
    engine = Engine(model, place("cpu"))
    engine.set_case(Case(tuple(read_scan(record, scan) for scan in record.scans)))
    diagnosis = engine.diagnose(top=20)
    assert diagnosis.normal is not None
    return {score.name: score.logit for score in (*diagnosis.disorders, diagnosis.normal)}


def judged(model: Model, record: CaseRecord, cache: Path, *, all_scans: bool = False) -> Evaluation:
    return evaluate(model, [record], cache, EvaluationConfig(device="cpu", all_scans=all_scans))


def logits(evaluation: Evaluation) -> dict[str, float]:
    return dict(zip(evaluation.labels.names, evaluation.logits_NK[0].tolist(), strict=True))


@pytest.mark.parametrize("preparation", [PREPARATION, JOINT], ids=["each", "joint"])
@pytest.mark.parametrize("max_scans", [1, 2, None])
@pytest.mark.parametrize("flagged", [None, Modality.CT], ids=["uncovered", "flagged too"])
def test_the_logits_are_the_engines(
    record: CaseRecord, tmp_path: Path, preparation: PreparationConfig, max_scans: int | None, flagged: Modality | None
) -> None:
    score = that_flags(flagged) if flagged else None
    model = model_in(tmp_path / "model", max_scans, preparation, score)
    evaluation = judged(model, record, tmp_path / "cache")
    assert logits(evaluation) == pytest.approx(by_engine(model, record), abs=ROUNDING)
    kinds = [scan.modality for scan in evaluation.records[0].scans]
    assert Modality.ULTRASOUND not in kinds
    assert (Modality.CT in kinds) == (flagged is None)
    everything = judged(model, record, tmp_path / "cache", all_scans=True)
    if max_scans is None:
        assert len(everything.records[0].scans) == 4
        assert logits(everything) != pytest.approx(logits(evaluation), abs=ROUNDING)


def test_what_was_set_aside_is_said_by_number_and_reason(record: CaseRecord, tmp_path: Path) -> None:
    model = model_in(tmp_path / "model", None, PREPARATION, that_flags(Modality.CT))
    evaluation = judged(model, record, tmp_path / "cache")
    assert set(evaluation.set_aside) == {
        SetAside("case", 1, "not covered"),
        SetAside("case", 2, "unlike the training data"),
        SetAside("case", 4, "unlike the training data"),
    }
    assert judged_notes(evaluation) == [
        "3 scans of 1 case not fused, as by the engine: 1 not covered, 2 unlike the training data"
    ]
    assert judged(model, record, tmp_path / "cache", all_scans=True).set_aside == ()


def test_a_case_without_a_trusted_scan_is_judged_by_all_and_counted(record: CaseRecord, tmp_path: Path) -> None:
    model = model_in(tmp_path / "model", None, PREPARATION, None)
    foreign = replace(record, scans=(record.scans[0], replace(record.scans[2], anatomy=Anatomy.LOWER_LIMB)))
    evaluation = judged(model, foreign, tmp_path / "cache")
    assert len(evaluation.records[0].scans) == 2
    assert logits(evaluation) == pytest.approx(by_engine(model, foreign), abs=ROUNDING)
    assert (evaluation.set_aside, evaluation.untrusted_N.tolist()) == ((), [True])
    assert judged_notes(evaluation)[0].startswith("1 case of 1 without a scan that the engine trusts")


def test_a_scan_that_the_reader_advises_against_is_not_fused(record: CaseRecord, tmp_path: Path) -> None:
    blank = tmp_path / "blank.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.full((24, 20, 5), np.nan, np.float32), np.diag([2.0, 2.0, 5.0, 1.0])), blank)
    model = model_in(tmp_path / "model", None, PREPARATION, None)
    unusable = ScanRecord(blank, Modality.CT, Plane.AXIAL)
    beside = replace(record, scans=(*record.scans[1:], unusable))
    evaluation = judged(model, beside, tmp_path / "cache")
    assert evaluation.set_aside == (SetAside("case", 4, "not usable"),)
    without = replace(record, scans=record.scans[1:])
    assert logits(evaluation) == logits(judged(model, without, tmp_path / "cache"))
    with pytest.raises(ReadError, match="no usable scan"):
        judged(model, replace(record, scans=(unusable,)), tmp_path / "cache")
