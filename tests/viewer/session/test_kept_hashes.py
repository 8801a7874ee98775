"""A scan whose values were hashed in the background is not hashed again in the window for what is said of it."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Case, Identity, Modality, Scan, ScanWarning, WarningCode
from raddiag_engine.reading import one_patient


def scan(scan_id: str = "a", seed: int = 0, **fields: Any) -> Scan:
    voxels = np.random.default_rng(seed).integers(0, 99, (3, 4, 5))
    return Scan(id=scan_id, kind="volume", voxels=voxels, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"warnings": ()},
        {"usable": False, "reason": "a localizer"},
        {"modality": Modality.CT},
        {"anatomy": Anatomy.CHEST, "id": "b"},
        {"padding": (0.0, 0.0)},
    ],
)
def test_what_is_said_of_a_scan_does_not_have_its_values_hashed_again(fields: dict[str, Any]) -> None:
    hashed = scan()
    assert hashed.content_hash
    changed = hashed.changed(**fields)
    changed.voxels[:] = 7  # shared: were they read again, the hash would be that of sevens
    assert changed.content_hash == replace(scan(), **fields).content_hash


@pytest.mark.parametrize("fields", [{"voxels": np.zeros((3, 4, 5), int)}, {"affine": np.eye(4)}])
def test_other_values_or_geometry_are_hashed_anew(fields: dict[str, Any]) -> None:
    hashed = scan()
    assert hashed.content_hash != hashed.changed(**fields).content_hash == replace(scan(), **fields).content_hash


def test_warnings_modality_and_the_choice_of_a_patient_keep_what_was_hashed() -> None:
    named = scan("a", identity=Identity("1"), warnings=(ScanWarning(WarningCode.IDENTITY_MIXED, "of two"),))
    case = Case((named, scan("b", 1, identity=Identity("2"))))
    before = case.scan("a").content_hash
    alone = one_patient(case, 1)
    alone.scans[0].voxels[:] = 7
    assert alone.scans[0].warnings == () and alone.scans[0].content_hash == before
    said = alone.scans[0].warned(WarningCode.VALUES_CONSTANT, "sevens").with_modality(Modality.CT)
    assert said.content_hash == replace(scan("a"), modality=Modality.CT).content_hash


def test_a_hashed_scan_can_be_sent_to_another_process() -> None:
    hashed = scan()
    before = hashed.content_hash
    sent = pickle.loads(pickle.dumps(hashed))
    assert sent.content_hash == before and sent.changed(modality=Modality.CT).content_hash != before
