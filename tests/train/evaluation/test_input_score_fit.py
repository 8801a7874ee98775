"""The fitted input score: covariance, thresholds for groups of any size, and real images against what is none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import ledoit_wolf
from sklearn.datasets import load_sample_images

from raddiag_engine.cases import Anatomy, Modality, Scan
from raddiag_engine.diagnosis.input_descriptors import descriptors
from raddiag_engine.diagnosis.input_score import InputScore
from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Coverage
from raddiag_engine.preparation import PreparationConfig, prepare_scan
from raddiag_train.evaluation.input_score_fit import InputScoreFit, fit_input_score, shrunk_covariance
from tests.shared_data import shared_data

Features = tuple[np.ndarray, np.ndarray]
ANYTHING = Coverage(Modality.UNKNOWN, Anatomy.UNKNOWN)
XRAY = Coverage(Modality.XRAY, Anatomy.CHEST)
CT = Coverage(Modality.CT, Anatomy.HEAD_AND_NECK)


def gaussian(count: int, centre: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings (N, 20) and descriptors (N, 30) of scans of one kind; dimensions correlated and of unlike spread."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(7).normal(size=(49, 49)) * np.geomspace(0.1, 3, 49)
    values = centre + random.normal(size=(count, 49)) @ mixing
    return values[:, :20], np.concatenate([np.zeros((count, 1)), values[:, 20:]], axis=1)


def test_the_shrunk_covariance_is_that_of_ledoit_and_wolf() -> None:
    for count in (12, 60, 400):
        data = np.concatenate(gaussian(count, 0, 1), axis=1)[:, :25]
        data = data - data.mean(axis=0)
        np.testing.assert_allclose(shrunk_covariance(data), ledoit_wolf(data, assume_centered=True)[0], rtol=1e-9)


def test_the_distance_is_that_of_mahalanobis() -> None:
    embeddings, described = gaussian(200, 0, 1)
    score = fit_input_score(embeddings, described, [XRAY] * 200)
    precision = score.whitenings_GPP[0].T.astype(float) @ score.whitenings_GPP[0]
    others = gaussian(5, 2, 2)
    # Features as documented: components, log residual, descriptors after the first; then scaled.
    centred = others[0] - score.embedding_mean_C
    components = centred @ score.embedding_axes_CK
    residual = np.sqrt((centred**2).sum(axis=1) - (components**2).sum(axis=1))
    features = np.concatenate([components, np.log(residual)[:, None], others[1][:, 1:]], axis=1)
    features = (features - score.feature_mean_P) / score.feature_scale_P
    expected = [mahalanobis(row, score.means_GP[0], precision) for row in features]
    np.testing.assert_allclose(score.distances(*others)[:, 0], expected, rtol=1e-3)


@pytest.mark.parametrize("count", [30, 160, 1000])
def test_the_share_of_false_flags_is_near_the_one_asked_for_however_small_the_group(count: int) -> None:
    flagged = []
    for seed in range(5):
        score = fit_input_score(*gaussian(count, 0, seed), [XRAY] * count, config=InputScoreFit(false_flags=0.05))
        flagged.append((score.distances(*gaussian(1000, 0, seed + 100))[:, 0] > score.thresholds_G[0]).mean())
    assert 0.01 < np.mean(flagged) < 0.10


def test_scans_of_another_kind_are_flagged_and_recognised() -> None:
    pairs = [gaussian(60, 0, 1), gaussian(300, 15, 2)]
    embeddings, described = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    score = fit_input_score(embeddings, described, [CT] * 60 + [XRAY] * 300)
    new, new_described = gaussian(50, 15, 3)
    for embedding, numbers in zip(new, new_described, strict=True):
        assert score.assess(embedding, numbers, CT.modality, CT.anatomy).out_of_distribution
        assert score.assess(embedding, numbers, Modality.UNKNOWN, Anatomy.UNKNOWN).recognised == XRAY


def test_sources_of_one_kind_make_groups_of_their_own() -> None:
    pairs = [gaussian(60, 0, 1), gaussian(60, 15, 2)]
    embeddings, described = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    sources = ["real"] * 60 + ["phantom"] * 60
    score = fit_input_score(embeddings, described, [CT] * 120, sources=sources)
    assert [group.scans for group in score.groups] == [60, 60]
    between = score.assess(embeddings.mean(axis=0), described.mean(axis=0), CT.modality, CT.anatomy)
    assert between.out_of_distribution


def test_copies_of_a_patient_do_not_tighten_the_threshold() -> None:
    embeddings, described = gaussian(30, 0, 1)
    copies, described_copies = np.repeat(embeddings, 4, axis=0), np.repeat(described, 4, axis=0)
    patients = [str(i // 4) for i in range(120)]
    together = fit_input_score(copies, described_copies, [CT] * 120, patients=patients)
    apart = fit_input_score(copies, described_copies, [CT] * 120)
    assert together.thresholds_G[0] > 1.2 * apart.thresholds_G[0]


def test_small_groups_are_left_out_and_none_at_all_is_an_error() -> None:
    embeddings, described = gaussian(65, 0, 1)
    score = fit_input_score(embeddings, described, [CT] * 5 + [XRAY] * 60)
    assert [group.coverage for group in score.groups] == [XRAY]
    assert score.assess(embeddings[0], described[0], CT.modality, CT.anatomy).out_of_distribution
    with pytest.raises(ConfigError, match="validation scans"):
        fit_input_score(embeddings[:5], described[:5], [CT] * 5)
    with pytest.raises(ConfigError, match="not finite"):
        fit_input_score(embeddings * np.nan, described, [CT] * 65)


REAL = {
    "brain_tumor_mri": Coverage(Modality.MRI, Anatomy.HEAD_AND_NECK),
    "busi_breast_ultrasound": Coverage(Modality.ULTRASOUND, Anatomy.BREAST),
    "chest_xray": XRAY,
    "head_ct_hemorrhage": CT,
}


def grey(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("L"))


def described(images: Sequence[np.ndarray]) -> Features:
    """A thumbnail in place of an embedding, and descriptors."""
    config = PreparationConfig(image_size_px=128)
    prepared = [prepare_scan(Scan("a", "image", image, units="8-bit"), config) for image in images]
    thumbnails = [scan.voxels.reshape(16, 8, 16, 8).mean(axis=(1, 3)).ravel() for scan in prepared]
    return np.array(thumbnails), np.array([descriptors(scan) for scan in prepared])


def flagged(score: InputScore, features: Features, said: Coverage) -> float:
    """Share of scans flagged when they are said to be of a modality and anatomy."""
    pairs = zip(*features, strict=True)
    return float(np.mean([score.assess(e, d, said.modality, said.anatomy).out_of_distribution for e, d in pairs]))


@pytest.fixture(scope="module")
def real_paths() -> dict[Coverage, list[Path]]:
    """Some images of each kind in random order; the first two thirds are fitted on."""
    random = np.random.default_rng(0)
    paths = {coverage: sorted(shared_data(folder).glob("*/*.*")) for folder, coverage in REAL.items()}
    return {c: [found[i] for i in random.permutation(len(found))[:240]] for c, found in paths.items()}


@pytest.fixture(scope="module")
def real_features(real_paths: dict[Coverage, list[Path]]) -> dict[Coverage, Features]:
    return {coverage: described([grey(path) for path in paths]) for coverage, paths in real_paths.items()}


@pytest.fixture(scope="module")
def real_score(real_features: dict[Coverage, Features]) -> InputScore:
    fitted = [(c, e[i], d[i]) for c, (e, d) in real_features.items() for i in range(2 * len(e) // 3)]
    kinds, embeddings, numbers = zip(*fitted, strict=True)
    return fit_input_score(np.array(embeddings), np.array(numbers), kinds)


def test_real_images_not_fitted_on_are_rarely_flagged(
    real_features: dict[Coverage, Features], real_score: InputScore
) -> None:
    for said in (None, ANYTHING):
        shares = []
        for coverage, (embeddings, numbers) in real_features.items():
            new = slice(2 * len(embeddings) // 3, None)
            shares.append(flagged(real_score, (embeddings[new], numbers[new]), said or coverage))
        assert max(shares) <= 0.08 and np.mean(shares) <= 0.05


@pytest.mark.parametrize("said", [*REAL.values(), ANYTHING])
def test_noise_and_photographs_are_flagged_whatever_they_are_said_to_be(real_score: InputScore, said: Coverage) -> None:
    random = np.random.default_rng(1)
    noise = [random.integers(0, 256, (200, 200), dtype=np.uint8) for _ in range(4)]
    for radius_px in (1, 2, 4):
        blurred = gaussian_filter(random.normal(size=(256, 256)), radius_px)
        noise.append(((blurred - blurred.min()) / np.ptp(blurred) * 255).astype(np.uint8))
    assert flagged(real_score, described(noise), said) == 1
    photographs = [np.asarray(Image.fromarray(image).convert("L")) for image in load_sample_images().images]
    crops = [photograph[:, start : start + 427] for photograph in photographs for start in (0, 100, 213)]
    # A single flower before black is, in a thumbnail, not far from a head; a network's embedding tells them apart.
    assert flagged(real_score, described(crops), said) >= 0.8


def test_inverted_chest_x_rays_are_flagged(real_paths: dict[Coverage, list[Path]], real_score: InputScore) -> None:
    inverted = described([255 - grey(path) for path in real_paths[XRAY][120:]])
    assert flagged(real_score, inverted, XRAY) >= 0.95
    assert flagged(real_score, inverted, ANYTHING) >= 0.9
