"""Phantoms of unseen disorders: made on request alone, seen where they should be, and nothing else is changed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy
from raddiag_engine.errors import ConfigError
from raddiag_engine.icd10cm import icd10cm
from raddiag_train.data.records import read_records
from raddiag_train.phantoms import write_phantoms
from raddiag_train.phantoms.case import drawn_disorders, drawn_unseen_disorder, make_case
from raddiag_train.phantoms.vocabulary import disorders_of, vocabulary
from tests.train.phantoms.paired_bodies import Pairs, with_and_without

UNSEEN = vocabulary().unseen_disorder
NAMES = [disorder.name for disorder in UNSEEN]


@pytest.fixture(scope="module")
def bodies() -> Pairs:
    """Two bodies with each unseen disorder, and the same bodies without."""
    return with_and_without(UNSEEN)


def test_they_are_of_several_anatomies_with_codes_that_there_are() -> None:
    assert len(UNSEEN) >= 4 and len({disorder.anatomy for disorder in UNSEEN}) >= 3
    assert all(disorder.icd10cm in icd10cm() for disorder in UNSEEN)


def test_no_phantom_has_one_unless_it_is_asked_for() -> None:
    learned = {disorder.name for anatomy in Anatomy for disorder in disorders_of(anatomy)}
    assert learned.isdisjoint(NAMES)
    assert {name for seed in range(500) for name in drawn_disorders(seed)} <= {*learned, "Normal"}


def test_the_cases_of_today_are_those_of_yesterday() -> None:
    # Prepared caches and the sample case were made from phantoms; what is added must not change these.
    assert [make_case(seed).disorders for seed in range(8)] == [
        ("Baker cyst",), ("Normal",), ("Normal",), ("Kidney stone",),
        ("Normal",), ("Pulmonary nodule",), ("Normal",), ("Normal",),
    ]  # fmt: skip


@pytest.mark.parametrize("disorder", UNSEEN, ids=NAMES)
def test_one_is_clear_where_it_shows_and_nowhere_else(
    disorder,
    bodies: Pairs,
) -> None:
    for sick, healthy in bodies[disorder.name]:
        assert sick.disorders == (disorder.name,) and sick.icd10cm == (disorder.icd10cm,)
        shown = {scan.id.rsplit("-", 1)[1] for scan in sick.case.scans if sick.masks[scan.id]}
        assert shown and shown <= set(disorder.visible_in)
        for scan, same in zip(sick.case.scans, healthy.case.scans, strict=True):
            difference = np.abs(scan.voxels.astype(float) - same.voxels)
            mask = sick.masks[scan.id].get(disorder.name)
            if mask is None:
                assert scan.id.rsplit("-", 1)[1] in disorder.visible_in or not difference.any()
            else:
                # The same noise lies in both, so what differs is the lesion; nothing is seen in a rib's black shadow.
                lit = mask & ((scan.voxels > 0) | (same.voxels > 0))
                assert (difference[lit] > 0).mean() > 0.9
                assert difference[mask].mean() > 10 * difference[~mask].mean()


def test_their_lesions_are_small(bodies: Pairs) -> None:
    shares = {scan.kind: [] for pairs in bodies.values() for sick, _ in pairs for scan in sick.case.scans}
    for pairs in bodies.values():
        for sick, _ in pairs:
            for scan in sick.case.scans:
                shares[scan.kind] += [mask.mean() for mask in sick.masks[scan.id].values()]
    assert np.max(shares["volume"]) < 0.02 and np.min(shares["volume"]) > 5e-5
    assert np.median(shares["image"]) < 0.02 and np.max(shares["image"]) < 0.05


def test_a_set_of_them_is_for_test_alone_and_its_other_cases_are_as_ever(tmp_path: Path) -> None:
    path = write_phantoms(tmp_path, cases=12, seed=4, unseen=True)
    records = read_records(path)
    assert {record.split for record in records} == {"test"}
    for record in records:
        seed = int(record.case_id.split("-")[1])
        drawn = drawn_unseen_disorder(seed)
        assert record.case_id == (f"phantom-{seed}-unseen" if drawn else f"phantom-{seed}")
        assert record.disorders == ((drawn,) if drawn else make_case(seed).disorders)
        assert record.patient_id == f"PHANTOM-{seed}"  # one body, whatever it has
    assert sum(record.case_id.endswith("-unseen") for record in records) not in (0, 12)


def test_each_is_drawn_and_about_as_many_others() -> None:
    drawn = Counter(drawn_unseen_disorder(seed) for seed in range(1000))
    assert set(drawn) == {*NAMES, None}
    assert drawn[None] == pytest.approx(1000 * (1 - vocabulary().unseen_share), abs=60)
    assert min(drawn[name] for name in NAMES) > 60


def test_they_are_never_for_training(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="never learned"):
        write_phantoms(tmp_path / "set", cases=2, seed=4, unseen=True, splits=(0.7, 0.1, 0.2))
    assert not (tmp_path / "set").exists()
