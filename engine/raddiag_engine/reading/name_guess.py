"""Modality and anatomy after words in the names of a file and of the folders it lies in; each marked as a guess."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from raddiag_engine.cases import Anatomy, Modality, Scan, WarningCode
from raddiag_engine.reading.anatomy_words import ANATOMY_WORDS
from raddiag_engine.reading.finish import with_id
from raddiag_engine.reading.formats import FileFormat

Word = TypeVar("Word", Modality, Anatomy)

# Whole words of a name; "US" and "CR" only in capitals, and no "Mr", as they mean other things too.
WORDS = {
    Modality.CT: r"(?i:ct|cta|ncct|cect|hrct|cbct)",
    Modality.MRI: r"(?i:mri|mra|t1w?|t2w?|t1ce|t1gd|flair|dwi|swi|adc)|mr|MR|bold|BOLD",
    Modality.XRAY: r"(?i:xr|cxr|x[-_ ]?rays?|radiographs?|dx)|CR",
    Modality.ULTRASOUND: r"(?i:ultrasound|usg|sonograph[a-z]*|sonogram)|US",
    Modality.MAMMOGRAPHY: r"(?i:mammo[a-z]*|mlo)",
    Modality.FLUOROSCOPY: r"(?i:fluoro[a-z]*)",
    Modality.NUCLEAR_MEDICINE: r"(?i:pet|spect|scintigra[a-z]*)",
    Modality.DSA: r"(?i:dsa)",
    Modality.BARIUM_ENEMA: r"(?i:barium)",
}
# Of chests by their meaning; and an "arm" of a study is none of a body.
CHEST_X_RAY, ARM = re.compile(r"(?<![A-Z0-9])CXRS?(?![A-Z0-9])"), re.compile(r"(?<![A-Z0-9])ARM(?![A-Z0-9])")
# Above a single file that is named, which may lie anywhere.
LEVELS_ABOVE_A_FILE = 2


def with_guess_from_names(scan: Scan, file_name: str, folders: Sequence[str]) -> Scan:
    """The scan with the modality, and the anatomy, that the nearest name says; what is known stays as it is.

    Neither is quoted from a name, which may be a patient's. A header that is silent is not completed.

    Args:
        scan: Anatomy is guessed only where its modality is a guess.
        file_name: Without its suffix.
        folders: Names of the folders it lies in, the nearest first.
    """
    if scan.file_format == FileFormat.DICOM.value:
        return scan
    if scan.modality is Modality.UNKNOWN:
        modality, place = _nearest(file_name, folders, _modalities_in)
        if modality is None:
            return scan
        message = f"the file does not say the modality; it is taken for {modality.value} after a word in {place}"
        scan = replace(scan, modality=modality).warned(WarningCode.MODALITY_GUESSED, message)
    if scan.anatomy is Anatomy.UNKNOWN and scan.has_warning(WarningCode.MODALITY_GUESSED):
        anatomy, place = _nearest(file_name, folders, _anatomies_in)
        if anatomy is None and scan.modality is Modality.MAMMOGRAPHY:
            anatomy, place = Anatomy.BREAST, "its modality's name"
        if anatomy is not None:
            message = f"the file does not say the body region; it is taken for {anatomy.value} after a word in {place}"
            scan = replace(scan, anatomy=anatomy).warned(WarningCode.ANATOMY_GUESSED, message)
    return scan


class NamesAround:
    """Which names count for a file: up to the folder that a person named, or two levels above a file that he named."""

    def __init__(self, given: Iterable[Path]) -> None:
        paths = [_as_named(path) for path in given]
        self._tops = [path if path.is_dir() else _above(path) for path in paths]
        self._named = paths

    def completed(self, scan: Scan) -> Scan:
        """The scan with what its names say of it, and with the id that belongs to that."""
        if not scan.sources or scan.file_format == FileFormat.DICOM.value:
            return scan
        guessed = with_guess_from_names(scan, file_name_of(scan), self._folders(scan.sources[0]))
        return scan if guessed is scan else with_id(guessed)

    def _folders(self, source: Path) -> list[str]:
        path = _as_named(source)
        top = next(
            (top for top, named in zip(self._tops, self._named, strict=True) if path.is_relative_to(named)), None
        )
        if top is None:  # named by an index elsewhere
            return []
        return [parent.name for parent in path.parents if parent.is_relative_to(top) and parent.name]


def file_name_of(scan: Scan) -> str:
    """Of its first source, without the suffix; empty where it has none."""
    return scan.sources[0].name.partition(".")[0] if scan.sources else ""


def _as_named(path: Path) -> Path:
    """Absolute, without "..", and not resolved: a link keeps its own name."""
    return Path(os.path.normpath(path.absolute()))


def _above(file: Path) -> Path:
    return file.parents[min(LEVELS_ABOVE_A_FILE, len(file.parents)) - 1]


def _nearest(file_name: str, folders: Sequence[str], found_in: Callable[[str], set[Word]]) -> tuple[Word | None, str]:
    """What the nearest name that says anything says, and which name that is; nothing if it contradicts itself."""
    places = ["the file's name", *["the name of a folder"] * len(folders)]
    for name, place in zip((file_name, *folders), places, strict=True):
        found = found_in(name)
        if found:
            return (found.pop() if len(found) == 1 else None), place
    return None, ""


def _modalities_in(name: str) -> set[Modality]:
    return {modality for modality, words in WORDS.items() if _has_word(words, name)}


def _anatomies_in(name: str) -> set[Anatomy]:
    words_of_name = CHEST_X_RAY.sub("CHEST", ARM.sub("", name.upper()))
    return {anatomy for anatomy, words in ANATOMY_WORDS if _has_word(words, words_of_name)}


def _has_word(words: str, name: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", name) is not None
