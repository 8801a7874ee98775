"""Damaged copies of real files: each ends as a scan or a line within the budget. benchmarks/fuzzing.py tries more."""

from __future__ import annotations

import pytest

from raddiag_engine.reading.guard import GuardedReader, GuardLimits
from tests.engine.reading.mutants import DAMAGES, mutant, whole_files
from tests.engine.reading.outcomes import DEAD, REFUSED, outcome_of

SEED, COUNT = 4, 240
# A step is given up after this; a busy machine does other things besides.
STEP_SECONDS = 20.0


@pytest.fixture(scope="module")
def reader():
    with GuardedReader(GuardLimits(seconds_per_step=STEP_SECONDS, memory_bytes=2 * 2**30)) as kept:
        yield kept


def test_damaged_files_are_scans_or_lines(reader, tmp_path):
    files = whole_files()
    kinds = {}
    for number in range(COUNT):
        damaged = mutant(files, SEED, number)
        path = tmp_path / f"{number:05d}_{damaged.name}"
        path.write_bytes(damaged.content)
        try:
            outcome = outcome_of(reader, path)
        except Exception as error:
            raise AssertionError(f"{damaged.name}, {damaged.damage}, seed {SEED}, number {number}") from error
        path.unlink()
        kinds[outcome.kind] = kinds.get(outcome.kind, 0) + 1
        assert outcome.seconds < 3 * STEP_SECONDS
    assert sum(kinds.values()) == COUNT
    assert kinds[REFUSED] > COUNT // 10
    assert kinds.get(DEAD, 0) < COUNT // 20


def test_the_files_before_the_damage_are_read(reader, tmp_path):
    """Else the fuzzing would try nothing but how files are refused."""
    files = whole_files()
    read = 0
    for name in sorted(files)[::9]:
        path = tmp_path / name
        path.write_bytes(files[name])
        read += outcome_of(reader, path).kind not in (REFUSED, DEAD)
    assert read > len(files) // 9 * 2 // 3


def test_a_number_is_the_same_damage_every_time():
    files = whole_files()
    assert {mutant(files, SEED, number).damage for number in range(60)} == set(DAMAGES)
    assert mutant(files, SEED, 7) == mutant(files, SEED, 7)
    assert mutant(files, SEED, 7) != mutant(files, SEED + 1, 7)
