"""Near-duplicates, against numpy's own correlation and against planted twins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.fft
from numpy.typing import NDArray

from raddiag_train.data import near_duplicates
from raddiag_train.data.near_duplicates import (
    NearDuplicateConfig,
    near_duplicate_groups,
    near_duplicate_pairs,
    perceptual_hashes,
)
from raddiag_train.data.patient_groups import inseparable_groups
from raddiag_train.data.thumbnails import thumbnail
from tests.shared_data import shared_data
from tests.train.data.made_up_images import case, smooth_picture, write_picture

BY_CORRELATION = NearDuplicateConfig(correlation=0.985, hash_correlation=0.985)


def pictures(count: int, seed: int = 0) -> NDArray[np.float32]:
    return np.stack([smooth_picture(seed * 1000 + n, 32) for n in range(count)]).astype(np.float32)


def test_pairs_are_those_that_numpy_correlates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "BLOCK_ROWS", 7)  # several blocks, the last one short
    noise = np.random.default_rng(0)
    originals = pictures(10)
    stack = np.concatenate([originals, originals * 0.7 + 20 + noise.normal(0, 6, originals.shape), pictures(8, 1)])
    correlation = np.corrcoef(stack.reshape(len(stack), -1))
    expected = np.argwhere(np.triu(correlation >= 0.985, 1))
    assert 3 < len(expected) < 40
    found = near_duplicate_pairs(stack.astype(np.float32), BY_CORRELATION)
    assert sorted(map(tuple, found)) == sorted(map(tuple, expected))


def test_groups_join_chains_of_pairs() -> None:
    first, far = pictures(2)
    blends = [first * (1 - t) + far * t for t in (0.0, 0.08, 0.16)]
    groups = near_duplicate_groups(np.stack([*blends, far]), NearDuplicateConfig(0.99, 0.99))
    assert np.corrcoef(blends[0].ravel(), blends[2].ravel())[0, 1] < 0.99
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_a_picture_of_one_value_is_like_nothing() -> None:
    flat = np.zeros((2, 32, 32), dtype=np.float32)
    assert len(near_duplicate_pairs(flat, BY_CORRELATION)) == 0


def test_the_perceptual_hash_ignores_brightness_and_contrast() -> None:
    stack = pictures(6)
    hashes = perceptual_hashes(stack)
    brighter = perceptual_hashes(stack * np.float32(0.5) + np.float32(60))
    assert (hashes[:, 1:] == brighter[:, 1:]).all()
    different = (hashes[:, None] != hashes[None]).sum(-1)[np.triu_indices(6, 1)]
    assert different.min() > 12
    lowest = scipy.fft.dct(scipy.fft.dct(stack[0], axis=0), axis=1)[:8, :8].ravel()[1:]
    np.testing.assert_array_equal(hashes[0, 1:], lowest > np.median(lowest))


def test_cases_are_grouped_by_patient_and_by_picture_where_a_patient_is_unknown(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "0.png", 0)
    twin = write_picture(tmp_path / "twin.png", 0, size_px=80)
    other, third = write_picture(tmp_path / "1.png", 1), write_picture(tmp_path / "2.png", 2)
    records = [
        case(0, path=path, patient="a"),
        case(1, path=other, patient="a"),
        case(2, path=twin),
        case(3, path=third),
        case(4, path=path, patient="b"),
    ]
    groups = inseparable_groups(records)
    assert groups[0] == groups[1] == groups[2] == groups[4] != groups[3]
    all_known = inseparable_groups([records[0], records[4]])
    assert all_known[0] != all_known[1]


def test_a_fifth_of_the_brain_images_have_a_twin() -> None:
    """The share that the data's own README states, on the class with the most twins."""
    files = sorted(shared_data("brain_tumor_mri", "notumor").iterdir())[:300]
    pairs = near_duplicate_pairs(np.stack([thumbnail(file) for file in files]), NearDuplicateConfig(0.999, 0.999))
    assert len(np.unique(pairs)) > 60
