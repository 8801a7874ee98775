"""One data set without identity: what is on the list is copied, cleaned where it may hold more than it should."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from raddiag_engine.deidentification import allowed_attributes as lists
from raddiag_engine.deidentification.dates import shifted, shifted_date_time
from raddiag_engine.deidentification.pseudonyms import Pseudonyms
from raddiag_engine.deidentification.vocabulary import words_only

# What pydicom raises when an element is converted on first access and its bytes do not fit its VR.
BAD_VALUE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, NotImplementedError, struct.error)
TEXT_VRS = frozenset({"AE", "AS", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
CODE_STRING = re.compile(r"[A-Z0-9_ ]{0,16}")
NO_CONTRAST = frozenset({"NO", "NONE", "N", "NEG", "NATIVE", "WITHOUT", "W/O", "0"})
BLANKED, PATIENT_CHARACTERISTICS = "113101", "113108"
METHODS = {
    "113100": "Basic Application Confidentiality Profile",
    BLANKED: "Clean Pixel Data Option",
    "113105": "Clean Descriptors Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    PATIENT_CHARACTERISTICS: "Retain Patient Characteristics Option",
}
ALWAYS = ("113100", "113105", "113107")


@dataclass(frozen=True)
class Cleaning:
    """What the elements of one file are cleaned by.

    Attributes:
        pseudonyms: New UIDs.
        shift: How much earlier everything is said to have happened.
        names: Words that name the patient or anybody else in the file, upper case.
        allowed: Keywords of what may stay.
    """

    pseudonyms: Pseudonyms
    shift: timedelta
    names: frozenset[str]
    allowed: frozenset[str]

    def cleaned(self, dataset: Dataset) -> Dataset:
        """A new data set of the elements that may stay, in sequences too."""
        copy = Dataset()
        for keyword, element in self._allowed_elements(dataset):
            value = self._cleaned_value(keyword, element)
            if value is not None:
                copy.add(DataElement(element.tag, element.VR, value))
        self._move_moments(dataset, copy)
        return copy

    def _allowed_elements(self, dataset: Dataset) -> Iterator[tuple[str, DataElement]]:
        """Elements on the list whose VR is the dictionary's, so that none can hold text in the place of a number."""
        for tag in sorted(dataset.keys()):
            keyword = keyword_for_tag(tag)
            if tag.is_private or keyword not in self.allowed:
                continue
            try:
                element = dataset[tag]
                is_as_it_should = element.VR in (dictionary_VR(tag), *dictionary_VR(tag).split(" or "))
            except BAD_VALUE:
                continue
            if is_as_it_should:
                yield keyword, element

    def _cleaned_value(self, keyword: str, element: DataElement) -> Any:
        """The value to write, None if the element does not stay; dates and times of day are seen to elsewhere."""
        if element.VR in ("DA", "TM"):
            return None
        if element.VR == "SQ":
            items = [self.cleaned(item) for item in element.value if _is_standard_code(item)]
            return Sequence(items) if items else None
        if element.VR == "DT":
            return shifted_date_time(_text(element.value), self.shift) or None
        if element.VR == "UI":
            if keyword == "SOPClassUID":
                return str(element.value)
            values = [self.pseudonyms.uid(str(value)) for value in _values(element) if value]
            return (values if len(values) > 1 else values[0]) if values else None
        if keyword in lists.WORDS_ONLY:
            return words_only(" ".join(map(_text, _values(element))), self.names) or None
        if keyword == "ContrastBolusAgent":
            return "NONE" if _text(element.value).strip().upper() in NO_CONTRAST else "CONTRAST"
        if element.VR in TEXT_VRS and keyword not in lists.ENUMERATED and not self._is_harmless(element):
            return None
        if element.VR == "CS" and not all(CODE_STRING.fullmatch(_text(value)) for value in _values(element)):
            return None
        return element.value

    def _is_harmless(self, element: DataElement) -> bool:
        texts = [_text(value) for value in _values(element)]
        return all(text.isascii() for text in texts) and not any(words_of(text) & self.names for text in texts)

    def _move_moments(self, dataset: Dataset, copy: Dataset) -> None:
        times = dict.fromkeys(lists.MOMENTS.values())
        for date, time in lists.MOMENTS.items():
            values = shifted(_of(dataset, date), _of(dataset, time), self.shift)
            for keyword, value in zip((date, time), values, strict=True):
                if value and keyword in self.allowed:
                    setattr(copy, keyword, value)
        for keyword, element in self._allowed_elements(dataset):
            if element.VR == "TM" and keyword not in times:
                _, time = shifted("", _text(element.value), self.shift)
                if time:
                    setattr(copy, keyword, time)


def identifying_words(dataset: Dataset) -> frozenset[str]:
    """Every word of a person's name or of an identifier of the patient in a file, upper case."""
    words: set[str] = set()
    for tag in list(dataset.keys()):
        keyword = keyword_for_tag(tag)
        try:
            element = dataset[tag]
        except BAD_VALUE:
            continue
        if element.VR == "PN" or keyword in ("PatientID", "OtherPatientIDs", "AccessionNumber"):
            for value in _values(element):
                words |= words_of(_text(value))
        elif element.VR == "SQ":
            for item in element.value:
                words |= identifying_words(item)
    return frozenset(words)


def words_of(text: str) -> set[str]:
    """The words of two letters or more in a text, upper case."""
    return {word for word in re.findall(r"[^\W_]+", text.upper()) if len(word) > 1}


def mark_as_deidentified(copy: Dataset, label: str, methods: tuple[str, ...]) -> None:
    """Fill in what every image must have, and say what was done (PS3.15 E.1.1, PS3.3 C.12.1).

    Args:
        copy: A cleaned data set.
        label: The patient's new name and ID.
        methods: Codes of options beside those that always apply.
    """
    copy.PatientName = copy.PatientID = label
    for keyword in lists.EMPTY_IN_EVERY_FILE:
        setattr(copy, keyword, "")
    for keyword in lists.EMPTY_IF_ABSENT:
        if keyword not in copy:
            setattr(copy, keyword, None)
    if "FrameOfReferenceUID" in copy:
        copy.PositionReferenceIndicator = ""
    copy.PatientIdentityRemoved = "YES"
    copy.DeidentificationMethod = f"napari-raddiag {version('napari-raddiag')}: attributes by a list of what may stay"
    copy.LongitudinalTemporalInformationModified = "MODIFIED"
    copy.DeidentificationMethodCodeSequence = Sequence([_code(value) for value in sorted((*ALWAYS, *methods))])


def _code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", METHODS[value]
    return item


def _is_standard_code(item: Dataset) -> bool:
    """False for an item that is a code of a scheme that a hospital made up."""
    if "CodeValue" not in item and "LongCodeValue" not in item and "CodeMeaning" not in item:
        return True
    return _of(item, "CodingSchemeDesignator").strip() in lists.STANDARD_CODING_SCHEMES


def _of(dataset: Dataset, keyword: str) -> str:
    try:
        return _text(dataset.get(keyword, ""))
    except BAD_VALUE:
        return ""


def _values(element: DataElement) -> list[Any]:
    return list(element.value) if isinstance(element.value, MultiValue | list | tuple) else [element.value]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
