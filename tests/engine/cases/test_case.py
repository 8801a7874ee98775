"""Case, Scan and Identity: hashes, use, and silence about the patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Case, Identity, Modality, Scan, WarningCode
from raddiag_engine.errors import CaseError


def scan(scan_id="a", seed=0, **fields):
    voxels = np.random.default_rng(seed).integers(0, 99, (3, 4, 5))
    return Scan(id=scan_id, kind="volume", voxels=voxels, **fields)


def test_the_hash_of_a_case_does_not_depend_on_order_names_or_ids():
    one, other = scan("a"), scan("b", seed=1)
    named = replace(one, id="c", identity=Identity(patient_name="Doe^Jane"))
    assert Case((one, other)).hash == Case((other, one)).hash == Case((named, other)).hash


@pytest.mark.parametrize(
    "change",
    [
        {"modality": Modality.CT},
        {"anatomy": Anatomy.CHEST},
        {"inverted": True},
        {"padding": (0.0, 0.0)},
        {"affine": np.eye(4)},
        {"units": "HU"},
        {"voxels": np.zeros((3, 4, 5), int)},
    ],
)
def test_all_that_can_change_a_diagnosis_changes_the_hash(change):
    assert replace(scan(), **change).content_hash != scan().content_hash


def test_leaving_out_and_overruling_change_what_is_used():
    case = Case((scan("a"), scan("b", 1, usable=False, reason="a localizer")))
    assert [s.id for s in case.used] == ["a"]
    chosen = case.using(frozenset({"b"}))
    assert [s.id for s in chosen.used] == ["b"]
    assert chosen.overridden == {"b"}
    assert chosen.hash != case.hash


def test_two_scans_of_one_id_are_refused():
    with pytest.raises(ValueError, match="same id"):
        Case((scan("a"), scan("a", 1)))


def test_patients_are_told_apart_by_id_then_by_name_and_birth_date():
    assert Identity(patient_id="7 ").key == Identity(patient_id="7", patient_name="Other^Spelling").key
    assert Identity(patient_name="A", birth_date="19700101").key != Identity(patient_name="A").key
    assert Identity().key == ""
    case = Case((scan("a", identity=Identity("1")), scan("b", 1, identity=Identity("2"))))
    assert len(case.patients) == 2
    assert [s.id for s in case.of_patient(2).scans] == ["b"]
    with pytest.raises(CaseError, match="no patient 3"):
        case.of_patient(3)


@pytest.mark.parametrize(
    ("identities", "patients"),
    [
        ([Identity("7", birth_date="19700101"), Identity("7", birth_date="19800101")], 2),
        ([Identity("7", sex="F"), Identity("7", sex="M")], 2),
        ([Identity("7", birth_date="19700101", sex="F"), Identity("7")], 1),
        ([Identity("7", birth_date="1970.01.01", sex="f "), Identity("7", birth_date="19700101", sex="F")], 1),
        ([Identity("7", sex="F"), Identity("7"), Identity("7", sex="M"), Identity("7", sex="F")], 2),
        ([Identity("7", birth_date="19700101"), Identity("7", sex="F"), Identity("7", sex="M")], 2),
    ],
)
def test_one_patient_id_with_conflicting_birth_dates_or_sexes_is_two_patients(identities, patients):
    case = Case(tuple(scan(f"s{i}", i, identity=identity) for i, identity in enumerate(identities)))
    assert len(case.patients) == patients
    parts = [case.of_patient(number).scans for number in range(1, patients + 1)]
    assert sum(map(len, parts)) == len(identities)
    assert all(len(Case(part).patients) == 1 for part in parts)


def test_a_scan_of_nobody_stays_in_sight_but_is_not_used_among_several_patients():
    nobody = scan("c", 2)
    several = Case((scan("a", identity=Identity("1")), scan("b", 1, identity=Identity("2")), nobody))
    chosen = several.of_patient(2)
    assert [s.id for s in chosen.scans] == ["b", "c"]
    assert [s.id for s in chosen.used] == ["b"]
    assert "whose scan" in chosen.scan("c").reason
    assert [w.code for w in chosen.scan("c").warnings] == [WarningCode.IDENTITY_MISSING]
    alone = Case((scan("a", identity=Identity("1")), nobody)).of_patient(1)
    assert [s.id for s in alone.used] == ["a", "c"]


def test_nothing_of_the_patient_is_printed():
    identity = Identity("ID-77", "Doe^Jane", "19700101", "F")
    case = Case((scan("a", identity=identity),))
    for text in (repr(identity), repr(case), str(case.scans[0]), case.id, identity.key):
        assert not any(secret in text for secret in ("ID-77", "Doe", "1970"))


def test_a_modality_said_by_a_person_is_no_guess():
    guessed = scan(modality=Modality.CT).warned(WarningCode.MODALITY_GUESSED, "looks like CT")
    said = guessed.with_modality(Modality.MRI, Anatomy.SPINE)
    assert (said.modality, said.anatomy, said.warnings) == (Modality.MRI, Anatomy.SPINE, ())


def test_axes_must_fit_the_kind():
    with pytest.raises(ValueError, match="2 axes"):
        Scan(id="a", kind="image", voxels=np.zeros((2, 3, 4)))


def test_where_slices_lie_is_part_of_the_content():
    scan = Scan(id="a", kind="volume", voxels=np.arange(24).reshape(3, 2, 4), affine=np.eye(4))
    apart = scan.changed(slice_places=(0.0, 1.0, 3.0))
    assert apart.content_hash != scan.content_hash
    assert apart.content_hash != scan.changed(slice_places=(0.0, 2.0, 3.0)).content_hash
    assert apart.changed(slice_places=None).content_hash == scan.content_hash
