"""A phantom case: what it promises of itself."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ConfigError
from raddiag_train.phantoms import radiograph
from raddiag_train.phantoms.case import drawn_disorders, make_case
from raddiag_train.phantoms.vocabulary import vocabulary
from tests.train.phantoms.paired_bodies import Pairs, with_and_without

DISORDERS = vocabulary().disorder
NAMES = [disorder.name for disorder in DISORDERS]


@pytest.fixture(scope="module")
def bodies() -> Pairs:
    """Two bodies with each disorder, and the same bodies without."""
    return with_and_without(DISORDERS)


def test_there_are_enough_disorders_over_four_anatomies() -> None:
    assert len(set(NAMES)) >= 12
    assert len({disorder.anatomy for disorder in DISORDERS}) == 4


def test_some_disorders_show_in_one_scan_only() -> None:
    assert sum(len(disorder.visible_in) == 1 for disorder in DISORDERS) >= 4


@pytest.mark.parametrize("seed", [0, 3, 7])
def test_same_seed_same_bytes(seed: int) -> None:
    first, second = make_case(seed), make_case(seed)
    assert first.case.hash == second.case.hash
    assert first.disorders == second.disorders == drawn_disorders(seed)
    for scan_id, masks in first.masks.items():
        assert masks.keys() == second.masks[scan_id].keys()
        assert all((mask == second.masks[scan_id][name]).all() for name, mask in masks.items())


def test_another_seed_is_another_body() -> None:
    one, other = (make_case(seed, disorders=(), anatomy=Anatomy.HEAD_AND_NECK) for seed in (1, 2))
    assert not np.array_equal(one.case.scans[0].voxels, other.case.scans[0].voxels)


def test_the_set_of_scans_depends_on_the_anatomy_alone(
    bodies: Pairs,
) -> None:
    for pairs in bodies.values():
        for sick, healthy in pairs:
            described = [
                [(s.modality, s.plane, s.kind, s.voxels.shape, s.voxels.dtype, s.spacing_mm) for s in case.case.scans]
                for case in (sick, healthy)
            ]
            assert described[0] == described[1]
            assert len(described[0]) == 2


@pytest.mark.parametrize("name", NAMES)
def test_masks_are_where_the_disorder_shows(name: str, bodies: Pairs) -> None:
    disorder = DISORDERS[NAMES.index(name)]
    for sick, healthy in bodies[name]:
        shown = {scan.id.rsplit("-", 1)[1] for scan in sick.case.scans if sick.masks[scan.id]}
        assert shown <= set(disorder.visible_in) and shown
        assert sick.icd10cm == (disorder.icd10cm,)
        assert healthy.disorders == ("Normal",) and healthy.icd10cm == ("",)
        assert not any(healthy.masks.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_lesion_is_clear_where_it_shows_and_lost_in_noise_elsewhere(name: str, bodies: Pairs) -> None:
    visible_in = DISORDERS[NAMES.index(name)].visible_in
    for sick, healthy in bodies[name]:
        for scan, same in zip(sick.case.scans, healthy.case.scans, strict=True):
            difference = np.abs(scan.voxels.astype(float) - same.voxels)
            if sick.masks[scan.id]:
                mask = sick.masks[scan.id][name]
                noise = _noise(same.voxels, mask)
                # Rose (1948) asks for 5 over the area of a lesion to be seen at all; its voxels stand out singly, too.
                assert difference[mask].mean() * np.sqrt(mask.sum()) > 25 * noise
                assert np.percentile(difference[mask], 75) > 2.5 * noise
            elif scan.id.rsplit("-", 1)[1] not in visible_in and difference.any():
                changed = difference > 0.2 * difference.max()
                assert difference[changed].mean() < 1.5 * _noise(same.voxels, changed)


def test_the_noise_is_estimated_behind_ribs_as_it_is(monkeypatch: pytest.MonkeyPatch, bodies: Pairs) -> None:
    class NoNoise:
        def standard_normal(self, shape: tuple[int, ...], dtype: type = float) -> np.ndarray:
            return np.zeros(shape, dtype)

    exposed = radiograph.expose
    monkeypatch.setattr(radiograph, "expose", lambda integrals, rng, **how: exposed(integrals, NoNoise(), **how))
    for sick, healthy in bodies["Pulmonary nodule"]:
        noisy, clean = (
            next(scan for scan in phantom.case.scans if scan.modality is Modality.XRAY)
            for phantom in (healthy, make_case(healthy.seed, disorders=(), anatomy=Anatomy.CHEST))
        )
        mask = sick.masks[noisy.id]["Pulmonary nodule"]
        true = (noisy.voxels.astype(float) - clean.voxels)[mask].std()
        assert _noise(noisy.voxels, mask) == pytest.approx(true, rel=0.25)


def _noise(voxels: np.ndarray, region: np.ndarray) -> float:
    """Standard deviation of the noise in a region, from the median of second differences, two voxels a step."""
    values = voxels.astype(float)
    bends = (values[..., 4:] - 2 * values[..., 2:-2] + values[..., :-4])[region[..., 2:-2]]
    return float(np.median(np.abs(bends)) / 0.6745 / np.sqrt(6))


def test_lesions_are_small_but_not_tiny(bodies: Pairs) -> None:
    shares = [
        mask.mean()
        for pairs in bodies.values()
        for sick, _ in pairs
        for masks in sick.masks.values()
        for mask in masks.values()
    ]
    assert np.mean(np.asarray(shares) < 0.02) > 0.7
    assert np.max(shares) < 0.05 and np.min(shares) > 5e-5


def test_labels_are_long_tailed() -> None:
    counts = Counter(name for seed in range(1600) for name in drawn_disorders(seed))
    assert set(counts) == {*NAMES, "Normal"}
    training = {name: 0.7 * count for name, count in counts.items() if name != "Normal"}
    assert sum(n >= 100 for n in training.values()) >= 3  # head
    assert sum(30 <= n < 100 for n in training.values()) >= 5  # medium
    assert sum(n < 30 for n in training.values()) >= 2  # tail
    assert min(training.values()) > 12


def test_two_disorders_come_together_and_apart() -> None:
    phantom = make_case(5, disorders=("Brain metastasis", "Multiple sclerosis"))
    assert phantom.icd10cm == ("C79.31", "G35.D")
    masks = phantom.masks["phantom-5-flair"]
    assert not (masks["Brain metastasis"] & masks["Multiple sclerosis"]).any()


def test_an_unknown_disorder_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'Gallstones'"):
        make_case(0, disorders=("Gallstone",))


def test_disorders_of_two_anatomies_are_refused() -> None:
    with pytest.raises(ConfigError, match="is a disorder of the abdomen"):
        make_case(0, disorders=("Pulmonary nodule", "Gallstones"))
