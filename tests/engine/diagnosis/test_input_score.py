"""Which group a scan is compared with, how far it is, and the score's way through a model's tensors."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.diagnosis.input_score import InputScore, ScoreGroup
from raddiag_engine.errors import ModelError
from raddiag_engine.models.card import Coverage

CHEST_XRAY = Coverage(Modality.XRAY, Anatomy.CHEST)
HEAD_CT = Coverage(Modality.CT, Anatomy.HEAD_AND_NECK)
CHEST_CT = Coverage(Modality.CT, Anatomy.CHEST)
IMAGE, VOLUME = [0.0, 0.0], [1.0, 0.0]


def score() -> InputScore:
    """Three groups on a line, at 0, 10 and 20 on the first embedding axis; a unit of it is a standard deviation."""
    return InputScore(
        groups=(
            ScoreGroup(CHEST_XRAY, False, 100),
            ScoreGroup(HEAD_CT, False, 100),
            ScoreGroup(CHEST_CT, True, 100),
        ),
        embedding_mean_C=np.zeros(2, np.float32),
        embedding_axes_CK=np.array([[1], [0]], np.float32),
        # Components, residual, the descriptor after "is volume".
        feature_mean_P=np.zeros(3, np.float32),
        feature_scale_P=np.array([1, 1e6, 1], np.float32),
        means_GP=np.array([[0, 0, 0], [10, 0, 0], [20, 0, 0]], np.float32),
        whitenings_GPP=np.stack([np.eye(3)] * 3).astype(np.float32),
        thresholds_G=np.array([3, 3, 4], np.float32),
    )


@pytest.mark.parametrize(
    ("place", "kind", "modality", "anatomy", "flagged", "distance", "recognised"),
    [
        (2, IMAGE, Modality.XRAY, Anatomy.CHEST, False, 2, CHEST_XRAY),
        (4, IMAGE, Modality.XRAY, Anatomy.CHEST, True, 4, CHEST_XRAY),
        # Near another modality's group, but said to be an X-ray.
        (9, IMAGE, Modality.XRAY, Anatomy.CHEST, True, 9, CHEST_XRAY),
        # Nothing is said: the nearest of all images.
        (9, IMAGE, Modality.UNKNOWN, Anatomy.UNKNOWN, False, 1, HEAD_CT),
        (5, IMAGE, Modality.UNKNOWN, Anatomy.UNKNOWN, True, 5, None),
        # The modality alone is known.
        (12, IMAGE, Modality.CT, Anatomy.UNKNOWN, False, 2, HEAD_CT),
        # A volume is never compared with images.
        (10, VOLUME, Modality.UNKNOWN, Anatomy.UNKNOWN, True, 10, CHEST_CT),
        (23, VOLUME, Modality.CT, Anatomy.CHEST, False, 3, CHEST_CT),
        # Kinds the model never saw, however near the numbers are.
        (0, IMAGE, Modality.MAMMOGRAPHY, Anatomy.BREAST, True, 0, CHEST_XRAY),
        (0, IMAGE, Modality.XRAY, Anatomy.LOWER_LIMB, True, 0, CHEST_XRAY),
        (20, IMAGE, Modality.CT, Anatomy.CHEST, True, 0, CHEST_CT),
    ],
)
def test_a_scan_is_compared_with_the_groups_it_may_belong_to(
    place: float,
    kind: list[float],
    modality: Modality,
    anatomy: Anatomy,
    flagged: bool,
    distance: float,
    recognised: Coverage | None,
) -> None:
    assessment = score().assess([place, 0.0], kind, modality, anatomy)
    assert assessment.out_of_distribution is flagged
    assert assessment.score == pytest.approx(distance, abs=1e-3)
    assert recognised in (None, assessment.recognised)


def test_an_embedding_that_is_not_a_number_is_flagged() -> None:
    assert score().assess([np.nan, 0], IMAGE, Modality.XRAY, Anatomy.CHEST).out_of_distribution


def test_the_score_survives_a_safetensors_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    from safetensors.numpy import load_file, save_file

    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_file({**score().to_tensors(), "encoder.weight": np.zeros(3, np.float32)}, path)
    loaded = InputScore.from_tensors(load_file(path))
    assert loaded.groups == score().groups
    for name, array in score().to_tensors().items():
        np.testing.assert_array_equal(loaded.to_tensors()[name], array)
        assert name.startswith("input_score.")


def test_damaged_tensors_are_refused_by_name() -> None:
    tensors = score().to_tensors()
    missing = {name: array for name, array in tensors.items() if not name.endswith("thresholds_G")}
    with pytest.raises(ModelError, match=r"lacks input_score\.thresholds_G"):
        InputScore.from_tensors(missing)
    with pytest.raises(ModelError, match="means_GP of shape"):
        InputScore.from_tensors({**tensors, "input_score.means_GP": np.zeros((1, 3))})
    with pytest.raises(ModelError, match="feature_scale_P that are not finite"):
        InputScore.from_tensors({**tensors, "input_score.feature_scale_P": np.full(3, np.nan)})
    with pytest.raises(ModelError, match="list of groups"):
        InputScore.from_tensors({**tensors, "input_score.groups": np.frombuffer(b"[[1]]", np.uint8)})
