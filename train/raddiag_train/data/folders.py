"""Cases from folders of images, a folder a class: the usual form of an open data set."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.errors import ConfigError, ReadError
from raddiag_engine.reading.formats import detect_format
from raddiag_train.data.records import NORMAL, CaseRecord, ScanRecord

ID_DIGITS = 12


@dataclass(frozen=True)
class FolderLabel:
    """What the images of a class folder show.

    Attributes:
        name: Of the disorder, or "Normal".
        icd10cm: Its codes.
    """

    name: str
    icd10cm: tuple[str, ...] = ()


@dataclass(frozen=True)
class FolderSource:
    """One data set of class folders.

    Attributes:
        name: Becomes the source of its cases.
        folder: Of the class folders; relative to a root in a recipe.
        modality: Of every image.
        anatomy: Of every image.
        plane: Of every image.
        labels: Class folder -> label. A folder that is not named becomes a disorder of its own name without code.
        patient_id_patterns: Regular expressions on the file's name without suffix; the first group of the first that
            matches is the patient. Where none matches the patient is not known.
    """

    name: str
    folder: str = "."
    modality: Modality = Modality.UNKNOWN
    anatomy: Anatomy = Anatomy.UNKNOWN
    plane: Plane = Plane.UNKNOWN
    labels: dict[str, FolderLabel] = field(default_factory=dict)
    patient_id_patterns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for pattern in self.patient_id_patterns:
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f"patient_id_patterns: {pattern!r} is no regular expression ({error})") from error
            if groups != 1:
                raise ValueError(f"patient_id_patterns: {pattern!r} needs one group, the patient")

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [re.compile(pattern) for pattern in self.patient_id_patterns]

    def patient_id(self, file: Path) -> str:
        """The patient that a file's name tells, empty if it does not."""
        for pattern in self._patterns:
            if found := pattern.search(file.stem):
                return f"{self.name}:{found[1]}"
        return ""


@dataclass(frozen=True)
class SkippedFile:
    """A file that became no case, and why."""

    path: Path
    reason: str


def cases_from_folders(source: FolderSource, root: Path) -> tuple[list[CaseRecord], list[SkippedFile]]:
    """Every image of every class folder as a case of its own, every folder below one as one case of its files.

    Args:
        source: What the folders hold.
        root: What `source.folder` is relative to.

    Returns:
        The cases, without split, in the order of their paths, and the files that are of no format that is read.

    Raises:
        ConfigError: The folder is missing, a label names no folder, or there is no image.
    """
    folder = (root / source.folder).resolve()
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; it should hold one folder a class")
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    _check_labels(source, folder, [path.name for path in classes])
    cases: list[CaseRecord] = []
    skipped: list[SkippedFile] = []
    for class_folder in classes:
        label = source.labels.get(class_folder.name) or FolderLabel(_as_name(class_folder.name))
        for files in _files_of_cases(class_folder):
            images, others = _readable(files)
            skipped.extend(others)
            if images:
                cases.append(_case(source, label, images, folder))
    if not cases:
        raise ConfigError(f"{folder}: holds no class folder with an image; expected {folder / 'CLASS' / 'image.png'}")
    return cases, skipped


def _check_labels(source: FolderSource, folder: Path, classes: list[str]) -> None:
    for name in source.labels:
        if name not in classes:
            near = difflib.get_close_matches(name, classes, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(classes) or 'none'}"
            raise ConfigError(f"{folder}: a label is given for the class folder {name!r}, which is not there; {hint}")


def _as_name(folder_name: str) -> str:
    words = re.sub(r"[\s_]+", " ", folder_name).strip()
    return NORMAL if words.lower() == NORMAL.lower() else words[:1].upper() + words[1:]


def _files_of_cases(class_folder: Path) -> Iterator[list[Path]]:
    for path in sorted(class_folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield [path]
        elif path.is_dir():
            yield sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))


def _readable(files: list[Path]) -> tuple[list[Path], list[SkippedFile]]:
    images: list[Path] = []
    skipped: list[SkippedFile] = []
    for path in files:
        try:
            detect_format(path)
        except ReadError as error:
            skipped.append(SkippedFile(path, error.reason))
        else:
            images.append(path)
    return images, skipped


def _case(source: FolderSource, label: FolderLabel, images: list[Path], folder: Path) -> CaseRecord:
    # File names may hold a patient's name; an id made from the path's digest does not show it.
    place = (images[0] if len(images) == 1 else images[0].parent).relative_to(folder).as_posix()
    digest = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:ID_DIGITS]
    return CaseRecord(
        case_id=f"{source.name}-{digest}",
        patient_id=next(filter(None, map(source.patient_id, images)), ""),
        anatomy=source.anatomy,
        split="",
        scans=tuple(ScanRecord(path, source.modality, source.plane) for path in images),
        disorders=(label.name,),
        icd10cm=label.icd10cm,
        source=source.name,
    )
