"""Directions that are equal but for rounding are found, however many there are."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from raddiag_engine.cases import Scan
from raddiag_engine.reading.dicom import read_dicom_files
from raddiag_engine.reading.dicom.likeness import Likeness
from tests.engine.reading.dicom_files import noise, write_series

TOLERANCE = 1e-3
ends = st.floats(-0.9 * TOLERANCE, 0.9 * TOLERANCE)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=3, max_size=3), st.lists(ends, min_size=3, max_size=3))
def test_whatever_lies_within_the_tolerance_is_like(thousandths, off):
    seen = Likeness(TOLERANCE)
    first = np.array(thousandths) * TOLERANCE  # on the walls between cells
    assert seen.first_like(first) == seen.first_like(first + off) == 0
    assert seen.first_like(first + np.array([0, 2.1, 0]) * TOLERANCE) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=40))
def test_the_same_as_comparing_each_with_each(corners):
    vectors = [np.array(corner) * 0.3 * TOLERANCE for corner in corners]
    seen, firsts, expected = Likeness(TOLERANCE), [], []
    for vector in vectors:
        alike = [i for i, first in enumerate(firsts) if np.abs(first - vector).max() <= TOLERANCE * (1 - 1e-9)]
        if not alike:
            firsts.append(vector)
        expected.append(alike[0] if alike else len(firsts) - 1)
    assert [seen.first_like(vector) for vector in vectors] == expected


def test_what_is_kept_apart_is_not_compared():
    seen = Likeness(TOLERANCE)
    assert [seen.first_like(np.zeros(2), within=key) for key in ("a", "b", "a")] == [0, 1, 0]


def test_thousands_of_directions_take_no_longer_each():
    def seconds(count):
        angles = np.linspace(0, 100, count)
        seen, begun = Likeness(TOLERANCE), time.process_time()
        for angle in angles:
            seen.first_like(np.array([1, 0, 0, 0, np.cos(angle * count), np.sin(angle / count * 1e4)]))
        return time.process_time() - begun

    seconds(200)
    assert seconds(4000) < 10 * seconds(1000)  # each with each would be 16 times


def test_there_are_signs_of_life_while_files_are_sorted(tmp_path):
    files = write_series(tmp_path, noise(8, 4, 4))
    seen = []
    found = read_dicom_files(files, lambda path, step: seen.append((path, step)))
    scan = next(found)
    assert isinstance(scan, Scan)
    last_header = max(i for i, (path, step) in enumerate(seen) if (path, step) == (files[-1], "header"))
    sorting = [path for path, step in seen[last_header + 1 :] if step == "header"]
    assert len(sorting) >= 2 * len(files)
