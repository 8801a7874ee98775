"""The released RP3D-DiagDS, in a made-up copy of its layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.errors import ConfigError
from raddiag_train.data.records import read_records
from raddiag_train.data.rp3d import Vocabulary, import_rp3d, read_vocabulary
from raddiag_train.data.scan_reading import read_scan
from tests.train.data.test_data_commands import raddiag

AUTHORS = "/mnt/authors/data"


def sample(*numbers: int, modality: str = "CT", plane: str | None = "Axial", **changes: Any) -> dict[str, Any]:
    return {
        "image_path": [f"{AUTHORS}/{n}.nii.gz" for n in numbers],
        "image_data_path": [f"{AUTHORS}/image/{n}.npy" for n in numbers],
        "image_key_path": [f"{AUTHORS}/key/{n}.npy" for n in numbers],
        "image_modality": [modality] * len(numbers),
        "plane_projection": [plane] * len(numbers),
        "aux_modality": [None] * len(numbers),
        "articles": ["Abdominal aortic aneurysm", "Abdominal aortic aneurysm rupture"],
        "icd10s": ["I71"],
        **changes,
    }


def entry(*samples: dict[str, Any], anatomy: str = "Abdomen and Pelvis") -> dict[str, Any]:
    return {
        "Modalities": [word for s in samples for word in s["image_modality"][:1]],
        "Samples": list(samples),
        "Anatomy": anatomy,
    }


def link(number: int) -> str:
    return f"https://radiopaedia.org//cases/made-up-{number}?lang=us"


def write_release(root: Path, train: dict[str, Any], test: dict[str, Any] | None = None) -> None:
    generator = np.random.default_rng(0)
    for part, entries in (("train", train), ("test", test or {})):
        (root / f"{part}.json").write_text(json.dumps(entries), encoding="utf-8")
        for paths in [s["image_data_path"] for e in entries.values() for s in e["Samples"]]:
            for stored in paths:
                number = int(Path(stored).stem)
                for folder, array in (
                    ("image", generator.integers(0, 256, (16, 16, 3 + number % 20), dtype=np.uint8)),
                    ("key", np.array([number % 20])),
                ):
                    (root / "files" / folder).mkdir(parents=True, exist_ok=True)
                    np.save(root / "files" / folder / f"{number}.npy", array)


def test_a_link_becomes_one_case_with_all_its_scans(tmp_path: Path) -> None:
    mri = sample(3, modality="MRI", plane="Longitudinal", anatomy="Lower Limb")
    write_release(tmp_path, {link(1): entry(sample(1, 2, plane="Coronal"), mri)})
    found = import_rp3d(tmp_path / "train.json", tmp_path / "files", "train")
    assert found.faults == ()
    [case] = found.cases
    assert case.disorders == ("Abdominal aortic aneurysm", "Abdominal aortic aneurysm rupture")
    assert case.icd10cm == ("I71",)
    assert case.anatomy is Anatomy.ABDOMEN_AND_PELVIS
    assert [scan.modality for scan in case.scans] == [Modality.CT, Modality.CT, Modality.MRI]
    assert [scan.plane for scan in case.scans] == [Plane.CORONAL, Plane.CORONAL, Plane.UNKNOWN]
    assert [scan.anatomy for scan in case.scans] == [None, None, Anatomy.LOWER_LIMB]
    assert [scan.key_slice for scan in case.scans] == [1, 2, 3]
    assert case.patient_id
    assert "made-up" not in case.case_id + case.patient_id
    assert all(read_scan(case, scan).usable for scan in case.scans)


def test_a_key_slice_beyond_the_scan_is_not_known(tmp_path: Path) -> None:
    write_release(tmp_path, {link(1): entry(sample(5))})
    np.save(tmp_path / "files" / "key" / "5.npy", np.array([8]))
    assert import_rp3d(tmp_path / "train.json", tmp_path, "train").cases[0].scans[0].key_slice is None


def test_a_scan_is_never_taken_for_its_key_slice(tmp_path: Path) -> None:
    write_release(tmp_path, {link(1): entry(sample(5))})
    (tmp_path / "files" / "key" / "5.npy").unlink()
    [case] = import_rp3d(tmp_path / "train.json", tmp_path, "train").cases
    assert case.scans[0].path.parent.name == "image"
    assert case.scans[0].key_slice is None


def test_normal_stands_alone_without_a_code(tmp_path: Path) -> None:
    write_release(tmp_path, {link(1): entry(sample(1, articles=["normal"], icd10s=["Normal"]))})
    [case] = import_rp3d(tmp_path / "train.json", tmp_path, "train").cases
    assert (case.disorders, case.icd10cm) == (("Normal",), ())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"articles": ["Abdominal aortic aneurism"]}, "did you mean 'Abdominal aortic aneurysm'?"),
        ({"icd10s": ["Z99"]}, "ICD-10-CM code 'Z99' is not in"),
        ({"image_modality": ["MRT"]}, "unknown modality 'MRT'"),
        ({"anatomy": "Tail"}, "unknown anatomy 'Tail'"),
        ({"image_data_path": [f"{AUTHORS}/image/99.npy"]}, f"no such file {AUTHORS}/image/99.npy"),
        ({"image_modality": []}, "not laid out as the release"),
    ],
)
def test_a_fault_is_named_with_its_case_and_the_others_are_read(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    write_release(tmp_path, {link(1): entry(sample(1)), link(2): entry(sample(2))})
    entries = {link(1): entry(sample(1)), link(2): entry(sample(2, **changes))}
    (tmp_path / "train.json").write_text(json.dumps(entries), encoding="utf-8")
    known = Vocabulary(
        frozenset({"Abdominal aortic aneurysm", "Abdominal aortic aneurysm rupture"}), frozenset({"I71"})
    )
    found = import_rp3d(tmp_path / "train.json", tmp_path / "files", "train", known)
    assert len(found.cases) == 1
    [fault] = found.faults
    assert fault.startswith(f"{tmp_path / 'train.json'}: case 2 ({link(2)}): ")
    assert said in fault


def test_the_command_takes_validation_cases_from_the_training_part(tmp_path: Path) -> None:
    train = {link(n): entry(sample(n)) for n in range(1, 41)}
    write_release(tmp_path, train, {link(n): entry(sample(n)) for n in range(41, 51)})
    (tmp_path / "disorder_label_dict.json").write_text(
        json.dumps({"Abdominal aortic aneurysm": 0, "Abdominal aortic aneurysm rupture": 1}), encoding="utf-8"
    )
    (tmp_path / "icd10_label_dict.json").write_text(json.dumps({"I71": 0}), encoding="utf-8")
    output = tmp_path / "cases.jsonl"
    assert raddiag("import-rp3d", tmp_path, "--output", output) == 0
    splits = [record.split for record in read_records(output)]
    assert (splits.count("train"), splits.count("validation"), splits.count("test")) == (35, 5, 10)
    assert raddiag("validate", output, "--deep") == 0


def test_the_command_writes_nothing_where_a_file_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_release(tmp_path, {link(n): entry(sample(n)) for n in range(1, 11)})
    (tmp_path / "files" / "image" / "3.npy").unlink()
    output = tmp_path / "cases.jsonl"
    with pytest.raises(ConfigError, match="1 faults; nothing was written"):
        raddiag("import-rp3d", tmp_path, "--output", output)
    assert "case 3" in capsys.readouterr().err
    assert not output.exists()
    assert raddiag("import-rp3d", tmp_path, "--output", output, "--skip-faulty") == 0
    assert len(read_records(output)) == 9


def test_a_vocabulary_is_whole_or_absent(tmp_path: Path) -> None:
    assert read_vocabulary(tmp_path) is None
    (tmp_path / "disorder_label_dict.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="icd10_label_dict"):
        read_vocabulary(tmp_path)
