"""Kappas against scikit-learn and a published table."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from raddiag_train.collection.agreement import agreement_of, cohen_kappa, fleiss_kappa


@pytest.mark.parametrize("seed", range(5))
def test_cohens_kappa_is_that_of_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    first = generator.choice(list("abcde"), 60).tolist()
    second = [own if generator.random() < 0.6 else generator.choice(list("abcdf")) for own in first]
    assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


def test_fleiss_kappa_of_a_published_table() -> None:
    # 14 raters, 10 subjects, 5 categories: the worked example of the encyclopaedia, 0.210.
    counts_NA = np.array(
        [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ]
    )
    assert fleiss_kappa(counts_NA) == pytest.approx(0.210, abs=5e-4)


def test_no_variety_leaves_kappa_undefined() -> None:
    assert cohen_kappa(["a", "a"], ["a", "a"]) is None
    assert cohen_kappa([], []) is None
    assert fleiss_kappa(np.array([[3, 0], [3, 0]])) is None
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa(np.array([[3, 0], [1, 1]]))


def test_codes_of_one_category_agree_at_its_level_only() -> None:
    codes = {
        "anna": {"x": "J93.0", "y": "D32.9", "z": "none"},
        "ben": {"x": "J93.9", "y": "D32.9"},
        "cora": {"z": "K56.2"},
    }
    fine, coarse = agreement_of(codes, 2)
    assert (fine.items, fine.agreed, coarse.agreed) == (3, pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert {(pair.annotators, pair.items) for pair in fine.pairs} == {(("anna", "ben"), 2), (("anna", "cora"), 1)}
    assert fine.kappa is not None
    assert coarse.kappa is not None
    assert fine.kappa < coarse.kappa
