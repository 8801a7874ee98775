"""Grey-level histograms and acquisition alone must not tell who is ill."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from raddiag_engine.cases import Anatomy, Modality, Scan
from raddiag_train.phantoms.case import PhantomCase, make_case
from raddiag_train.phantoms.vocabulary import disorders_of, vocabulary

ANATOMIES = sorted({disorder.anatomy for disorder in vocabulary().disorder})
HEALTHY, ILL = 14, 8


@pytest.fixture(scope="module")
def phantoms() -> dict[Anatomy, list[PhantomCase]]:
    """Healthy bodies, and as many with each disorder, all of different seeds."""
    found: dict[Anatomy, list[PhantomCase]] = {}
    for number, anatomy in enumerate(ANATOMIES):
        wanted: list[tuple[str, ...]] = [()] * HEALTHY
        wanted += [(disorder.name,) for disorder in disorders_of(anatomy) for _ in range(ILL)]
        first = 1000 * number + 40_000
        found[anatomy] = [make_case(first + i, disorders=names, anatomy=anatomy) for i, names in enumerate(wanted)]
    return found


def _histogram(scan: Scan) -> np.ndarray:
    values = scan.voxels.astype(np.float32)
    if scan.modality is Modality.CT:
        low, high = (-1000, 200) if scan.anatomy is Anatomy.CHEST else (-150, 250)
    elif scan.modality is Modality.ULTRASOUND:
        low, high = 0, 255
    else:
        low, high = np.percentile(values, (0.5, 99.5))
    counts, _ = np.histogram(np.clip((values - low) / (high - low), 0, 1), 24, (0, 1))
    return np.sqrt(counts / values.size)


def _acquisition(scan: Scan) -> np.ndarray:
    assert scan.affine is not None
    return np.concatenate([scan.affine[:3].ravel(), scan.voxels.shape, [list(Modality).index(scan.modality)]])


@pytest.mark.parametrize("describe", [_histogram, _acquisition])
def test_a_classifier_without_the_image_stays_under_0_7(describe, phantoms) -> None:  # type: ignore[no-untyped-def]
    areas = []
    for anatomy, cases in phantoms.items():
        features = np.stack([np.concatenate([describe(scan) for scan in case.case.scans]) for case in cases])
        for disorder in disorders_of(anatomy):
            ill = np.array([disorder.name in case.disorders for case in cases])
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
            folds = StratifiedKFold(4, shuffle=True, random_state=0)
            scores = cross_val_predict(model, features, ill, cv=folds, method="predict_proba")[:, 1]
            areas.append(roc_auc_score(ill, scores))
    assert np.mean(areas) < 0.70
