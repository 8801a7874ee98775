"""Sparse targets against the matrix they stand for."""

from __future__ import annotations

import numpy as np

from raddiag_train.data.case_labels import CaseLabels

CLASSES = [[2], [], [0, 3], [3], [1, 2, 3]]


def test_rows_matrix_and_counts_are_those_of_the_dense_matrix() -> None:
    labels = CaseLabels.of(CLASSES, 5)
    dense = np.zeros((5, 5), dtype=bool)
    for row, classes in enumerate(CLASSES):
        dense[row, classes] = True
    assert (labels.matrix() == dense).all()
    assert all((labels.row(index) == dense[index]).all() for index in range(len(labels)))
    assert labels.row(0).dtype == np.float32
    weights = np.array([1.0, 5.0, 0.5, 2.0, 0.0])
    np.testing.assert_allclose(labels.positives(weights), weights @ dense)
    np.testing.assert_allclose(labels.positives(), dense.sum(0))


def test_the_largest_value_of_a_case_s_classes() -> None:
    values = np.array([4.0, 0.5, 2.0, 3.0, 9.0])
    assert CaseLabels.of(CLASSES, 5).largest(values, otherwise=1.0).tolist() == [2.0, 1.0, 4.0, 3.0, 3.0]


def test_195_000_cases_of_5_569_classes_take_megabytes() -> None:
    labels = CaseLabels.of([[number % 5569] for number in range(195_000)], 5569)
    assert labels.starts_N1.nbytes + labels.classes_P.nbytes < 3e6
