"""RP3D-DiagDS as its authors released it: `train.json`, `test.json` and `.npy` files, as cases.

A link of the JSON is one case, and one patient. The stored paths are those of the authors' machine, so that each is
looked for below the user's folder by its last parts. Of the arrays only the header is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.errors import ConfigError
from raddiag_train.data.dataset_rows import FileTree
from raddiag_train.data.folders import ID_DIGITS
from raddiag_train.data.records import NORMAL, CaseRecord, ScanRecord

SOURCE = "RP3D-DiagDS"
LEAST_PARTS = 2
MODALITIES = {
    "ct": Modality.CT,
    "mri": Modality.MRI,
    "x-ray": Modality.XRAY,
    "ultrasound": Modality.ULTRASOUND,
    "fluoroscopy": Modality.FLUOROSCOPY,
    "nuclear medicine": Modality.NUCLEAR_MEDICINE,
    "mammography": Modality.MAMMOGRAPHY,
    "dsa (angiography)": Modality.DSA,
    "dsa": Modality.DSA,
    "barium": Modality.BARIUM_ENEMA,
    "barium enema": Modality.BARIUM_ENEMA,
    "annotated image": Modality.UNKNOWN,
}
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Vocabulary:
    """The classes of the release; a label outside them is a fault.

    Attributes:
        disorders: Of disorder_label_dict.json.
        icd10cm: Of icd10_label_dict.json.
    """

    disorders: frozenset[str]
    icd10cm: frozenset[str]


@dataclass(frozen=True)
class Rp3dImport:
    """What became of one JSON file.

    Attributes:
        cases: In the file's order.
        faults: One line each, with the link's number and the file at fault; a case with a fault is left out.
    """

    cases: tuple[CaseRecord, ...]
    faults: tuple[str, ...]


class _ImageFolder:
    """Finds the authors' paths below the user's folder, by at least the last folder and the name.

    Not by the name alone: a scan and its key slice are files of one name in two folders.
    """

    def __init__(self, root: Path) -> None:
        self._tree = FileTree(root)
        self._parts_kept = LEAST_PARTS

    def find(self, stored: str) -> Path | None:
        """The one file whose path ends like `stored`; None if there is none.

        Raises:
            ConfigError: There are several.
        """
        parts = PurePosixPath(stored).parts
        # What was right for the last file is most likely right for this one.
        for kept in dict.fromkeys((self._parts_kept, *range(len(parts), LEAST_PARTS - 1, -1))):
            found = self._tree.find("/".join(("**", *parts[-kept:])))
            if len(found) > 1:
                raise ConfigError(f"{stored} is found twice, as {found[0]} and {found[1]}; name the right folder")
            if found:
                self._parts_kept = kept
                return found[0]
        return None


def read_vocabulary(folder: Path) -> Vocabulary | None:
    """The label dictionaries beside the JSON files; None if neither is there.

    Raises:
        ConfigError: One is missing or no JSON object.
    """
    paths = [folder / "disorder_label_dict.json", folder / "icd10_label_dict.json"]
    if not any(path.exists() for path in paths):
        return None
    disorders, icd10cm = (frozenset(_read_object(path)) for path in paths)
    return Vocabulary(disorders, icd10cm)


def import_rp3d(
    path: Path, images: Path, split: str, vocabulary: Vocabulary | None = None, progress: Progress | None = None
) -> Rp3dImport:
    """The cases of one JSON file of the release.

    Args:
        path: `train.json` or `test.json`.
        images: Folder below which the `.npy` files lie.
        split: Of its cases.
        vocabulary: Labels that are known; None takes all.
        progress: Called with cases done and cases to do.

    Raises:
        ConfigError: The file is missing or no JSON object.
    """
    links = _read_object(path)
    folder = _ImageFolder(images.resolve())
    cases: list[CaseRecord] = []
    faults: list[str] = []
    for number, (link, entry) in enumerate(links.items(), 1):
        try:
            cases.append(_case(link, entry, folder, split, vocabulary))
        except (ConfigError, ValueError) as error:
            faults.append(f"{path}: case {number} ({link}): {error}")
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            faults.append(f"{path}: case {number} ({link}): not laid out as the release: {error!r}")
        if progress is not None:
            progress(number, len(links))
    return Rp3dImport(tuple(cases), tuple(faults))


def _case(
    link: str, entry: Mapping[str, Any], folder: _ImageFolder, split: str, vocabulary: Vocabulary | None
) -> CaseRecord:
    samples = entry["Samples"]
    disorders = list(dict.fromkeys(name for sample in samples for name in sample["articles"]))
    codes = list(dict.fromkeys(code for sample in samples for code in sample["icd10s"] if code))
    if vocabulary is not None:
        _refuse_unknown("disorder", disorders, vocabulary.disorders)
        _refuse_unknown("ICD-10-CM code", codes, vocabulary.icd10cm)
    anatomy = _anatomy(entry.get("Anatomy", "unknown"))
    scans = tuple(
        _scan(sample, index, folder, anatomy) for sample in samples for index in range(len(sample["image_data_path"]))
    )
    # The link's words are those of the case's title; the id does not show them.
    digest = hashlib.sha256(link.encode()).hexdigest()[:ID_DIGITS]
    case_id, patient_id = f"rp3d-{digest}", f"rp3d:{digest}"
    return CaseRecord(case_id, patient_id, anatomy, split, scans, *_normal_apart(disorders, codes), SOURCE)


def _normal_apart(disorders: list[str], codes: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """ "Normal" in our spelling, alone; the codes as those of the case as a whole, unless they stand one to one."""
    named = [name for name in disorders if name.lower() != NORMAL.lower()]
    coded = [code for code in codes if code.lower() != NORMAL.lower()]
    return (tuple(named), tuple(coded)) if named else ((NORMAL,), ())


def _scan(sample: Mapping[str, Any], index: int, folder: _ImageFolder, case_anatomy: Anatomy) -> ScanRecord:
    stored = str(sample["image_data_path"][index])
    path = folder.find(stored)
    if path is None:
        raise ConfigError(f"no such file {stored}, whole or by its last parts, in the folder of the images")
    anatomy = _anatomy(sample.get("anatomy", case_anatomy.value))
    return ScanRecord(
        path,
        _modality(str(sample["image_modality"][index])),
        _plane(sample.get("plane_projection") or [], index),
        _key_slice(sample.get("image_key_path") or [], index, folder, path),
        None if anatomy is case_anatomy else anatomy,
    )


def _modality(text: str) -> Modality:
    modality = MODALITIES.get(text.strip().lower())
    if modality is None:
        raise ConfigError(f"unknown modality {text!r}; known are {', '.join(MODALITIES)}")
    return modality


def _anatomy(text: str) -> Anatomy:
    try:
        return Anatomy(text.strip().lower())
    except ValueError:
        known = ", ".join(Anatomy)
        raise ConfigError(f"unknown anatomy {text!r}; known are {known}") from None


def _plane(planes: list[str | None], index: int) -> Plane:
    """Words of the release that are no plane of ours, such as "Longitudinal", stay unknown."""
    text = (planes[index] if index < len(planes) else None) or ""
    return Plane(text.lower()) if text.lower() in [plane.value for plane in Plane] else Plane.UNKNOWN


def _key_slice(keys: list[str], index: int, folder: _ImageFolder, image: Path) -> int | None:
    """The slice that shows the finding; None where it is not stored or is none of the scan's, as some are."""
    path = folder.find(str(keys[index])) if index < len(keys) and keys[index] else None
    if path is None:
        return None
    try:
        key = int(np.load(path, allow_pickle=False).reshape(-1)[0])
        shape = np.load(image, mmap_mode="r", allow_pickle=False).shape
    except (OSError, ValueError, EOFError, IndexError) as error:
        raise ConfigError(f"{path} or {image}: damaged array ({error})") from error
    return key if 0 <= key < (shape[2] if len(shape) == 3 else 1) else None


def _refuse_unknown(kind: str, names: list[str], known: frozenset[str]) -> None:
    import difflib

    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"{kind} {name!r} is not in the release's label dictionary{hint}")


def _read_object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected one JSON object")
    return data
