"""Cases for training: `cases.jsonl`, one case a line, paths relative to the file."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from raddiag_engine.atomic import atomic_path
from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.errors import ConfigError

Word = TypeVar("Word", bound=StrEnum)

NORMAL = "Normal"
SPLITS = ("train", "validation", "test")
_NEEDED_KEYS = {"case_id", "patient_id", "anatomy", "split", "scans", "disorders"}
_CASE_KEYS = _NEEDED_KEYS | {"icd10cm", "source"}
_SCAN_KEYS = {"path", "modality", "plane", "key_slice", "anatomy", "masks"}


@dataclass(frozen=True)
class ScanRecord:
    """One scan of a training case.

    Attributes:
        path: The file or DICOM folder; absolute once read from cases.jsonl.
        modality: One of the nine of the paper, or unknown.
        plane: Orientation of the slices or view of a projection.
        key_slice: Zero-based slice that shows the finding best, None if not known.
        anatomy: Where it differs from the case's; None means the case's.
        masks: Disorder name -> file of its lesion mask, on the scan's own voxel grid.
    """

    path: Path
    modality: Modality = Modality.UNKNOWN
    plane: Plane = Plane.UNKNOWN
    key_slice: int | None = None
    anatomy: Anatomy | None = None
    masks: dict[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseRecord:
    """One patient's scans with the disorders they show.

    Attributes:
        case_id: Unique in the file.
        patient_id: Equal for all cases of one patient of a source; empty if not known.
        anatomy: Body region of the case.
        split: "train", "validation" or "test"; empty before splitting.
        scans: At least one.
        disorders: Every disorder of the case, or "Normal" alone.
        icd10cm: Codes in the order of `disorders`, "" where one has none; or a list for the case as a whole.
        source: Name of the data set it comes from.
    """

    case_id: str
    patient_id: str
    anatomy: Anatomy
    split: str
    scans: tuple[ScanRecord, ...]
    disorders: tuple[str, ...]
    icd10cm: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if not self.case_id:
            raise ValueError("case_id is empty")
        if not self.scans:
            raise ValueError("a case needs at least one scan")
        if not self.disorders:
            raise ValueError(f"no disorders; give {NORMAL!r} for a case that shows none")
        if NORMAL in self.disorders and len(self.disorders) > 1:
            raise ValueError(f"{NORMAL!r} stands beside a disorder; leave one of them out")
        if self.split not in ("", *SPLITS):
            raise ValueError(f"split {self.split!r} is not one of {', '.join(SPLITS)}")

    def anatomy_of(self, scan: ScanRecord) -> Anatomy:
        """The scan's own anatomy, or the case's where it has none."""
        return scan.anatomy or self.anatomy


@dataclass(frozen=True)
class BadLine:
    """A line of cases.jsonl that is no case.

    Attributes:
        number: Of the line, from 1.
        problem: What is wrong with it.
    """

    number: int
    problem: str


def read_records(path: Path) -> list[CaseRecord]:
    """Read cases.jsonl; paths in the records become absolute.

    Raises:
        ConfigError: The file is missing, not UTF-8 or empty, or a line is no such record; names the line.
    """
    records = []
    for number, line in read_lines(path):
        if isinstance(line, BadLine):
            raise ConfigError(f"{path}:{number}: {line.problem}")
        records.append(line)
    if not records:
        raise ConfigError(f"{path}: holds no cases")
    return records


def read_lines(path: Path) -> Iterator[tuple[int, CaseRecord | BadLine]]:
    """Every line of cases.jsonl that is not blank, with its number; a bad one does not end the reading.

    Raises:
        ConfigError: The file is missing or not UTF-8.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; make one with `raddiag data from-folders`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as text ({error})") from error
    folder = path.resolve().parent
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield number, _record(line, folder)
            except ConfigError as error:
                yield number, BadLine(number, str(error))


def write_records(path: Path, records: Iterable[CaseRecord]) -> None:
    """Write cases.jsonl in one step; an earlier file is replaced only once the new one is complete.

    Args:
        path: The file to write.
        records: Absolute scan paths are stored relative to the file's folder, relative ones as they are.
    """
    folder = path.resolve().parent

    def relative(path: Path) -> str:
        return _relative(path, folder)

    with atomic_path(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="\n") as stream:
        for record in records:
            stream.write(json.dumps(_plain(record), ensure_ascii=False, default=relative) + "\n")


def _record(line: str, folder: Path) -> CaseRecord:
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise ConfigError(f"not JSON ({error.msg} in column {error.colno})") from error
    if not isinstance(data, dict):
        raise ConfigError(f"a line holds one case as a JSON object, not {line[:40]!r}")
    record = _sound_record(data, folder)
    if record is not None:
        return record
    _check_words(data)
    return from_mapping(CaseRecord, _with_paths(data, folder))


def _sound_record(data: dict[str, Any], folder: Path) -> CaseRecord | None:
    """The record of a line without fault; None where `from_mapping`, ten times as slow, must say what is wrong."""
    if not (_CASE_KEYS >= data.keys() >= _NEEDED_KEYS):
        return None
    try:
        scans = tuple(_sound_scan(scan, folder) for scan in data["scans"])
        if isinstance(data["disorders"], str) or isinstance(data.get("icd10cm"), str):
            return None
        return CaseRecord(
            case_id=_text(data["case_id"]),
            patient_id=_text(data["patient_id"]),
            anatomy=Anatomy(data["anatomy"]),
            split=_text(data["split"]),
            scans=scans,
            disorders=tuple(map(_text, data["disorders"])),
            icd10cm=tuple(map(_text, data.get("icd10cm", ()))),
            source=_text(data.get("source", "")),
        )
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def _sound_scan(scan: dict[str, Any], folder: Path) -> ScanRecord:
    """Raises ValueError, TypeError, KeyError or AttributeError for what is not sound."""
    if not (scan.keys() <= _SCAN_KEYS) or not _text(scan["path"]):
        raise ValueError("not sound")
    key_slice, anatomy = scan.get("key_slice"), scan.get("anatomy")
    if key_slice is not None and type(key_slice) is not int:
        raise TypeError("not sound")
    return ScanRecord(
        path=_absolute(folder, scan["path"]),
        modality=Modality(scan.get("modality", Modality.UNKNOWN)),
        plane=Plane(scan.get("plane", Plane.UNKNOWN)),
        key_slice=key_slice,
        anatomy=None if anatomy is None else Anatomy(anatomy),
        masks={name: _absolute(folder, _text(mask)) for name, mask in scan.get("masks", {}).items()},
    )


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("not sound")
    return value


def _with_paths(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same plain data with the texts of paths made absolute; anything malformed stays for `from_mapping`."""
    return {**data, "scans": [_scan_with_paths(scan, folder) for scan in _listed(data.get("scans"))]}


def _scan_with_paths(scan: Any, folder: Path) -> Any:
    if not isinstance(scan, Mapping):
        return scan
    masks = scan.get("masks", {})
    if isinstance(masks, Mapping):
        masks = {disorder: _absolute(folder, mask) for disorder, mask in masks.items()}
    return {**scan, "masks": masks} | ({"path": _absolute(folder, scan["path"])} if "path" in scan else {})


def _absolute(folder: Path, text: Any) -> Any:
    return Path(os.path.normpath(folder / text)) if isinstance(text, str) and text else text


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_words(data: Mapping[str, Any]) -> None:
    _check_word(Anatomy, "anatomy", data)
    for scan in _listed(data.get("scans")):
        if isinstance(scan, Mapping):
            _check_word(Modality, "modality", scan)
            _check_word(Plane, "plane", scan)
            _check_word(Anatomy, "anatomy", scan)


def _check_word(vocabulary: type[StrEnum], key: str, data: Mapping[str, Any]) -> None:
    word = data.get(key)
    if isinstance(word, str):
        parse_word(vocabulary, key, word)


def parse_word(vocabulary: type[Word], key: str, text: str) -> Word:
    """The member of a closed vocabulary that is spelled `text`.

    Raises:
        ConfigError: There is none; names the nearest, or all.
    """
    words = [word.value for word in vocabulary]
    if text in words:
        return vocabulary(text)
    by_lower = {word.lower(): word for word in words}
    near = difflib.get_close_matches(text.lower(), by_lower, 1, cutoff=0.4)
    hint = f"did you mean {by_lower[near[0]]!r}?" if near else f"known are {', '.join(words)}"
    raise ConfigError(f"unknown {key} {text!r}; {hint}")


def _plain(record: CaseRecord) -> dict[str, Any]:
    """Plain data of a record but for paths; optional keys only where they say something."""
    data = to_mapping(record)
    data["scans"] = [_without_empty(scan, ("anatomy", "masks")) for scan in data["scans"]]
    return _without_empty(data, ("source",))


def _without_empty(data: dict[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value or key not in optional}


def _relative(path: Path, folder: Path) -> str:
    if not path.is_absolute():
        return path.as_posix()
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return path.as_posix()
